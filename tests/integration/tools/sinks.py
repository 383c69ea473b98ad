#!/usr/bin/python3
"""Where notices arrive in tests: an HTTP server and an SMTP server on loopback, that write down what they get, a JSON object a line.

sinks.py FOLDER HTTP_PORT SMTP_PORT [HTTPS_PORT PEM]: writes FOLDER/http, FOLDER/smtp and FOLDER/https. While FOLDER/http.broken is there, HTTP answers 503.
"""
import email
import http.server
import json
import os
import ssl
import sys
import threading

from aiosmtpd.controller import Controller

FOLDER = sys.argv[1]


def write(name, what):
    with open(os.path.join(FOLDER, name), "a", encoding="utf-8") as out:
        out.write(json.dumps(what) + "\n")


class Web(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        secure = isinstance(self.connection, ssl.SSLSocket)
        broken = not secure and os.path.exists(os.path.join(FOLDER, "http.broken"))
        write("https" if secure else "http.tried" if broken else "http", {"path": self.path, "headers": dict(self.headers), "body": body})
        self.send_response(503 if broken else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Mail:
    async def handle_DATA(self, _server, _session, envelope):
        message = email.message_from_bytes(envelope.content)
        write("smtp", {"to": envelope.rcpt_tos, "subject": message["Subject"], "id": message["Message-ID"],
                       "from": message["From"], "body": message.get_payload()})
        return "250 OK"


if len(sys.argv) > 4:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(sys.argv[5])
    web = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[4])), Web)
    web.socket = tls.wrap_socket(web.socket, server_side=True)
    threading.Thread(target=web.serve_forever, daemon=True).start()
Controller(Mail(), hostname="127.0.0.1", port=int(sys.argv[3])).start()
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Web).serve_forever()
