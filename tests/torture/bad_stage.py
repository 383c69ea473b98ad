#!/usr/bin/python3
"""A worker of the service `gate` from docs/protocol.md alone (pyzmq), good or bad: it crashes, hangs, answers nonsense, twice, or for another's job.

usage: bad_stage.py ENDPOINT MODE_FILE     the mode is read anew for each job"""
import json
import os
import signal
import sys
import time

import zmq

WORKER, READY, REQUEST, FINAL, HEARTBEAT, DISCONNECT = b"MDPW02", b"\1", b"\2", b"\4", b"\5", b"\6"
HURRY = int(os.environ.get("AOB_HURRY", "1"))
GOOD = json.dumps({"status": "ok", "result": {"gate": "open"}}).encode()
NONSENSE = [b"", b"{", b"null", b"[]", b'{"status":"well"}', b'{"status":"ok","result":7}', b"\xff\xfe\0\1" * 100, b"[" * 5000]


class Worker:
    def __init__(self, endpoint, mode_file):
        self.endpoint, self.mode_file, self.context, self.socket = endpoint, mode_file, zmq.Context(), None
        self.n = 0
        self.connect()

    def connect(self):
        if self.socket:
            self.socket.close(linger=0)
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.connect(self.endpoint)
        self.heard = time.monotonic()
        self.send(READY, b"gate")  # a plain Majordomo worker

    def send(self, *frames):
        self.sent = time.monotonic()
        self.socket.send_multipart([WORKER, *frames])

    def job(self, tag):
        with open(self.mode_file) as f:
            mode = f.read().strip()
        self.n += 1
        if mode == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        if mode == "hang":
            time.sleep(3600)
        if mode == "nonsense":
            self.send(FINAL, tag, b"", NONSENSE[self.n % len(NONSENSE)])
        elif mode == "another":
            self.send(FINAL, b"20200101T000000Z-00000000/0#1", b"", GOOD)
            self.send(FINAL, tag, b"", GOOD)
        elif mode == "twice":
            self.send(FINAL, tag, b"", GOOD)
            self.send(FINAL, tag, b"", json.dumps({"status": "fail", "error": {"code": "internal", "message": "said twice"}}).encode())
        else:
            self.send(FINAL, tag, b"", GOOD)

    def run(self):
        while True:
            if self.socket.poll(100):
                frames = self.socket.recv_multipart()
                if len(frames) >= 2 and frames[0] == WORKER:
                    self.heard = time.monotonic()
                    if frames[1] == DISCONNECT:
                        time.sleep(0.2)
                        self.connect()
                    elif frames[1] == REQUEST and len(frames) == 5:
                        self.job(frames[2])
            if time.monotonic() - self.heard > 10 / HURRY:
                self.connect()
            elif time.monotonic() - self.sent > 2.5 / HURRY:
                self.send(HEARTBEAT)


if __name__ == "__main__":
    Worker(sys.argv[1], sys.argv[2]).run()
