"""Faults of disks: full, out of inodes, over a quota, read-only, gone, and things that somebody has removed or changed there by hand."""
import os
import shutil
import subprocess
import time

from daemons import processes
from faults import MOMENT_S, ONCE, Fault
from lab import PIPELINES, sh


def fill(folder):
    """Until nothing goes into it any more."""
    size = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    with open(folder + "/filler", "wb", buffering=0) as large:
        while size >= 4096:
            try:
                os.posix_fallocate(large.fileno(), os.fstat(large.fileno()).st_size, size)
            except OSError:
                size //= 2
        try:
            with open(folder + "/filler2", "wb", buffering=0) as small:
                while True:
                    small.write(bytes(4096))
        except OSError:  # or there is not even an inode for it
            pass


def unfill(folder):
    for name in ("filler", "filler2"):
        if os.path.exists("%s/%s" % (folder, name)):
            os.unlink("%s/%s" % (folder, name))


def is_filled(folder):
    return os.path.exists(folder + "/filler")


class Full(Fault):
    """ENOSPC: in the vault, at the source, where the broker's store is."""
    weight = 4
    hold = (1, 8)

    def draw(self, dice):
        self.where = dice.choice(("vault", "vault", "source", "store"))

    def claims(self):
        return {"vault " + self.pipeline} if self.where == "vault" else {self.where}

    def folder(self, world):
        return {"vault": world.lab.kept(self.pipeline), "source": world.nas.disk, "store": world.nas.store}[self.where]

    def inject(self, world):
        world.change_something(self.pipeline, self.dice)
        world.run(self.pipeline)
        time.sleep(self.dice.uniform(0, 1.5))
        fill(self.folder(world))
        world.run(self.pipeline)

    def undo(self, world):
        unfill(self.folder(world))

    def __str__(self):
        return "Full %s %sfor %.1f s" % (self.where, self.pipeline + " " if self.where == "vault" else "", self.hold_s)


class NoInodes(Fault):
    """The vault on ext4 has room, but no inode."""
    weight = 2
    hold = (2, 8)

    def draw(self, dice):
        self.pipeline = next(name for name in PIPELINES if PIPELINES[name][0] == "ext4")

    def claims(self):
        return {"vault " + self.pipeline}

    def inject(self, world):
        self.folder = world.lab.kept(self.pipeline) + "/inodes"
        os.mkdir(self.folder)
        world.change_something(self.pipeline, self.dice)
        world.run(self.pipeline)
        try:
            for i in range(10**6):
                os.close(os.open("%s/%d" % (self.folder, i), os.O_CREAT | os.O_WRONLY))
        except OSError:
            pass
        world.run(self.pipeline)

    def undo(self, world):
        shutil.rmtree(self.folder)


class Quota(Fault):
    """EDQUOT, by btrfs' quota groups: of the vault's root, and of what is being built in it."""
    weight = 2
    hold = (2, 8)

    def draw(self, dice):
        self.pipeline = next(name for name in PIPELINES if PIPELINES[name][0] == "btrfs")

    def claims(self):
        return {"vault " + self.pipeline}

    def inject(self, world):
        at = world.lab.kept(self.pipeline)
        sh("btrfs", "quota", "enable", at)
        world.change_something(self.pipeline, self.dice)
        world.run(self.pipeline)
        trees = world.lab.folder(self.pipeline) + "/.aob/incoming"
        world.wait(MOMENT_S, lambda: any(os.path.isdir("%s/%s/tree" % (trees, name)) for name in os.listdir(trees)))
        for folder in [at + "/offsite"] + ["%s/%s/tree" % (trees, name) for name in os.listdir(trees)]:
            subprocess.run(["btrfs", "qgroup", "limit", "16K", folder], stderr=subprocess.DEVNULL)
        world.run(self.pipeline)

    def undo(self, world):
        # Lifted for all at once: limits of subvolumes that have been published meanwhile, too.
        sh("btrfs", "quota", "disable", world.lab.kept(self.pipeline))


class ReadOnly(Fault):
    """The receivers' mount of the vault becomes read-only, as soon as nobody has a file open for writing."""
    weight = 2
    hold = (1, 8)

    def claims(self):
        return {"vault " + self.pipeline}

    def remount(self, world, how):
        return subprocess.run(["mount", "-o", "remount,bind," + how, world.lab.seen(self.pipeline)], stderr=subprocess.DEVNULL).returncode == 0

    def inject(self, world):
        world.change_something(self.pipeline, self.dice)
        world.run(self.pipeline)
        world.wait(MOMENT_S, lambda: self.remount(world, "ro"))
        world.run(self.pipeline)

    def undo(self, world):
        if not world.wait(MOMENT_S, lambda: self.remount(world, "rw")):
            raise OSError("the vault's mount stays read-only")


class Unmount(ReadOnly):
    """The vault is unmounted in mid-run; an empty mount point is in its place."""

    def inject(self, world):
        world.change_something(self.pipeline, self.dice)
        world.run(self.pipeline)
        time.sleep(self.dice.uniform(0, 1.5))
        world.lab.unmount_seen(self.pipeline)
        world.run(self.pipeline)

    def undo(self, world):
        left = os.listdir(world.lab.seen(self.pipeline))
        world.lab.mount_seen(self.pipeline)
        if left:
            raise AssertionError("something was written below the empty mount point: %s" % left)


class Swap(Fault):
    """The vault's disk is replaced by a copy that was made a while ago."""
    weight = 2
    hold = (ONCE, ONCE)

    def claims(self):
        return {"vault " + self.pipeline, "link " + self.pipeline, "rot " + self.pipeline}

    def inject(self, world):
        lab, image = world.lab, world.lab.image(self.pipeline)
        self.still(world)
        lab.unmount_seen(self.pipeline)
        sh("umount", lab.kept(self.pipeline))
        sh("cp", "--sparse=always", image, image + ".old")
        self.mount(world, image)
        then = set(world.witness.generations(self.pipeline))
        lab.relays[self.pipeline].start()
        for _ in range(self.dice.randint(1, 2)):
            world.change_something(self.pipeline, self.dice)
            world.run(self.pipeline)
            world.wait(3 * MOMENT_S, lambda: world.nas.running(self.pipeline) is None)
        world.blind.add(self.pipeline)
        self.still(world)
        gone = set(world.witness.generations(self.pipeline)) - then
        lab.unmount_seen(self.pipeline)
        sh("umount", lab.kept(self.pipeline))
        os.rename(image + ".old", image)
        self.mount(world, image)
        now = set(world.witness.known[self.pipeline]) | set(world.witness.generations(self.pipeline)) | gone
        for name in now - then:
            world.remove_by_hand(self.pipeline, name)
        for name in then:  # what has been removed by its time is there again
            world.by_hand[self.pipeline].discard(name)
        world.blind.discard(self.pipeline)
        lab.relays[self.pipeline].start()
        world.run(self.pipeline)

    def still(self, world):
        """No receiver is on that vault."""
        world.lab.relays[self.pipeline].stop(9)
        root = world.lab.root(self.pipeline).encode()
        if not world.wait(60, lambda: not [pid for pid in processes("aob-receiver") if root in open("/proc/%d/cmdline" % pid, "rb").read()]):
            raise AssertionError("a receiver is still there, 60 s after its link was cut")

    def mount(self, world, image):
        sh("mount", "-o", "loop,noatime,discard", image, world.lab.kept(self.pipeline))
        world.lab.mount_seen(self.pipeline)


# ---- by hand

class RemoveSnapshot(Fault):
    """A local snapshot is deleted: one that is held, or the anchor."""
    weight = 3

    def inject(self, world):
        if self.dice.random() < 0.5:
            world.change_something(self.pipeline, self.dice)
            world.run(self.pipeline)
            time.sleep(self.dice.uniform(0, 1.5))
        names = sorted(name for name in os.listdir(world.nas.snapshots) if name.startswith(self.pipeline + "."))
        if names:
            world.witness.catch()
            subprocess.run(["btrfs", "-q", "subvolume", "delete", "%s/%s" % (world.nas.snapshots, self.dice.choice(names))], stderr=subprocess.DEVNULL)
            world.run(self.pipeline)


class RemoveGeneration(Fault):
    """A generation is deleted by hand while others may be built on it; its record stays."""
    weight = 2

    def claims(self):
        return {"vault " + self.pipeline}

    def inject(self, world):
        if self.dice.random() < 0.5:
            world.change_something(self.pipeline, self.dice)
            world.run(self.pipeline)
            time.sleep(self.dice.uniform(0, 1.5))
        world.blind.add(self.pipeline)
        names = world.witness.generations(self.pipeline)
        name = names[-1] if self.dice.random() < 0.5 else self.dice.choice(names)
        path = "%s/generations/%s" % (world.lab.folder(self.pipeline), name)
        world.remove_by_hand(self.pipeline, name)
        if subprocess.run(["btrfs", "-q", "subvolume", "delete", path], stderr=subprocess.DEVNULL).returncode != 0:
            subprocess.run(["rm", "-rf", path], stderr=subprocess.DEVNULL)
        world.run(self.pipeline)

    def undo(self, world):
        if world.wait(MOMENT_S, lambda: world.witness.current(self.pipeline) is not None):
            world.blind.discard(self.pipeline)


class EditCurrent(RemoveGeneration):
    """Somebody makes `current` lead elsewhere, or removes it."""

    def draw(self, dice):
        self.how = dice.choice(("nothing", "nowhere", "an older one", "outside"))

    def inject(self, world):
        world.blind.add(self.pipeline)
        folder = world.lab.folder(self.pipeline)
        try:
            os.unlink(folder + "/current")
            if self.how != "nothing":
                oldest = "generations/" + world.witness.generations(self.pipeline)[0]
                os.symlink({"nowhere": "generations/2001-01-01T00-00-00Z", "an older one": oldest, "outside": "/etc"}[self.how], folder + "/current")
        except OSError as fault:
            world.tell("  " + str(fault))
        world.change_something(self.pipeline, self.dice)
        world.run(self.pipeline)

    def undo(self, world):
        at = world.lab.folder(self.pipeline) + "/current"
        if world.wait(MOMENT_S, lambda: os.readlink(at).startswith("generations/") and os.path.isdir(at)):
            world.blind.discard(self.pipeline)

    def __str__(self):
        return "EditCurrent of %s: leads to %s" % (self.pipeline, self.how)


class RemoveIncoming(Fault):
    """What is being built is deleted by hand."""

    def claims(self):
        return {"vault " + self.pipeline}

    def inject(self, world):
        world.large(self.pipeline, 3 << 20, self.dice)
        world.run(self.pipeline)
        trees = world.lab.folder(self.pipeline) + "/.aob/incoming"
        world.wait(MOMENT_S, lambda: os.listdir(trees))
        time.sleep(self.dice.uniform(0, 0.8))
        for name in os.listdir(trees):
            subprocess.run(["rm", "-rf", "%s/%s" % (trees, name)], stderr=subprocess.DEVNULL)
