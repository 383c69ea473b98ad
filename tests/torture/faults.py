"""The faults of whole pipelines, each a small class: what it is called, what it takes for itself, how it begins and how it ends.

A fault is drawn from a seeded dice; what it needs to know it draws when it is made, so that the same seed makes the same schedule. inject() may wait a little for
its moment, undo() leaves nothing of it. What takes the same thing for itself is not in one round with it."""
import os
import signal
import time

from daemons import environment, processes
from lab import HURRY, PIPELINES

MOMENT_S = 6  # how long a fault waits for its moment
DAEMONS = ("broker", "watcher", "snapshotter", "transfer-1", "transfer-2", "pruner", "verifier", "monitor")
CHILDREN = ("aob-receiver", "ssh")
ONCE = 0.1  # a fault that is over at once


class Fault:
    weight = 1
    hold = (ONCE, ONCE)

    def __init__(self, dice):
        self.dice = dice
        self.pipeline = dice.choice(list(PIPELINES))
        self.draw(dice)
        self.hold_s = dice.uniform(*self.hold) / (HURRY if self.hold[0] > ONCE else 1)

    def draw(self, dice):
        """What else is to be decided."""

    def claims(self):
        return set()

    def inject(self, world):
        raise NotImplementedError

    def undo(self, world):
        """Everything as it was."""

    def __str__(self):
        return type(self).__name__


# ---- processes

def living(program):
    """Its processes, but those that are to die by themselves at a crash point."""
    return [pid for pid in processes(program) if b"AOB_CRASH_POINT=" not in environment(pid)]


def some_child(program, dice):
    """A process of this program, as soon as there is one, and a moment later."""
    end = time.monotonic() + MOMENT_S
    while time.monotonic() < end:
        pids = living(program)
        if pids:
            time.sleep(dice.random() * 0.3)
            return dice.choice(pids)
        time.sleep(0.02)
    return None


def send(pid, number):
    try:
        if pid is not None:
            os.kill(pid, number)
    except ProcessLookupError:
        pass


class Kill(Fault):
    """SIGKILL of one process, or of one after the other."""
    weight = 5

    def draw(self, dice):
        self.what = dice.choice(DAEMONS + CHILDREN * 2)
        self.times = dice.choice((1, 1, 2, 4))

    def claims(self):
        return {self.what}

    def inject(self, world):
        world.run(self.pipeline)
        for _ in range(self.times):
            if self.what in CHILDREN:
                send(some_child(self.what, self.dice), signal.SIGKILL)
            else:
                world.nas.daemons[self.what].send(signal.SIGKILL)
            time.sleep(self.dice.uniform(0, 0.8))

    def __str__(self):
        return "Kill %s %d times" % (self.what, self.times)


class KillAll(Fault):
    """A power cut of the NAS, as far as processes go."""

    def claims(self):
        return set(DAEMONS)

    def inject(self, world):
        world.run(self.pipeline)
        time.sleep(self.dice.uniform(0, 1.5))
        for daemon in list(world.nas.daemons.values()):
            daemon.send(signal.SIGKILL)
        for program in CHILDREN:
            for pid in living(program):
                send(pid, signal.SIGKILL)


class Stop(Fault):
    """SIGSTOP, and SIGCONT after a while: some longer than heartbeats and lease last together."""
    weight = 4

    def draw(self, dice):
        self.what = dice.choice(DAEMONS + CHILDREN)
        self.hold = dice.choice(((0.5, 4), (0.5, 4), (15, 18)))
        self.pid = None

    def claims(self):
        return {self.what}

    def inject(self, world):
        world.run(self.pipeline)
        if self.what in CHILDREN:
            self.pid = some_child(self.what, self.dice)
        else:
            time.sleep(self.dice.uniform(0, 0.8))
            self.pid = world.nas.daemons[self.what].pid()
        send(self.pid, signal.SIGSTOP)

    def undo(self, world):
        send(self.pid, signal.SIGCONT)

    def __str__(self):
        return "Stop %s for %.1f s" % (self.what, self.hold_s)


# ---- the link

class Cut(Fault):
    """Every connection to a vault is cut, once or again and again."""
    weight = 3
    hold = (ONCE, 4)

    def draw(self, dice):
        self.times = dice.choice((1, 1, 3, 8))

    def claims(self):
        return {"link " + self.pipeline}

    def inject(self, world):
        world.change_something(self.pipeline, self.dice)
        world.run(self.pipeline)
        for _ in range(self.times):
            time.sleep(self.dice.uniform(0.05, 0.7))
            world.lab.relays[self.pipeline].send(signal.SIGUSR1)

    def __str__(self):
        return "Cut %s %d times" % (self.pipeline, self.times)


class Hang(Cut):
    """The link is there, but nothing comes through it."""
    weight = 2
    hold = (2, 9)

    def inject(self, world):
        world.change_something(self.pipeline, self.dice)
        world.run(self.pipeline)
        time.sleep(self.dice.uniform(0, 1))
        world.lab.relays[self.pipeline].send(signal.SIGSTOP)

    def undo(self, world):
        world.lab.relays[self.pipeline].send(signal.SIGCONT)

    def __str__(self):
        return "Hang %s for %.1f s" % (self.pipeline, self.hold_s)


class Refuse(Cut):
    """Nobody listens there."""
    hold = (1, 8)

    def inject(self, world):
        world.lab.relays[self.pipeline].stop(signal.SIGKILL)
        world.run(self.pipeline)

    def undo(self, world):
        world.lab.relays[self.pipeline].start()

    def __str__(self):
        return "Refuse %s for %.1f s" % (self.pipeline, self.hold_s)
