#!/usr/bin/python3
"""gate.py ENDPOINT FILE: a stage `gate` that fails, in a way that no second try mends, while FILE is there."""
import json
import os
import sys
import time

import zmq

WORKER = b"MDPW02"
context = zmq.Context()
endpoint, broken = sys.argv[1:]
while True:
    socket = context.socket(zmq.DEALER)
    socket.linger = 0
    socket.connect(endpoint)
    socket.send_multipart([WORKER, b"\x01", b"gate"])
    heard = time.monotonic()
    while time.monotonic() - heard < 10:
        if not socket.poll(1000):
            socket.send_multipart([WORKER, b"\x05"])
            continue
        frames = socket.recv_multipart()
        heard = time.monotonic()
        if frames[1] == b"\x06":
            break
        if frames[1] != b"\x02":
            continue
        reply = {"status": "ok", "result": {}}
        if os.path.exists(broken):
            reply = {"status": "fail", "error": {"code": "config", "message": "the gate is shut"}}
        socket.send_multipart([WORKER, b"\x04", frames[2], b"", json.dumps(reply).encode()])
    socket.close()
