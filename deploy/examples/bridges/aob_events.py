"""aob_events: the events of a broker, each once, for a bridge to somewhere else. docs/protocol.md, "Events", is what it is written from.

- Who comes late is told the last event of each kind of each pipeline first; who was there already is told them again, with the same `id`: those are dropped here.
- The broker may go and come back: ZeroMQ connects again, and what was told before bears the id that it had.
- What has arrived (`done`) is written down, so that a bridge that is started again tells what happened meanwhile, and nothing twice.
- A broker at tcp:// wants CURVE: its public key, and a pair of this machine's (`aob keygen`, docs/hosts.md). Without word from it for UNHEARD_S this says so, once: a subscriber with keys that do not match is told nothing.
- Nothing grows: QUEUE events wait here; a bridge that is slower than that loses events, never the broker's memory. `aob status` is the truth.
"""
import json
import os
import sys
import time

import zmq
import zmq.auth
from zmq.utils.monitor import recv_monitor_message

QUEUE, TOPICS, KEEP_S, UNHEARD_S, BEAT_MS = 1000, 50000, 5.0, 10.0, 5000


def add_arguments(parser):
    """Where the events come from; for Events()."""
    parser.add_argument("--endpoint", default="ipc:///run/aob/events", help="broker.events of the configuration")
    parser.add_argument("--server-certificate", metavar="FILE", help="for tcp://: the broker's public key, as broker.curve of the configuration names it")
    parser.add_argument("--own-certificate", metavar="FILE", help="for tcp://: this machine's pair, FILE and FILE_secret")
    parser.add_argument("--seen", required=True, help="a file of this bridge's own: what was told already")


def use_keys(socket, endpoint, server_file, own_file):
    if not endpoint.startswith("tcp://"):
        if server_file or own_file:
            sys.exit("--server-certificate, --own-certificate: they are for tcp:// alone")
        return
    if not server_file or not own_file:
        sys.exit("%s: tcp:// wants --server-certificate and --own-certificate; `aob keygen` makes a pair of keys" % endpoint)
    try:
        at = server_file
        socket.curve_serverkey = zmq.auth.load_certificate(at)[0]
        at = own_file + "_secret"
        socket.curve_publickey, socket.curve_secretkey = zmq.auth.load_certificate(at)
    except (OSError, TypeError, ValueError) as error:
        sys.exit("the certificate %s can't be read: %s" % (at, error))


class Events:
    def __init__(self, args):
        self.endpoint, self.seen_file = args.endpoint, args.seen
        self.seen, self.kept_at, self.changed = {}, time.monotonic(), False
        self.unheard_from = time.monotonic()  # 0: it is heard
        try:
            with open(self.seen_file, encoding="utf-8") as f:
                self.seen = {str(topic): str(number) for topic, number in json.load(f).items()}
        except FileNotFoundError:
            pass
        except (ValueError, AttributeError):
            print("%s is no list of events: all are told once more" % self.seen_file, flush=True)
        self.taken = dict(self.seen)
        self.socket = zmq.Context.instance().socket(zmq.SUB)
        self.socket.setsockopt(zmq.RCVHWM, QUEUE)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.MAXMSGSIZE, 1 << 20)
        # A line that is dead without a word is found out, and a new one tried.
        self.socket.setsockopt(zmq.HEARTBEAT_IVL, BEAT_MS)
        self.socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 2 * BEAT_MS)
        use_keys(self.socket, args.endpoint, args.server_certificate, args.own_certificate)
        self.monitor = self.socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED)
        self.socket.connect(args.endpoint)
        self.socket.subscribe(b"aob.")

    def look_for_broker(self):
        """Says it if the broker is not to be heard for so long: once, until it is."""
        while self.monitor.poll(0):
            there = recv_monitor_message(self.monitor)["event"] == zmq.EVENT_HANDSHAKE_SUCCEEDED
            if not there and self.unheard_from == 0:
                self.unheard_from = time.monotonic()
            elif there:
                self.unheard_from = 0
        if self.unheard_from and time.monotonic() > self.unheard_from + UNHEARD_S:
            print("no word from the broker at %s: is it there%s? It is tried on" % (self.endpoint, ", do the CURVE keys match" if self.endpoint.startswith("tcp://") else ""), file=sys.stderr, flush=True)
            self.unheard_from = float("inf")

    def take(self, wait_s):
        """The next event, as a dict with its topic beside it; None if there is none for so long."""
        self.look_for_broker()
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
