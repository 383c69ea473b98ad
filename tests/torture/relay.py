#!/usr/bin/env python3
"""A TCP relay that can be cut (SIGUSR1: every connection at once), stopped (SIGSTOP: a link that hangs) and killed (a link that refuses).

usage: relay.py LISTEN_PORT TARGET_PORT, both on 127.0.0.1"""
import selectors
import signal
import socket
import sys

PIECE = 65536


class Relay:
    def __init__(self, listen_port, target_port):
        self.selector, self.target_port = selectors.DefaultSelector(), target_port
        self.peers, self.waiting = {}, {}  # socket: the other one; socket: what it is still to be sent
        self.listener = socket.create_server(("127.0.0.1", listen_port), backlog=64)
        self.listener.setblocking(False)
        self.selector.register(self.listener, selectors.EVENT_READ)

    def accept(self):
        try:
            near, _ = self.listener.accept()
        except OSError:
            return
        try:
            far = socket.create_connection(("127.0.0.1", self.target_port), timeout=2)
        except OSError:
            near.close()
            return
        for one, other in ((near, far), (far, near)):
            one.setblocking(False)
            self.peers[one], self.waiting[one] = other, b""
            self.selector.register(one, selectors.EVENT_READ)

    def drop(self, one):
        other = self.peers.get(one)
        for end in (one, other):
            if end is not None and self.peers.pop(end, None) is not None:
                self.selector.unregister(end)
                self.waiting.pop(end)
                end.close()

    def watch(self, one):
        """Read from an end while the other one takes it; write while something waits."""
        events = (selectors.EVENT_READ if not self.waiting[self.peers[one]] else 0) | (selectors.EVENT_WRITE if self.waiting[one] else 0)
        if events != self.selector.get_map()[one].events:
            self.selector.modify(one, events or selectors.EVENT_WRITE)

    def turn(self, one, events):
        if one not in self.peers:
            return
        other = self.peers[one]
        try:
            if events & selectors.EVENT_READ and not self.waiting[other]:
                data = one.recv(PIECE)
                if not data:
                    self.drop(one)
                    return
                self.waiting[other] = data
            for end in (one, other):
                if self.waiting[end]:
                    try:
                        self.waiting[end] = self.waiting[end][end.send(self.waiting[end]):]
                    except BlockingIOError:
                        pass
        except BlockingIOError:
            pass
        except OSError:
            self.drop(one)
            return
        self.watch(one)
        self.watch(other)

    def cut(self):
        for one in list(self.peers):
            self.drop(one)

    def run(self):
        while True:
            for key, events in self.selector.select(1):
                if key.fileobj is self.listener:
                    self.accept()
                else:
                    self.turn(key.fileobj, events)


def main():
    relay = Relay(int(sys.argv[1]), int(sys.argv[2]))
    signal.signal(signal.SIGUSR1, lambda *_: relay.cut())
    relay.run()


if __name__ == "__main__":
    main()
