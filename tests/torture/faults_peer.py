"""Faults of others: a second broker, a second NAS, clocks, stages that misbehave, an admin who reloads a configuration."""
import json
import os
import signal
import subprocess
import time

from faults import MOMENT_S, Fault
from faults_disk import is_filled
from lab import BUILD, PIPELINES, faketime_library

YEARS = ("+5y", "-5y", "+1y", "-20y", "+0")


class TwoBrokers(Fault):
    """A second broker on the same store: refused, and the first one named."""
    weight = 2

    def claims(self):
        return {"broker", "store"}

    def inject(self, world):
        world.run(self.pipeline)
        world.wait(MOMENT_S, lambda: world.nas.aob("status")[0] == 0)
        try:
            done = subprocess.run([BUILD + "/aob-broker", "--config", world.nas.config], capture_output=True, text=True, timeout=20)
        except subprocess.TimeoutExpired:
            raise AssertionError("a second broker runs on the store of the first") from None
        if "another broker has this store, process %s" % world.nas.daemons["broker"].pid() not in done.stderr:
            raise AssertionError("a second broker does not say who has the store: %d %s" % (done.returncode, done.stderr))


class TwoNases(Fault):
    """Another NAS, with a source, a store and a broker of its own, wants to write into the same folder of the vault: it is refused, each time."""
    weight = 1
    hold = (4, 9)

    def claims(self):
        return {"vault " + self.pipeline, "nas 2"}

    def inject(self, world):
        other = world.other_nas(self.pipeline)
        world.change_something(self.pipeline, self.dice)
        with open(other.source(self.pipeline) + "/another", "wb") as f:
            f.write(self.dice.randbytes(self.dice.randint(1, 300000)))
        other.start()
        other.aob("run", self.pipeline, "--now")
        world.run(self.pipeline)

    def undo(self, world):
        status, out, _ = world.nases[1].aob("status", "--json")
        if status == 0 and json.loads(out)["pipelines"][0]["last_good"] is not None:
            raise AssertionError("another machine has published into the vault of %s" % self.pipeline)
        world.leave_nas()


class Clock(Fault):
    """The clock of the NAS jumps by years, twice, while its processes run, and comes back."""
    weight = 2
    hold = (3, 8)

    def draw(self, dice):
        self.years = [dice.choice(YEARS) for _ in range(2)]

    def claims(self):
        return {"broker", "snapshotter", "transfer-1", "transfer-2", "pruner"}

    def parts(self, world):
        return [world.nas.daemons[name] for name in sorted(self.claims())]

    def at(self, world, years):
        with open(world.lab.work + "/clock.new", "w") as f:
            f.write(years + "\n")
        os.rename(world.lab.work + "/clock.new", world.lab.work + "/clock")

    def inject(self, world):
        self.at(world, self.years[0])
        for part in self.parts(world):
            part.more = {"LD_PRELOAD": faketime_library(), "FAKETIME_TIMESTAMP_FILE": world.lab.work + "/clock", "FAKETIME_CACHE_DURATION": "1",
                         "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
            part.again()
        world.change_something(self.pipeline, self.dice)
        world.run(self.pipeline)
        time.sleep(self.dice.uniform(0.5, 3))
        self.at(world, self.years[1])
        world.change_something(self.pipeline, self.dice)
        world.run(self.pipeline)

    def undo(self, world):
        for part in self.parts(world):
            part.more = {}
            part.again()

    def __str__(self):
        return "Clock of the NAS: %s for %.1f s" % (", then ".join(self.years), self.hold_s)


class VaultClock(Fault):
    """The vault's machine lives years ago, or hence."""
    weight = 2
    hold = (3, 8)

    def draw(self, dice):
        self.years = dice.choice(YEARS[:-1])

    def claims(self):
        return {"vault " + self.pipeline}

    def inject(self, world):
        with open("%s/clock-%s" % (world.lab.work, self.pipeline), "w") as f:
            f.write(self.years)
        world.change_something(self.pipeline, self.dice)
        world.run(self.pipeline)

    def undo(self, world):
        os.unlink("%s/clock-%s" % (world.lab.work, self.pipeline))

    def __str__(self):
        return "VaultClock of %s: %s for %.1f s" % (self.pipeline, self.years, self.hold_s)


class BadStage(Fault):
    """A stage of somebody else's crashes at each job, hangs, answers nonsense, twice, or for another's job. The others go on."""
    weight = 3
    hold = (3, 10)

    def draw(self, dice):
        self.mode = dice.choice(("crash", "hang", "nonsense", "another", "twice"))

    def claims(self):
        return {"gate"}

    def inject(self, world):
        world.lab.gate(self.mode)
        for name in PIPELINES:
            world.change_something(name, self.dice)
            world.run(name)

    def undo(self, world):
        world.lab.gate("good")
        if self.mode == "hang":
            world.nas.daemons["gate"].send(signal.SIGKILL)

    def __str__(self):
        return "BadStage: %s for %.1f s" % (self.mode, self.hold_s)


class Reload(Fault):
    """The configuration changes in mid-run: another policy and rate, a pipeline less, or a text that is none."""
    weight = 2
    hold = (1, 6)

    def draw(self, dice):
        self.how = dice.choice(("policy", "without", "broken", "missing"))

    def claims(self):
        return {"configuration", "broker"}

    def inject(self, world):
        world.change_something(self.pipeline, self.dice)
        world.run(self.pipeline)
        time.sleep(self.dice.uniform(0, 1))
        nas = world.nas
        if self.how == "missing":
            os.rename(nas.config, nas.config + ".away")
            nas.daemons["broker"].send(signal.SIGHUP)
            return
        changes = {"policy": {"keep": 4, "rate": "1 MB/s"}, "without": {"without": ("x",)}, "broken": {"more": "pipelines: [\n"}}[self.how]
        status, _, err = world.reload(**changes)
        if status == os.EX_CANTCREAT and self.how != "broken" and is_filled(nas.store):
            return  # by another fault: a change that can't be kept is not taken
        if status is not None and (status == 0) == (self.how == "broken"):
            raise AssertionError("reload of a configuration that is %s: exit status %s %s" % (self.how, status, err))

    def undo(self, world):
        if os.path.exists(world.nas.config + ".away"):
            os.unlink(world.nas.config + ".away")
        if not world.wait(3 * MOMENT_S, lambda: world.reload()[0] == 0):
            raise AssertionError("the right configuration is not taken: %s" % world.reload()[2])

    def __str__(self):
        return "Reload: %s for %.1f s" % (self.how, self.hold_s)
