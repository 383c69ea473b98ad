"""asking.py: a question to a broker, without a process for each (docs/protocol.md)."""
import json

import zmq


def ask(socket, endpoint, patience_s, verb, **more):
    """What `aob` asks, by this fresh DEALER, which is closed: the result; raises OSError without an answer, or with what it refuses."""
    try:
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(endpoint)
        socket.send_multipart([b"MDPC02", b"\1", b"aob.broker", json.dumps({"v": 1, "verb": verb, **more}).encode()])
        if not socket.poll(patience_s * 1000):
            raise OSError("no answer")
        answer = json.loads(socket.recv_multipart()[-1])
    finally:
        socket.close()
    if answer.get("status") != "ok":
        raise OSError((answer.get("error") or {}).get("message", "an answer that is none"))
    return answer["result"]
