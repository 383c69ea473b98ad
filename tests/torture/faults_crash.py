"""Faults: every named crash point, hit exactly."""
import signal
import time

from faults import MOMENT_S, ONCE, Fault
from lab import PIPELINES

RECEIVER_POINTS = ("cloned", "file-built", "moves-written", "moves-taken", "moves-put-down", "synced", "recorded", "renamed", "current", "trashed", "record-removed")
BROKER_POINTS = ("change-made", "change-stored", "change-told", "run-accepted", "run-ended", "run-cancelling", "run-taken-up", "run-abandoned", "step-assigned",
                 "step-done", "step-judged", "step-requeued", "step-reattached", "generation-recorded", "pipeline-paused")


class CrashReceiver(Fault):
    """The next receiver of a vault dies exactly there."""
    weight = 5
    hold = (8, 8)

    def draw(self, dice):
        self.point = dice.choice(RECEIVER_POINTS)

    def claims(self):
        return {"vault " + self.pipeline, "crash " + self.pipeline}

    def inject(self, world):
        world.lab.arm(self.pipeline, self.point)
        for _ in range(2):
            if self.point.startswith("moves"):
                world.move_something(self.pipeline, self.dice)
            else:
                world.change_something(self.pipeline, self.dice)
            world.run(self.pipeline)
            if world.wait(MOMENT_S, lambda: not world.lab.armed(self.pipeline)):
                break

    def undo(self, world):
        if not world.lab.armed(self.pipeline):
            world.hits["receiver " + self.point] += 1
        world.lab.disarm(self.pipeline)

    def __str__(self):
        return "CrashReceiver %s at %s" % (self.pipeline, self.point)


class CrashBroker(Fault):
    """The broker dies exactly there, the first, second … time that it comes there, and is started again as usual."""
    weight = 6
    hold = (5, 9)

    def draw(self, dice):
        self.point = dice.choice(BROKER_POINTS)
        self.times = dice.choice((1, 1, 2, 3)) if self.point in ("change-made", "change-stored", "change-told", "step-assigned", "step-done") else 1
        if self.point == "step-reattached":
            self.hold = (ONCE, ONCE)
        if self.point == "run-abandoned":
            self.pipeline = dice.choice([name for name in PIPELINES if "off" not in PIPELINES[name][3]])

    def claims(self):
        return {"broker", "transfer-1", "transfer-2", "watcher", "vault " + self.pipeline, "link " + self.pipeline}

    def inject(self, world):
        broker = world.nas.daemons["broker"]
        self.deaths = broker.deaths
        if self.point == "run-taken-up":
            world.large(self.pipeline, 4 << 20, self.dice)
            world.run(self.pipeline)
        broker.again(AOB_CRASH_POINT="%s:%d" % (self.point, self.times))
        self.provoke(world)
        self.hit(world)

    def hit(self, world):
        return world.wait(MOMENT_S, lambda: world.nas.daemons["broker"].deaths > self.deaths)

    def provoke(self, world):
        if self.point == "run-cancelling":
            world.large(self.pipeline, 6 << 20, self.dice)
            world.run(self.pipeline)
            world.wait(MOMENT_S, lambda: world.in_step(self.pipeline, "transfer"))
            world.nas.aob("cancel", self.pipeline)
        elif self.point == "pipeline-paused":
            world.nas.aob("pause", self.pipeline)
        elif self.point in ("step-judged", "step-requeued", "run-abandoned"):
            world.lab.relays[self.pipeline].stop(signal.SIGKILL)
            world.change_something(self.pipeline, self.dice)
            world.run(self.pipeline)
            if self.point == "run-abandoned":
                self.pipeline_waits(world)
        elif self.point == "step-reattached":
            self.late_workers(world)
        else:
            world.change_something(self.pipeline, self.dice)
            world.run(self.pipeline)

    def pipeline_waits(self, world):
        """A run that waits for its vault makes way for a newer state of a source at rest."""
        world.wait(MOMENT_S, lambda: world.in_step(self.pipeline, "retry-wait"))
        world.change_something(self.pipeline, self.dice)

    def late_workers(self, world):
        """Workers that are silent for so long that their jobs are given up for lost, and then come back with them in hand."""
        world.large(self.pipeline, 8 << 20, self.dice)
        world.run(self.pipeline)
        world.wait(MOMENT_S, lambda: world.in_step(self.pipeline, "transfer"))
        workers = [world.nas.daemons[name] for name in ("transfer-1", "transfer-2")]
        for worker in workers:
            worker.send(signal.SIGSTOP)
        time.sleep(17)
        for worker in workers:
            worker.send(signal.SIGCONT)

    def undo(self, world):
        world.lab.relays[self.pipeline].start()
        broker = world.nas.daemons["broker"]
        if self.hit(world) if self.point == "step-reattached" else broker.deaths > self.deaths:
            world.hits["broker " + self.point] += 1
        else:
            broker.again()
        world.wait(MOMENT_S, lambda: world.nas.aob("resume", self.pipeline)[0] == 0)

    def __str__(self):
        return "CrashBroker at %s, the %d. time" % (self.point, self.times)
