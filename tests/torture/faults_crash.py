"""Faults: every named crash point, hit exactly."""
import os
import signal
import time

from daemons import environment
from faults import MOMENT_S, Fault
from lab import BRAKED, HURRY, PIPELINES

RECEIVER_POINTS = ("cloned", "file-built", "moves-written", "moves-taken", "moves-put-down", "sealed", "synced", "braked", "recorded", "renamed", "current", "trashed",
                   "record-removed", "released", "owned")
MEND_POINTS = ("mend-built", "mend-listed", "mend-noted", "mend-beside", "mend-replaced", "mend-timed", "mend-done", "verify-kept")
REHEARSAL_POINTS = ("rehearse-brought", "rehearse-cleared")
REHEARSAL_S = 30
TRANSFER_POINTS = ("ledger-kept",)
BROKER_POINTS = ("change-made", "change-stored", "change-told", "run-accepted", "run-ended", "run-cancelling", "run-taken-up", "run-abandoned", "step-assigned",
                 "step-done", "step-judged", "step-requeued", "step-reattached", "generation-recorded", "pipeline-paused")
ELSEWHERE = ("taken", "seed-recorded")  # of what no pipeline does by itself: 450-a-seed-is-carried, test_seeding
OFTEN = ("change-made", "change-stored", "change-told", "step-assigned", "step-done")  # every run comes there several times


class CrashReceiver(Fault):
    """The next receiver of a vault dies exactly there; then one at another place."""
    weight = 5

    def draw(self, dice):
        self.points = dice.sample(RECEIVER_POINTS, dice.choice((1, 2, 4)))
        if {"braked", "released"} & set(self.points):
            self.pipeline = BRAKED

    def claims(self):
        return {"vault " + self.pipeline, "rot " + self.pipeline}

    def inject(self, world):
        for point in self.points:
            if point == "released":
                world.mass_change(self.pipeline, self.dice)
            world.lab.arm(self.pipeline, point)
            if self.provoke(world, point):
                world.hits["receiver " + point] += 1
            world.lab.disarm(self.pipeline)

    def provoke(self, world, point):
        """True if it died. A run that was in flight already may have gone by: then another one."""
        for _ in range(2):
            if point == "released":
                world.release()
            elif point == "owned":
                world.forget_owner(self.pipeline)
                world.change_something(self.pipeline, self.dice)
            elif point == "braked":
                world.mass_change(self.pipeline, self.dice)
            elif point.startswith("moves"):
                world.move_something(self.pipeline, self.dice)
            else:
                world.change_something(self.pipeline, self.dice)
            if point != "released":
                world.run(self.pipeline)
            if world.wait(MOMENT_S, lambda: not world.lab.armed(self.pipeline)):
                return True
        return False

    def undo(self, world):
        world.lab.disarm(self.pipeline)

    def __str__(self):
        return "%s %s at %s" % (type(self).__name__, self.pipeline, ", ".join(self.points))


class CrashMending(CrashReceiver):
    """The next receiver that verifies and mends dies exactly there; then one at another place."""

    def draw(self, dice):
        self.points = dice.sample(MEND_POINTS, dice.choice((1, 2, 4)))
        # Only in a subvolume is anything made beside; only elsewhere has each file several names, as generations share it.
        if {"mend-beside", "mend-listed"} <= set(self.points):
            self.points.remove("mend-listed")
        if "mend-beside" in self.points or "mend-listed" in self.points:
            self.pipeline = next(name for name in PIPELINES if (PIPELINES[name][0] == "btrfs") == ("mend-beside" in self.points))

    def provoke(self, world, point):
        """One that was verifying already may have gone by; or what rots is mended by nobody."""
        for _ in range(4):
            world.rot(self.pipeline, self.dice, "flip")
            world.verify(self.pipeline)
            if world.wait(MOMENT_S / 4, lambda: not world.lab.armed(self.pipeline)):
                return True
        return False


class CrashRehearsal(Fault):
    """A rehearsal dies exactly there, with what it has brought back in scratch; the next one leaves nothing there."""

    def draw(self, dice):
        self.point = dice.choice(REHEARSAL_POINTS)

    def claims(self):
        return {"vault " + self.pipeline, "link " + self.pipeline, "rehearsal"}

    def inject(self, world):
        scratch = world.lab.work + "/rehearsal"
        os.makedirs(scratch, exist_ok=True)
        for _ in range(2):  # before the first generation, or while the vault can't be reached, none gets that far
            if world.nas.aob("rehearse", self.pipeline, patience_s=REHEARSAL_S, TMPDIR=scratch, AOB_CRASH_POINT=self.point)[0] == -signal.SIGKILL:
                world.hits["rehearsal " + self.point] += 1
                break
            world.change_something(self.pipeline, self.dice)
            world.run(self.pipeline)
            world.wait(MOMENT_S, lambda: world.nas.running(self.pipeline) is None)
        status, _, errors = world.nas.aob("rehearse", self.pipeline, patience_s=REHEARSAL_S, TMPDIR=scratch)
        if status is not None and os.listdir(scratch):
            raise AssertionError("a rehearsal left something in scratch: %s (%s, %s)" % (os.listdir(scratch), status, errors))

    def __str__(self):
        return "CrashRehearsal %s at %s" % (self.pipeline, self.point)


class CrashTransfer(Fault):
    """Both transfers are to die exactly there, one does."""
    weight = 2

    def draw(self, dice):
        self.point = dice.choice(TRANSFER_POINTS)

    def claims(self):
        return {"transfer-1", "transfer-2", "vault " + self.pipeline, "link " + self.pipeline}

    def inject(self, world):
        workers = [world.nas.daemons[name] for name in ("transfer-1", "transfer-2")]
        deaths = sum(worker.deaths for worker in workers)
        for worker in workers:
            worker.again(AOB_CRASH_POINT=self.point)
        for _ in range(2):  # a run that was in flight already may have gone by
            world.change_something(self.pipeline, self.dice)
            world.run(self.pipeline)
            if world.wait(MOMENT_S, lambda: sum(worker.deaths for worker in workers) > deaths):
                world.hits["transfer " + self.point] += 1
                break
        self.undo(world)

    def undo(self, world):
        for name in ("transfer-1", "transfer-2"):
            pid = world.nas.daemons[name].pid()
            if pid is not None and b"AOB_CRASH_POINT=" in environment(pid):
                world.nas.daemons[name].again()

    def __str__(self):
        return "CrashTransfer at %s (%s)" % (self.point, self.pipeline)


class CrashBroker(Fault):
    """The broker dies exactly there, the first, second … time that it comes there, is started again as usual, and dies at another place."""
    weight = 6

    def draw(self, dice):
        self.points = dice.sample(BROKER_POINTS, dice.choice((1, 2, 4)))
        self.times = dice.choice((1, 2, 3))
        if "run-abandoned" in self.points:
            self.pipeline = dice.choice([name for name in PIPELINES if "off" not in PIPELINES[name][3]])

    def claims(self):
        return {"broker", "transfer-1", "transfer-2", "watcher", "vault " + self.pipeline, "link " + self.pipeline}

    def inject(self, world):
        broker = world.nas.daemons["broker"]
        for point in self.points:
            deaths = broker.deaths
            if point == "run-taken-up":
                world.large(self.pipeline, 4 << 20, self.dice)
                world.run(self.pipeline)
            broker.again(AOB_CRASH_POINT="%s:%d" % (point, self.times if point in OFTEN else 1))
            for _ in range(2):  # a run that was in flight already may have gone by
                self.provoke(world, point)
                if world.wait(MOMENT_S, lambda: broker.deaths > deaths):
                    world.hits["broker " + point] += 1
                    break
            self.undo(world)

    def provoke(self, world, point):
        if point == "run-cancelling":
            world.large(self.pipeline, 6 << 20, self.dice)
            world.run(self.pipeline)
            world.wait(MOMENT_S, lambda: world.in_step(self.pipeline, "transfer"))
            world.nas.aob("cancel", self.pipeline)
        elif point == "pipeline-paused":
            world.wait(MOMENT_S, lambda: world.nas.aob("status")[0] == 0)
            world.nas.aob("pause", self.pipeline)
        elif point in ("step-judged", "step-requeued", "run-abandoned"):
            world.lab.relays[self.pipeline].stop(signal.SIGKILL)
            world.change_something(self.pipeline, self.dice)
            world.run(self.pipeline)
            if point == "run-abandoned":  # a run that waits for its vault makes way for a newer state of a source at rest
                world.wait(MOMENT_S, lambda: world.in_step(self.pipeline, "retry-wait"))
                world.change_something(self.pipeline, self.dice)
                world.wait(MOMENT_S, lambda: not world.in_step(self.pipeline, "retry-wait"))
        elif point == "step-reattached":
            self.late_workers(world)
        else:
            world.change_something(self.pipeline, self.dice)
            world.run(self.pipeline)

    def late_workers(self, world):
        """Workers that are silent for so long that their jobs are given up for lost, and then come back with them in hand."""
        world.large(self.pipeline, 8 << 20, self.dice)
        world.run(self.pipeline)
        world.wait(MOMENT_S, lambda: world.in_step(self.pipeline, "transfer"))
        workers = [world.nas.daemons[name] for name in ("transfer-1", "transfer-2")]
        for worker in workers:
            worker.send(signal.SIGSTOP)
        time.sleep(17 / HURRY)
        for worker in workers:
            worker.send(signal.SIGCONT)

    def undo(self, world):
        world.lab.relays[self.pipeline].start()
        broker = world.nas.daemons["broker"]
        pid = broker.pid()
        if pid is not None and b"AOB_CRASH_POINT=" in environment(pid):
            broker.again()
        world.wait(MOMENT_S, lambda: world.nas.aob("resume", self.pipeline)[0] == 0)

    def __str__(self):
        return "CrashBroker at %s, the %d. time (%s)" % (", ".join(self.points), self.times, self.pipeline)
