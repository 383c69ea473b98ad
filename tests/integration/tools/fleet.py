#!/usr/bin/python3
"""fleet.py: a thousand pipelines, and who works for them, without any source: scripted stages on real sockets, as docs/protocol.md has them.

    fleet.py config FOLDER N [--watched]   FOLDER/aob.yaml with N pipelines p0001 …, of the stages snapshot, transfer, prune
    fleet.py work FOLDER [--workers 50] [--seconds 0]   so many workers for those stages, in turn, until SIGTERM; says on stdout how many jobs were done
    fleet.py run FOLDER N         has each of the N pipelines run; says each run's ID
    fleet.py drained FOLDER N     waits until each of them has a run that ended well, and none is under way; fails if one ended otherwise
    fleet.py watch FOLDER N       says every 3 s, as aob-watcher does, that nothing has changed in any of them
    fleet.py cost FOLDER VERB     asks that; says how long the answer took and how many bytes it had
    fleet.py subscribe FOLDER N   N subscribers to all events, each when the last one has what it wants; says how many events, and what they cost the broker
"""
import argparse
import collections
import hashlib
import json
import os
import signal
import sys
import time

import zmq

CLIENT, WORKER, READY, REQUEST, FINAL, HEARTBEAT, DISCONNECT = b"MDPC02", b"MDPW02", b"\1", b"\2", b"\4", b"\5", b"\6"
CLIENT_REQUEST, HEARTBEAT_S, EXPIRY_S = b"\1", 2.5, 10.0
SERVICES = ("snapshot", "transfer", "prune")


def endpoint(folder, name="broker"):
    return "ipc://%s/run/%s" % (folder, name)


def write_config(folder, n, watch):
    """Whole files alone, so that a reload never reads half a one."""
    os.makedirs(folder + "/run", 0o750, exist_ok=True)
    with open(folder + "/aob.yaml.new", "w") as f:
        f.write("broker:\n  endpoint: %s\n  events: %s\n  state: %s/state.db\nvaults:\n  far: { path: %s/vault }\npipelines:\n" %
                (endpoint(folder), endpoint(folder, "events"), folder, folder))
        for i in range(1, n + 1):
            f.write("  p%04d:\n    source: %s/sources/p%04d\n    vault: far\n    watch: %s\n    rehearse: never\n    verify_every: never\n    stages:\n"
                    "      - snapshot: { driver: btrfs }\n      - transfer: { exclude: ['#recycle', '@eaDir'] }\n"
                    "      - prune: { last: 3, daily: 14, weekly: 8 }\n" % (i, folder, i, watch))
    os.rename(folder + "/aob.yaml.new", folder + "/aob.yaml")


class Client:
    """Asks one thing at a time."""

    def __init__(self, folder):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(endpoint(folder))

    def ask(self, verb, seconds=60, **arguments):
        """The result, and how many bytes the answer had."""
        self.socket.send_multipart([CLIENT, CLIENT_REQUEST, b"aob.broker", json.dumps({"v": 1, "verb": verb, **arguments}).encode()])
        if not self.socket.poll(seconds * 1000):
            sys.exit("fleet: no answer to %s within %d s" % (verb, seconds))
        body = self.socket.recv_multipart()[3]
        reply = json.loads(body)
        if reply["status"] != "ok":
            sys.exit("fleet: %s: %s" % (verb, reply["error"]))
        return reply["result"], len(body)


def result_of(service, request):
    """As the stages that come along answer."""
    run, number = request["run"], int(hashlib.sha256(request["run"].encode()).hexdigest()[:8], 16)
    rest = request.get("rest", {"ctransid": number, "source_uuid": "fleet"})  # what a watcher saw, if there is one
    if service == "snapshot":
        return {"driver": "scripted", "path": request["source"], "snapshot": request["source"], "uuid": "00000000-0000-4000-8000-%012x" % number,
                "source_uuid": rest["source_uuid"], "ctransid": rest["ctransid"], "taken_at": int(time.time()), "state": "quiet", "kind": "generic", "reused": False,
                "source_free_bytes": 10 ** 12, "source_total_bytes": 2 * 10 ** 12}
    if service == "transfer":
        stamp = "%s-%s-%sT%s-%s-%sZ" % (run[:4], run[4:6], run[6:8], run[9:11], run[11:13], run[13:15])
        return {"generation": stamp, "vault_id": "fleet", "base": "", "already_published": False, "dry_run": False, "files": 1000, "bytes": 10 ** 9,
                "changed_files": 10, "literal_bytes": 10 ** 6, "matched_bytes": 10 ** 7, "wire_sent": 10 ** 6, "wire_received": 10 ** 4, "seconds": 1,
                "vault_free_bytes": 10 ** 12, "vault_total_bytes": 2 * 10 ** 12, "braked": False,
                "changes": {"whole": True, "removed": 0, "moved": 0, "new": 10, "changed": 0, "metadata": 0, "in_new_folders": 0, "left_out": 8,
                            "entries": [{"kind": "new", "path": "album/IMG_%04d.jpg" % i, "bytes": 10 ** 5} for i in range(2)]}}
    return {"dry_run": False, "complete": False, "generations": [], "snapshots": [], "removed_generations": 0, "removed_snapshots": 0}


class Worker:
    """One service, one job at a time, on a socket of its own; names what it has in hand when the broker is back."""

    def __init__(self, folder, number, seconds):
        self.folder, self.number, self.seconds, self.socket = folder, number, seconds, None
        self.service = SERVICES[number % len(SERVICES)]
        self.job, self.due, self.final, self.done = None, 0.0, None, 0
        self.connect()

    def connect(self):
        if self.socket:
            self.socket.close(linger=0)
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.connect(endpoint(self.folder))
        in_hand = [self.job[0]] if self.job else [self.final[0]] if self.final else []
        self.heard_at = time.monotonic()
        self.send(READY, self.service.encode(), json.dumps({"worker": "fleet-%02d" % self.number, "host": "fleet", "version": "1",
                                                            "features": ["reattach"], "jobs": [tag.decode() for tag in in_hand]}).encode())
        if self.final:
            self.send(FINAL, self.final[0], b"", self.final[1])

    def send(self, command, *frames):
        self.sent_at = time.monotonic()
        self.socket.send_multipart([WORKER, command, *frames])

    def receive(self):
        """Returns whether there was something."""
        try:
            frames = self.socket.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return False
        self.heard_at = time.monotonic()
        if frames[1] == DISCONNECT:
            self.connect()
        elif frames[1] == REQUEST:
            # Whoever gives another job has the last one's FINAL.
            self.job, self.final, self.due = (frames[2], json.loads(frames[4])), None, self.heard_at + self.seconds
        return True

    def turn(self, now):
        while self.receive():
            pass
        if self.job and now >= self.due:
            body = json.dumps({"status": "ok", "result": result_of(self.service, self.job[1])}).encode()
            self.final, self.job, self.done = (self.job[0], body), None, self.done + 1
            self.send(FINAL, self.final[0], b"", body)
        if now - self.heard_at > EXPIRY_S:
            self.connect()
        elif now - self.sent_at > HEARTBEAT_S:
            self.send(HEARTBEAT)


def work(folder, n, seconds):
    stopped = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.append(True))
    workers = [Worker(folder, number, seconds) for number in range(n)]
    while not stopped:
        poller = zmq.Poller()
        for worker in workers:
            poller.register(worker.socket, zmq.POLLIN)
        waiting = [worker.due for worker in workers if worker.job]
        try:
            poller.poll(max(0, min([500] + [(due - time.monotonic()) * 1000 for due in waiting])))
        except InterruptedError:
            pass
        now = time.monotonic()
        for worker in workers:
            worker.turn(now)
    for worker in workers:
        worker.send(DISCONNECT)
        worker.socket.close(linger=1000)
    print(json.dumps(dict(collections.Counter(worker.service for worker in workers for _ in range(worker.done)))))


def drained(folder, n, seconds=300):
    client, until = Client(folder), time.monotonic() + seconds
    while True:
        pipelines = client.ask("status")[0]["pipelines"]
        ended = [p for p in pipelines if p["last_run"] and not p["running"]]
        bad = [p for p in ended if p["last_run"]["state"] != "ok"]
        if bad:
            sys.exit("fleet: %s ended as %s: %s" % (bad[0]["name"], bad[0]["last_run"]["state"], bad[0]["last_run"]["error"]))
        if len(ended) == n:
            return
        if time.monotonic() > until:
            sys.exit("fleet: after %d s %d of %d have ended" % (seconds, len(ended), n))
        time.sleep(max(0.05, min(1, n / 500)))


def watch(folder, n):
    client, since, ticks = Client(folder), int(time.time()), time.monotonic()
    while True:
        for first in range(1, n + 1, 1000):  # a message has a greatest size
            client.ask("watch-report", sources=[{"pipeline": "p%04d" % i, "state": "unchanged", "reason": "nothing new since the last snapshot", "since": since,
                                                 "ctransid": i, "trigger": None, "kind": "generic"} for i in range(first, min(n, first + 999) + 1)])
        ticks += 3
        time.sleep(max(0, ticks - time.monotonic()))


def cost(folder, verb):
    client, before = Client(folder), time.monotonic()
    if verb == "broker":
        client.ask("status")
        return {}
    size = client.ask(verb)[1]
    return {"seconds": time.monotonic() - before, "bytes": size}


def broker_cpu_s(folder):
    """Of whoever has the store's lock."""
    with open("/proc/locks") as f:
        inode = ":%d " % os.stat(folder + "/state.db.lock").st_ino
        pid = [line.split()[4] for line in f if inode in line][0]
    total = 0
    for task in os.listdir("/proc/%s/task" % pid):
        with open("/proc/%s/task/%s/schedstat" % (pid, task)) as f:
            total += int(f.read().split()[0])
    return total / 1e9


def subscribe(folder, n):
    """The last one's events, all that are kept; what is said again to those that were there already is read, so that nobody is slow."""
    sockets, began, before, events = [], time.monotonic(), broker_cpu_s(folder), 0
    for _ in range(n):
        socket = zmq.Context.instance().socket(zmq.SUB)
        socket.setsockopt(zmq.RCVHWM, 0)
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(endpoint(folder, "events"))
        socket.subscribe(b"aob.")
        sockets.append(socket)
        events = 0
        while socket.poll(500 if events else 5000):
            socket.recv_multipart()
            events += 1
        for other in sockets[:-1]:
            while other.poll(0):
                other.recv_multipart()
    return {"events": events, "seconds": time.monotonic() - began, "cpu_s": broker_cpu_s(folder) - before}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("config", "work", "run", "drained", "watch", "cost", "subscribe"))
    parser.add_argument("folder")
    parser.add_argument("n", nargs="?", default="0")
    parser.add_argument("--watched", action="store_true")
    parser.add_argument("--workers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=0, help="how long a job takes")
    args = parser.parse_args()
    if args.what == "cost":
        print(json.dumps(cost(args.folder, args.n)))
        return
    n = int(args.n)
    if args.what == "config":
        write_config(args.folder, n, "{ idle: 1h }" if args.watched else "off")
    elif args.what == "work":
        work(args.folder, args.workers, args.seconds)
    elif args.what == "run":
        client = Client(args.folder)
        for i in range(1, n + 1):
            print(client.ask("run", pipeline="p%04d" % i)[0]["run"])
    elif args.what == "drained":
        drained(args.folder, n)
    elif args.what == "watch":
        watch(args.folder, n)
    else:
        print(json.dumps(subscribe(args.folder, n)))


if __name__ == "__main__":
    sys.exit(main())
