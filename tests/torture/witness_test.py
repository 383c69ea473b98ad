"""What the checker must see: each promise is broken by hand once, and put right again."""
import os
import shutil
import sqlite3
import subprocess

from lab import sh
from rot import Damage as Rot
from rot import inodes
from witness import MEND_S, SETTLE_S, Broken


def flip(path):
    """A byte of a file, its times as before."""
    st = os.lstat(path)
    with open(path, "r+b") as f:
        byte = f.read(1)
        f.seek(0)
        f.write(bytes([byte[0] ^ 1]))
    os.utime(path, ns=(st.st_atime_ns, st.st_mtime_ns))


def some_file(folder):
    return next(path for at, _, files in sorted(os.walk(folder)) for path in (os.path.join(at, name) for name in sorted(files))
                if os.path.isfile(path) and not os.path.islink(path) and os.path.getsize(path) > 0)


class Damage:
    """Each method breaks something of pipeline e, and gives what puts it right."""

    def __init__(self, world):
        self.world, self.folder, self.names = world, world.lab.folder("e"), world.witness.generations("e")
        self.away = world.lab.kept("e") + "/away"

    def a_byte_of_an_older_generation(self):
        path = some_file("%s/generations/%s" % (self.folder, self.names[0]))
        flip(path)
        return lambda: flip(path)

    def a_byte_of_a_generation_that_was_never_seen_before(self):
        known = self.world.witness.known["e"]
        self.world.witness.known["e"] = {}
        path = some_file("%s/generations/%s" % (self.folder, self.names[-1]))
        flip(path)

        def right():
            flip(path)
            self.world.witness.known["e"] = known
        return right

    def damage_that_nobody_mends(self):
        path = some_file("%s/generations/%s" % (self.folder, self.names[-1]))
        self.world.witness.rot["e"].flip(path, 0)

        def right():
            self.world.witness.rot["e"].put_right(path)
            self.world.witness.rot["e"] = Rot()
        return right

    def a_file_that_is_missing_beside_what_is_known(self):
        """Something else has rotted: that is no excuse."""
        root = "%s/generations/%s" % (self.folder, self.names[0])
        rot = Rot()
        rot.remove(root, "here", os.path.relpath(os.fsencode(some_file(root)), os.fsencode(root)))
        self.world.witness.rot["e"].good[0, b""] = (0, b"")

        def right():
            rot.put_back(root, "here")
            known = self.world.witness.known["e"]
            known[self.names[0]] = known[self.names[0]]._replace(inodes=inodes(root))
            self.world.witness.rot["e"] = Rot()
        return right

    def a_file_more(self):
        path = "%s/generations/%s/more" % (self.folder, self.names[-1])
        at = os.path.dirname(path)
        st = os.lstat(at)
        open(path, "w").close()

        def right():
            os.unlink(path)
            os.utime(at, ns=(st.st_atime_ns, st.st_mtime_ns))
        return right

    def a_generation_without_its_record(self):
        path = "%s/.aob/generations/%s.json" % (self.folder, self.names[0])
        os.rename(path, path + "-")
        return lambda: os.rename(path + "-", path)

    def a_generation_that_is_gone(self):
        pairs = [("%s/%s" % (self.folder, name), "%s.%d" % (self.away, i))
                 for i, name in enumerate(("generations/" + self.names[-2], ".aob/generations/%s.json" % self.names[-2]))]
        for here, there in pairs:
            os.rename(here, there)
        return lambda: [os.rename(there, here) for here, there in pairs]

    def current_leads_nowhere(self):
        os.rename(self.folder + "/current", self.away)
        os.symlink("generations/2001-01-01T00-00-00Z", self.folder + "/current")
        return lambda: os.rename(self.away, self.folder + "/current")

    def something_in_incoming(self):
        os.mkdir(self.folder + "/.aob/incoming/left")
        return lambda: os.rmdir(self.folder + "/.aob/incoming/left")

    def something_in_the_trash(self):
        os.mkdir(self.folder + "/.aob/trash/left")
        return lambda: os.rmdir(self.folder + "/.aob/trash/left")

    def a_second_snapshot(self):
        nas = self.world.nas
        path = nas.snapshots + "/e.20200101T000000Z-00000000"
        sh("btrfs", "-q", "subvolume", "snapshot", "-r", nas.source("e"), path)
        return lambda: sh("btrfs", "-q", "subvolume", "delete", path)

    def a_run_that_is_lost(self):
        self.world.accepted["e"].add("20200101T000000Z-00000000")
        return lambda: self.world.accepted["e"].discard("20200101T000000Z-00000000")

    def a_generation_that_only_the_store_knows(self):
        def change(text):
            with sqlite3.connect(self.world.nas.state, timeout=10) as db:
                db.execute(text)
        change("insert into generations select pipeline, '2001-01-01T00-00-00Z', run, state, taken_at, published_at, files, bytes, literal_bytes, wire_sent, vault, ctransid,"
               " snapshot_uuid, source_uuid, 0 from generations where pipeline = 'e' limit 1")
        return lambda: change("delete from generations where generation = '2001-01-01T00-00-00Z'")

    def a_socket_more(self):
        path = self.world.nas.work + "/run/left"
        open(path, "w").close()
        return lambda: os.unlink(path)

    def a_receiver_that_does_not_end(self):
        program = self.world.lab.work + "/aob-receiver"
        shutil.copy("/bin/sleep", program)
        child = subprocess.Popen([program, "600"])

        def right():
            child.kill()
            child.wait()
        return right


def run(world, tell):
    """Returns how many were seen; raises if one was not."""
    verifier = world.nas.daemons["verifier"]
    verifier.stop()  # it would mend what is broken here
    world.witness.settle_s = world.witness.mend_s = 1
    names = [name for name in vars(Damage) if not name.startswith("_")]
    for name in names:
        right = getattr(Damage(world), name)()
        try:
            world.witness.settled(world.nas, "e", world.accepted["e"], world.by_hand["e"])
            world.witness.leaks(world.nases)
        except Broken as seen:
            tell("  seen: %s: %s" % (name.replace("_", " "), str(seen).split("\n")[0][:120]))
        else:
            raise AssertionError("the checker does not see: " + name.replace("_", " "))
        finally:
            right()
    world.witness.settle_s, world.witness.mend_s = SETTLE_S, MEND_S
    verifier.start()
    world.check()
    return len(names)
