#!/usr/bin/python3
"""A stage in Python, with pyzmq and json only, written from docs/protocol.md: answers each job with {"seen": run}.

    python_stage.py --endpoint ipc:///run/aob/broker --service gate [--seconds 3]
"""
import argparse
import json
import os
import signal
import socket
import sys
import threading
import time

import zmq

WORKER, READY, REQUEST, PARTIAL, FINAL, HEARTBEAT, DISCONNECT = b"MDPW02", b"\1", b"\2", b"\3", b"\4", b"\5", b"\6"
HEARTBEAT_S, EXPIRY_S, SETTLED_S = 2.5, 10.0, 5.0


class Job(threading.Thread):
    """The work, apart from the socket. Idempotent by the run: there is nothing to be done twice."""

    def __init__(self, tag, body, seconds):
        super().__init__(daemon=True)
        self.tag, self.seconds, self.reply, self.cancelled = tag, seconds, None, threading.Event()
        self.request = body

    def run(self):
        if not isinstance(self.request.get("run"), str):
            self.reply = {"status": "fail", "error": {"code": "input", "message": "no request: it has no run"}}
        elif self.cancelled.wait(self.seconds):
            self.reply = {"status": "fail", "error": {"code": "cancelled", "message": "told to stop"}}
        else:
            self.reply = {"status": "ok", "result": {"seen": self.request["run"]}}


class Stage:
    def __init__(self, options):
        self.options, self.context, self.socket = options, zmq.Context(), None
        self.job, self.final, self.final_at, self.backoff_s = None, None, 0.0, 0.0
        self.connect()

    def connect(self):
        if self.socket:
            self.socket.close(linger=0)
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.connect(self.options.endpoint)
        in_hand = [self.job.tag] if self.job else [self.final[0]] if self.final else []
        ready = {"worker": f"python-{os.getpid()}", "host": socket.gethostname(), "version": "1",
                 "features": ["cancel", "reattach"], "jobs": [tag.decode() for tag in in_hand]}
        self.heard_at, self.heard = time.monotonic(), False
        self.send(READY, self.options.service.encode(), json.dumps(ready).encode())
        self.final_again = self.final is not None
        if self.final_again:
            self.send(FINAL, self.final[0], b"", self.final[1])

    def send(self, command, *frames):
        self.sent_at = time.monotonic()
        self.socket.send_multipart([WORKER, command, *frames])

    def receive(self):
        frames = self.socket.recv_multipart()
        if len(frames) < 2 or frames[0] != WORKER:
            return
        if frames[1] == DISCONNECT:
            if self.final_again:
                self.final = None
            self.backoff_s = 0.0 if self.heard else min(max(1.0, self.backoff_s * 2), 32.0)
            time.sleep(self.backoff_s)
            self.connect()
            return
        self.heard_at, self.heard = time.monotonic(), True
        if self.final and self.heard_at - self.final_at >= SETTLED_S:
            self.final = None
        if frames[1] == REQUEST and len(frames) == 5:
            self.request(frames[2], frames[4])

    def request(self, tag, body):
        try:
            body = json.loads(body)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            reply = {"status": "fail", "error": {"code": "input", "message": "no request: it is no JSON object"}}
            self.send(FINAL, tag, b"", json.dumps(reply).encode())
            return
        cancel = body.get("cancel")
        if cancel is None and self.job is None:
            self.job, self.final = Job(tag, body, self.options.seconds), None  # a new job: the last FINAL has arrived
            self.job.start()
        elif cancel is None and body.get("job") == self.job.request.get("job"):
            self.job.tag = tag  # the same work, under the number of a higher attempt
        elif cancel is None:
            reply = {"status": "retry", "error": {"code": "locked", "message": "has a job in hand"}}
            self.send(FINAL, tag, b"", json.dumps(reply).encode())
        elif cancel is not None and self.job and cancel == self.job.request.get("job"):
            self.job.cancelled.set()

    def turn(self):
        if self.socket.poll(200):
            self.receive()
        if self.job and self.job.reply:
            self.final, self.final_at = (self.job.tag, json.dumps(self.job.reply).encode()), time.monotonic()
            self.job = None
            self.send(FINAL, self.final[0], b"", self.final[1])
        if time.monotonic() - self.heard_at > EXPIRY_S:
            self.connect()
        elif time.monotonic() - self.sent_at > HEARTBEAT_S:
            self.send(HEARTBEAT)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--service", required=True)
    parser.add_argument("--seconds", type=float, default=0.2, help="how long a job takes")
    stage = Stage(parser.parse_args())
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    while not stopped.is_set():
        stage.turn()
    stage.send(DISCONNECT)
    stage.socket.close(linger=1000)
    stage.context.term()


if __name__ == "__main__":
    sys.exit(main())
