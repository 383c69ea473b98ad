#!/usr/bin/python3
"""service_manager.py FOLDER CONFIG WATCHDOG_USEC PROGRAM…: starts each as systemd would, and writes down what it hears.

Each gets NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID and a stderr that is the journal's stream, as JOURNAL_STREAM says; the journal's own socket is made where it
always is, so /run has to be this test's own. FOLDER/PROGRAM.pid; FOLDER/PROGRAM.notify: "SECONDS MESSAGE" a datagram; FOLDER/PROGRAM.stderr;
FOLDER/journal: an entry's fields as JSON a line. Ends when all have ended, with the number of those that did not end well.
"""
import json
import os
import selectors
import socket
import subprocess
import sys
import time

FOLDER, CONFIG, WATCHDOG_USEC = sys.argv[1:4]
JOURNAL = "/run/systemd/journal/socket"
waits = selectors.DefaultSelector()


def write(name, line):
    with open(os.path.join(FOLDER, name), "a", encoding="utf-8", errors="backslashreplace") as out:
        out.write(line + "\n")


def fields(data):
    """An entry of the journal's native protocol: NAME=value, or NAME, its length in eight bytes, and the value."""
    found = {}
    while data:
        line, _, rest = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            length = int.from_bytes(rest[:8], "little")
            value, rest = rest[8:8 + length], rest[8 + length + 1:]
        found[name.decode()] = value.decode()
        data = rest
    return found


def datagrams(path, take):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.bind(path)
    waits.register(heard, selectors.EVENT_READ, lambda: take(heard.recv(65536)))


def notified(name):
    return lambda data: write(name + ".notify", f"{time.monotonic():.3f} " + data.decode().replace("\n", " "))


def start(name):
    path = os.path.join(FOLDER, name + ".socket")
    datagrams(path, notified(name))
    ours, theirs = socket.socketpair()
    about = os.fstat(theirs.fileno())
    environment = dict(os.environ, NOTIFY_SOCKET=path, WATCHDOG_USEC=WATCHDOG_USEC, JOURNAL_STREAM=f"{about.st_dev}:{about.st_ino}")
    child = subprocess.Popen(["/bin/sh", "-c", 'export WATCHDOG_PID=$$; exec "$@"', "sh", name, "--config", CONFIG],
                             env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs)
    theirs.close()

    def take():
        data = ours.recv(65536)
        if data:
            write(name + ".stderr", data.decode(errors="backslashreplace").rstrip("\n"))
        else:
            waits.unregister(ours)
    waits.register(ours, selectors.EVENT_READ, take)
    write(name + ".pid", str(child.pid))
    return child


datagrams(JOURNAL, lambda data: write("journal", json.dumps(fields(data))))
children = [start(name) for name in sys.argv[4:]]
while any(child.poll() is None for child in children):
    for key, _ in waits.select(0.2):
        key.data()
for key, _ in waits.select(0):
    key.data()
sys.exit(sum(child.returncode != 0 for child in children))
