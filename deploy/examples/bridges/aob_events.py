"""aob_events: the events of a broker, each once, for a bridge to somewhere else. docs/protocol.md, "Events", is what it is written from.

- Who comes late is told the last event of each kind of each pipeline first; who was there already is told them again, with the same `id`: those are dropped here.
- The broker may go and come back: ZeroMQ connects again, and what was told before bears the id that it had.
- What has arrived (`done`) is written down, so that a bridge that is started again tells what happened meanwhile, and nothing twice.
- Nothing grows: QUEUE events wait here; a bridge that is slower than that loses events, never the broker's memory. `aob status` is the truth.
"""
import json
import os
import time

import zmq

QUEUE, TOPICS, KEEP_S = 1000, 50000, 5.0


class Events:
    def __init__(self, endpoint, seen_file):
        self.seen_file, self.seen, self.kept_at, self.changed = seen_file, {}, time.monotonic(), False
        try:
            with open(seen_file, encoding="utf-8") as f:
                self.seen = {str(topic): str(number) for topic, number in json.load(f).items()}
        except FileNotFoundError:
            pass
        except (ValueError, AttributeError):
            print("%s is no list of events: all are told once more" % seen_file, flush=True)
        self.taken = dict(self.seen)
        self.socket = zmq.Context.instance().socket(zmq.SUB)
        self.socket.setsockopt(zmq.RCVHWM, QUEUE)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.MAXMSGSIZE, 1 << 20)
        self.socket.connect(endpoint)
        self.socket.subscribe(b"aob.")

    def take(self, wait_s):
        """The next event, as a dict with its topic beside it; None if there is none for so long."""
        until = time.monotonic() + wait_s
        while self.socket.poll(max(0, 1000 * (until - time.monotonic()))):
            frames = self.socket.recv_multipart()
            try:
                topic, event = frames[0].decode(), json.loads(frames[1])
                number = event["id"]
            except (IndexError, KeyError, TypeError, ValueError):
                continue  # no event of ours
            if self.taken.get(topic) != number:
                if len(self.taken) >= TOPICS:
                    self.taken.clear()
                self.taken[topic] = number
                event["topic"] = topic
                return event
        return None

    def done(self, event):
        """It has arrived where the bridge leads."""
        if len(self.seen) >= TOPICS:
            self.seen.clear()
        self.seen[event["topic"]] = event["id"]
        self.changed = True

    def keep(self, now=False):
        """To be called again and again; writes every KEEP_S at most, whole or not at all. A crash before that tells some events twice, with the same id."""
        if not self.changed or not (now or time.monotonic() - self.kept_at >= KEEP_S):
            return
        with open(self.seen_file + ".new", "w", encoding="utf-8") as f:
            json.dump(self.seen, f)
            f.flush()
            os.fsync(f.fileno())
        os.rename(self.seen_file + ".new", self.seen_file)
        self.kept_at, self.changed = time.monotonic(), False
