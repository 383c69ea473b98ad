#!/usr/bin/python3
"""publish.py ENDPOINT: events as the broker publishes them, one a line on standard input: PIPELINE WHAT DATA."""
import datetime
import json
import sys
import uuid

import zmq

socket = zmq.Context().socket(zmq.XPUB)
socket.bind(sys.argv[1])
socket.recv()  # the first subscription: there is somebody
for line in sys.stdin:
    pipeline, what, data = line.split(" ", 2)
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    event = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "aob://test", "type": "aob." + what, "subject": pipeline,
             "time": now, "datacontenttype": "application/json", "data": json.loads(data)}
    for _ in range(2):  # as a new subscriber would make it come again
        socket.send_multipart([f"aob.{pipeline}.{what}".encode(), json.dumps(event).encode()])
