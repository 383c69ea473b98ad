#!/usr/bin/python3
"""tell.py: a stage at a pipeline's end that writes what happened into a file, for whatever shows it.

    aob-stage --service tell -- /usr/local/lib/aob/tell.py /var/www/backup.json

    stages:
      - transfer: { engine: native }
      - tell: { on: always }
"""
import json
import os
import sys

request = json.load(sys.stdin)
transfer = request["results"].get("transfer", {})
what = {"pipeline": request["pipeline"], "run": request["run"], "generation": transfer.get("generation"),
        "files": transfer.get("files"), "sent": transfer.get("wire_sent")}
new = sys.argv[1] + ".new"
with open(new, "w", encoding="utf-8") as out:
    json.dump(what, out)
    out.flush()
    os.fsync(out.fileno())
os.rename(new, sys.argv[1])
print(json.dumps({"status": "ok", "result": {"told": bool(transfer)}}))
