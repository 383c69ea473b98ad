"""Faults of disks that forget: in published generations, while runs and verifications go on."""
import time

from faults import ONCE, Fault


class Rot(Fault):
    """Bits turn over, ends of files are gone, whole files are gone; a verification finds that by itself, or is asked for."""
    weight = 5
    hold = (ONCE, ONCE)

    def draw(self, dice):
        self.how = [dice.choice(("flip", "flip", "cut", "remove")) for _ in range(dice.choice((1, 2, 5)))]
        self.asks = dice.random() < 0.5

    def claims(self):
        return {"rot " + self.pipeline}

    def inject(self, world):
        if self.dice.random() < 0.5:
            world.change_something(self.pipeline, self.dice)
            world.run(self.pipeline)
        for how in self.how:
            world.rot(self.pipeline, self.dice, how)
            time.sleep(self.dice.uniform(0, 0.3))
        if self.asks:
            world.verify(self.pipeline)
        else:
            world.change_something(self.pipeline, self.dice)
            world.run(self.pipeline)

    def __str__(self):
        return "Rot of %s: %s%s" % (self.pipeline, ", ".join(self.how), "; somebody has it verified" if self.asks else "")
