"""The independent checker of whole pipelines: looks at vaults, snapshots, stores and processes from outside. Nothing of ours is linked or run."""
import collections
import fcntl
import hashlib
import json
import os
import pickle
import re
import sqlite3
import struct
import subprocess
import threading
import time

from daemons import descriptors, processes, rss_bytes
from lab import KEPT, PIPELINES, sh
from rot import Damage, inodes, names_of
from same_tree import describe, differences

RSS_MOST = 64 << 20
DESCRIPTORS_MOST = 200
SETTLE_S = 60  # how long what ends may take to be gone
MEND_S = 420  # within which what is damaged is found and mended, as pauses between tries grow to some minutes
Known = collections.namedtuple("Known", "uuid run digest inodes")


class Broken(AssertionError):
    """A promise is broken."""


def subvolume(path):
    """UUID and parent's UUID."""
    words = [line.split() for line in sh("btrfs", "subvolume", "show", path).splitlines()]
    found = {" ".join(w[:-1]): w[-1] for w in words if len(w) > 1}
    return found["UUID:"], found["Parent UUID:"]


def digest(tree):
    return hashlib.sha256(repr((sorted(tree[0].items()), tree[1])).encode("utf-8", "surrogateescape")).hexdigest()


INO_LOOKUP, ROOT = 0xD0009412, 256  # BTRFS_IOC_INO_LOOKUP, BTRFS_FIRST_FREE_OBJECTID: linux/btrfs.h


def subvolume_id(path):
    """No other subvolume of this file system ever has it, unlike a device number, which the next one may get."""
    args = bytearray(4096)
    struct.pack_into("<QQ", args, 0, 0, ROOT)
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.ioctl(folder, INO_LOOKUP, args)
    finally:
        os.close(folder)
    return struct.unpack_from("<Q", args)[0]


class Witness(threading.Thread):
    """Keeps a snapshot of each snapshot that our processes make, so that a generation can be compared with what its record names."""

    def __init__(self, lab):
        super().__init__(daemon=True)
        self.lab, self.nases, self.lock, self.ended = lab, [], threading.RLock(), threading.Event()
        self.caught = {}  # (snapshot's path, its device number): our own
        self.pending = []  # ours, whose UUIDs have not been read yet
        self.ours = {}  # UUID of a snapshot: our own of it
        self.expected = {}  # UUID: digest
        self.known = collections.defaultdict(dict)  # pipeline: generation: Known
        self.rot = {name: Damage() for name in PIPELINES}  # what faults have damaged in published generations
        self.peaks, self.settle_s, self.mend_s = collections.Counter(), SETTLE_S, MEND_S
        self.trouble = None
        os.mkdir(lab.work + "/manifests")
        self.watch(lab.nas)

    def watch(self, nas):
        os.makedirs(nas.disk + "/witness", exist_ok=True)
        with self.lock:
            self.nases = [n for n in self.nases if n.disk != nas.disk] + [nas]

    def run(self):
        while not self.ended.wait(0.03):
            try:
                self.catch()
            except OSError as fault:  # a disk that a fault has filled: again
                self.trouble = fault

    def close(self):
        self.ended.set()
        self.join()

    def catch(self):
        with self.lock:
            for nas in self.nases:
                for name in os.listdir(nas.snapshots):
                    path = "%s/%s" % (nas.snapshots, name)
                    try:
                        key = (path, subvolume_id(path))
                    except OSError:
                        continue
                    if key in self.caught:
                        continue
                    own = "%s/witness/%s.%d" % (nas.disk, name, len(self.caught))
                    sh("btrfs", "-q", "subvolume", "snapshot", "-r", path, own)
                    self.caught[key] = own
                    self.pending.append(own)

    def snapshot_of(self, uuid):
        with self.lock:
            for own in self.pending:
                self.ours[subvolume(own)[1]] = own
            self.pending = []
            return self.ours.get(uuid)

    def keep(self, nas, pipeline):
        """A snapshot of our own of the source as it is now."""
        with self.lock:
            own = "%s/witness/%s.final" % (nas.disk, pipeline)
            if os.path.exists(own):
                sh("btrfs", "-q", "subvolume", "delete", own)
            sh("sync", "-f", nas.source(pipeline))
            sh("btrfs", "-q", "subvolume", "snapshot", "-r", nas.source(pipeline), own)
            return own

    def forget_snapshots(self):
        """What has been compared is known by its digest; nothing else can be published any more."""
        with self.lock:
            self.snapshot_of(None)
            for uuid, own in list(self.ours.items()):
                if uuid not in self.expected:
                    self.manifest(uuid)
                sh("btrfs", "-q", "subvolume", "delete", own)
                del self.ours[uuid]
            there = {n.snapshots + "/" + name for n in self.nases for name in os.listdir(n.snapshots)}
            self.caught = {key: own for key, own in self.caught.items() if key[0] in there}

    def manifest(self, uuid):
        """What the snapshot of this UUID was."""
        path = "%s/manifests/%s" % (self.lab.work, uuid)
        own = self.snapshot_of(uuid)
        if own is None and not os.path.exists(path):
            raise Broken("a generation names the snapshot %s, which was never seen" % uuid)
        if not os.path.exists(path):
            tree = describe(own)
            with open(path, "wb") as f:
                pickle.dump(tree, f)
            self.expected[uuid] = digest(tree)
        return path

    def tree_of(self, uuid):
        with open(self.manifest(uuid), "rb") as f:
            return pickle.load(f)

    # ---- one generation

    def record(self, pipeline, name):
        try:
            with open("%s/.aob/generations/%s.json" % (self.lab.folder(pipeline), name)) as f:
                return json.load(f)
        except FileNotFoundError:
            return None

    def records_left(self, pipeline):
        """The names of generations that have a record, and are not there."""
        try:
            records = os.listdir(self.lab.folder(pipeline) + "/.aob/generations")
        except FileNotFoundError:
            return set()
        return {name[:-len(".json")] for name in records if name.endswith(".json")} - set(self.generations(pipeline))

    def whole(self, pipeline, name, at_rest=False):
        """The generation is what its record names, and what it was when it was seen first, but for the damage that is known."""
        path, record, rot = "%s/generations/%s" % (self.lab.folder(pipeline), name), self.record(pipeline, name), self.rot[pipeline]
        if record is None:
            if not os.path.exists(path):
                return  # removed meanwhile
            raise Broken("%s: generation %s has no record" % (pipeline, name))
        tree, uuid = describe(path), record["snapshot_uuid"]
        now, known = Known(uuid, record["run"], digest(tree), inodes(path)), self.known[pipeline].get(name)
        if not os.path.exists(path):
            return
        if known is not None and known[:2] != now[:2]:
            raise Broken("%s: the record of generation %s has changed" % (pipeline, name))
        manifest = self.manifest(uuid)
        if not rot.clean():
            self.whole_but(pipeline, name, uuid, tree, at_rest)
            now = now._replace(digest=self.expected[uuid])
        if known is None:
            if now.digest != self.expected[uuid]:
                with open(manifest, "rb") as f:
                    faults = differences(pickle.load(f), tree)
                raise Broken("%s: generation %s is not the snapshot that its record names:\n%s" % (pipeline, name, "\n".join(faults[:20])))
            if any(entry.startswith(".aob-") for entry in os.listdir(path)) and (rot.clean() or at_rest):
                raise Broken("%s: generation %s has a work folder left in it" % (pipeline, name))
            self.known[pipeline][name] = now
            return
        faults = differences(self.tree_of(uuid), tree) if known.digest != now.digest else []
        faults += ["%r has another inode" % other for other in self.moved(rot, known, now, name, tree)]
        if known.digest != now.digest or faults:
            raise Broken("%s: generation %s has changed since it was published:\n%s" % (pipeline, name, "\n".join(faults[:20])))

    def whole_but(self, pipeline, name, uuid, tree, at_rest):
        """The same, where something has been damaged: that is so still, or good again. In the middle of a mending a bit less can be said."""
        rot, expected = self.rot[pipeline], self.tree_of(uuid)
        gone = rot.gone(name, tree)
        expected = {path: what for path, what in expected[0].items() if path not in gone}, expected[1]
        how = rot.healed if at_rest else rot.midway
        faults = differences(how(expected), how(tree))
        if faults:
            raise Broken("%s: generation %s is not what it was, beside what was damaged:\n%s" % (pipeline, name, "\n".join(faults[:20])))

    @staticmethod
    def moved(rot, known, now, name, tree):
        """Paths whose inode is another one, though nothing of theirs was damaged."""
        if rot.clean():
            return [path for path in set(known.inodes) | set(now.inodes) if known.inodes.get(path) != now.inodes.get(path)]
        return [path for path in set(known.inodes) & set(now.inodes) if known.inodes[path] != now.inodes[path]
                and (name, path) not in rot.removed and not (path in tree[0] and rot.touched(tree[0][path]))]

    # ---- what is damaged

    def damage(self, pipeline):
        """All that is damaged or gone now: {(generation, path)}, and of these what somebody still has."""
        trees = {name: describe("%s/generations/%s" % (self.lab.folder(pipeline), name)) for name in self.generations(pipeline)}
        return self.rot[pipeline].left(trees, describe(self.lab.nas.source(pipeline)))

    def cared(self, nas, pipeline):
        """What was damaged is good again by itself if the source or the vault still has it; what is not is named, exactly, and an alarm."""
        if self.rot[pipeline].clean():
            return
        within(self.mend_s, lambda: self.mended(pipeline))
        within(self.mend_s, lambda: self.named(nas, pipeline))

    def mended(self, pipeline):
        mendable = self.damage(pipeline)[2]
        if mendable:
            raise Broken("%s: damaged still, though it could be mended: %s" % (pipeline, sorted(mendable)[:5]))

    def named(self, nas, pipeline):
        bad, gone, _ = self.damage(pipeline)
        status, out, err = nas.aob("verify", pipeline, "--all", "--look-only", "--json", patience_s=60)
        if status not in (0, 65):
            raise Broken("%s: no verification: %s %s" % (pipeline, status, err))
        told, missing = set(), set()
        for line in map(json.loads, out.splitlines()):
            if "damage" in line:
                path = bytes.fromhex(line["path_hex"]) if "path_hex" in line else os.fsencode(line["path"])
                if line["damage"] in ("missing", "differs"):  # the latter where nothing tells how many files there were
                    missing |= {(name, path) for name in line["generations"]}
                else:
                    told |= names_of({name: "%s/generations/%s" % (self.lab.folder(pipeline), name) for name in line["generations"]}, path)
        lost = {(name, path) for name, path in gone if not {(name, path), (name, b"")} & missing and "own_files" in (self.record(pipeline, name) or {})}
        odd = {(name, path) for name, path in missing if (name, path) not in gone and not (path == b"" and name in {other for other, _ in gone})}
        if told != bad or lost or odd:
            raise Broken("%s: damaged and not named: %s; named and not damaged: %s; gone and not named: %s; named as gone: %s"
                         % (pipeline, sorted(bad - told)[:5], sorted(told - bad)[:5], sorted(lost)[:5], sorted(odd)[:5]))
        alarms = [one for p in nas.ask("status")["pipelines"] if p["name"] == pipeline for one in p["alarms"] if one["kind"] == "damaged"]
        if bool(alarms) != bool(told | missing):
            raise Broken("%s: %d files are damaged, the alarms are %s" % (pipeline, len(told | missing), alarms))

    def put_right(self, nas, pipeline):
        """By hand, what nobody had any more; from then on all is as it was, and the alarm ends."""
        rot = self.rot[pipeline]
        if rot.clean():
            return
        bad, _, _ = self.damage(pipeline)
        for name, path in bad:
            rot.put_right(os.path.join(os.fsencode("%s/generations/%s" % (self.lab.folder(pipeline), name)), path))
        for name in self.generations(pipeline):
            rot.put_back("%s/generations/%s" % (self.lab.folder(pipeline), name), name)
        within(self.mend_s, lambda: self.named(nas, pipeline))
        for name in self.generations(pipeline):
            self.whole(pipeline, name, at_rest=True)
            path = "%s/generations/%s" % (self.lab.folder(pipeline), name)
            known = self.known[pipeline][name]
            if digest(describe(path)) != self.expected[known.uuid]:
                raise Broken("%s: generation %s is not what it was, though all is put right" % (pipeline, name))
            self.known[pipeline][name] = known._replace(digest=self.expected[known.uuid], inodes=inodes(path))
        self.rot[pipeline] = Damage()

    def generations(self, pipeline):
        try:
            return sorted(os.listdir(self.lab.folder(pipeline) + "/generations"))
        except FileNotFoundError:
            return []

    def current(self, pipeline):
        """The folder that `current` leads to; None: there is none."""
        at = self.lab.folder(pipeline) + "/current"
        return os.path.realpath(at) if os.path.isdir(at) else None

    def forget(self, pipeline, name):
        """Somebody removes it by hand. What is older than all that is there has been removed by its time before, when there was one more."""
        there = self.generations(pipeline)
        self.known[pipeline] = {other: known for other, known in self.known[pipeline].items() if other != name and there and other >= there[0]}

    # ---- at any moment

    def look(self, pipeline, dice):
        """I1 to I3 while everything runs."""
        folder = self.lab.folder(pipeline)
        if not self.generations(pipeline):
            return
        self.whole(pipeline, dice.choice(self.generations(pipeline)))
        if not os.path.islink(folder + "/current") and not self.known[pipeline]:
            return  # the first one is just being published
        link = os.readlink(folder + "/current")
        name = os.path.basename(link)
        if link != "generations/" + name or name not in self.generations(pipeline) or self.record(pipeline, name) is None:
            raise Broken("%s: `current` leads to %s, which is no whole generation" % (pipeline, link))
        self.whole(pipeline, name)

    # ---- when everything is at rest

    def settled(self, nas, pipeline, accepted, by_hand):
        folder, there = self.lab.folder(pipeline), self.generations(pipeline)
        within(self.settle_s, lambda: self.nothing_left(folder))
        records = sorted(os.listdir(folder + "/.aob/generations"))
        if records != [name + ".json" for name in there]:
            raise Broken("%s: generations %s, but in the records' folder %s" % (pipeline, there, records))
        if os.readlink(folder + "/current") != "generations/" + there[-1]:
            raise Broken("%s: `current` leads to %s; the newest is %s" % (pipeline, os.readlink(folder + "/current"), there[-1]))
        gone = set(sorted(set(self.known[pipeline]) | set(there))[-KEPT:]) - set(there)
        if gone:
            raise Broken("%s: of the newest %d generations these are gone: %s" % (pipeline, KEPT, sorted(gone)))
        self.known[pipeline] = {name: known for name, known in self.known[pipeline].items() if name in there}
        self.cared(nas, pipeline)
        for name in there:
            self.whole(pipeline, name, at_rest=True)
        within(self.settle_s, lambda: self.one_snapshot(nas, pipeline))
        within(self.settle_s, lambda: self.store(nas, pipeline, accepted, there, by_hand))

    def nothing_left(self, folder):
        for name in ("incoming", "trash"):
            left = os.listdir("%s/.aob/%s" % (folder, name))
            if left:
                raise Broken("left in %s/.aob/%s: %s" % (folder, name, left))
        odd = set(os.listdir(folder + "/.aob")) - {"format.json", "lock", "generations", "incoming", "trash", "brake.json", "owner.json", "clock.json", "contact.json", "pages", "verify.json",
                                                          "verify.lock"}
        odd |= set(os.listdir(folder)) - {".aob", "generations", "current", "START-HERE.html", "README.txt"}
        if odd:
            raise Broken("left in %s: %s" % (folder, sorted(odd)))

    def one_snapshot(self, nas, pipeline):
        """The anchor, and what the last run has left if it found nothing new: the next run removes that."""
        anchor = self.record(pipeline, self.generations(pipeline)[-1])["snapshot_uuid"]
        last = self.last_run(nas, pipeline)[0]
        left = [name for name in os.listdir(nas.snapshots) if name.startswith(pipeline + ".") and name != "%s.%s" % (pipeline, last)]
        odd = [name for name in left if subvolume("%s/%s" % (nas.snapshots, name))[0] != anchor]
        if odd:
            raise Broken("%s: snapshots that are neither the anchor nor of the last run: %s" % (pipeline, odd))

    def last_run(self, nas, pipeline):
        """Its name and state; of one that went through all stages, not of one that only made room."""
        return self.sql(nas, "select run, state from runs where pipeline = ? and care = 0 and kind = 'whole' order by seq desc limit 1", pipeline)[0]

    def sql(self, nas, text, *values):
        db = sqlite3.connect("file:%s?mode=ro" % nas.state, uri=True, timeout=10)
        try:
            return db.execute(text, values).fetchall()
        finally:
            db.close()

    def store(self, nas, pipeline, accepted, there, by_hand):
        """I4: what was acknowledged is in the store, and what the store says is in the vault is there."""
        if self.sql(nas, "pragma integrity_check") != [("ok",)]:
            raise Broken("the store is damaged")
        runs = dict(self.sql(nas, "select run, state from runs where pipeline = ? and care = 0", pipeline))
        kept = {row[0] for row in self.sql(nas, "select generation from generations where pipeline = ? and pruned = 0", pipeline)}
        lost = sorted(run for run in accepted if run not in runs)
        unended = sorted(run for run, state in runs.items() if state == "running")
        if lost or unended:
            raise Broken("%s: accepted runs that are lost: %s; that never ended: %s" % (pipeline, lost, unended))
        wrong = kept - set(there) - by_hand
        if wrong:
            raise Broken("%s: the store says that these generations are in the vault, but they are not: %s" % (pipeline, sorted(wrong)))

    def leaks(self, nases):
        """I5: processes, sockets, memory."""
        within(self.settle_s, lambda: self.processes(nases))
        for nas in nases:
            odd = set(os.listdir(nas.work + "/run")) - {"broker", "events"}
            odd |= set(os.listdir(nas.store)) - {"state.db", "state.db-wal", "state.db-shm", "state.db.lock", "ledgers", "lost+found"}
            odd |= {"ledgers/" + name for name in self.files(nas.store + "/ledgers") if not re.fullmatch(r".*\.(vault\.json|db(-wal|-shm|-journal)?)", name)}
            if odd:
                raise Broken("left in %s: %s" % (nas.work, sorted(odd)))
            for name, daemon in nas.daemons.items():
                pid = daemon.pid()
                rss, fds = rss_bytes(pid) if pid else 0, descriptors(pid) if pid else 0
                self.peaks[name + " bytes"] = max(self.peaks[name + " bytes"], rss)
                self.peaks[name + " descriptors"] = max(self.peaks[name + " descriptors"], fds)
                if rss > RSS_MOST or fds > DESCRIPTORS_MOST:
                    raise Broken("%s has %d bytes of memory and %d descriptors" % (name, rss, fds))

    @staticmethod
    def files(folder):
        return os.listdir(folder) if os.path.isdir(folder) else []

    def processes(self, nases):
        ours = {d.pid() for nas in nases for d in nas.daemons.values()}
        for program in ("broker", "watcher", "snapshotter", "transfer", "pruner", "monitor", "receiver"):
            left = set(processes("aob-" + program)) - ours
            if left:
                raise Broken("aob-%s is left: %s" % (program, sorted(left)))
        if processes("ssh"):
            raise Broken("ssh is left: %s" % subprocess.run(["ps", "-fC", "ssh"], capture_output=True, text=True).stdout)


def within(limit_s, check):
    """The check holds in the end."""
    end = time.monotonic() + limit_s
    while True:
        try:
            return check()
        except (Broken, FileNotFoundError):
            if time.monotonic() > end:
                raise
        time.sleep(0.2)
