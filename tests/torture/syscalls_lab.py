"""A NAS without its broker and vaults on file systems of their own, the receiver under strace(1) when asked to: what every-syscall plays with, and how it looks at the outcome."""
import collections
import json
import os
import random
import re
import shutil
import subprocess

import wire_peer as w
from disks import Disks

KEPT = 3


class Broken(AssertionError):
    """A promise is broken."""


def sh(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def fingerprint(folder):
    """All names, metadata and contents but link counts, which newer generations change."""
    return sh("bash", "-c", r"""cd "$1" && { find . -printf '%P\0%y %m %U %G %s %T@ %i\0' | LC_ALL=C sort -z
        find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum -z -- ; } | sha256sum""", "_", folder)


def same_tree(a, b):
    out = sh("rsync", "-aHAXnc", "--delete", "--itemize-changes", "--filter=-x user.aob.*", a + "/", b + "/")
    if out:
        raise Broken("%s is not %s:\n%s" % (b, a, out))


class Lab(Disks):
    def __init__(self, work, kinds):
        super().__init__(work)
        self.n, self.many = 0, 0
        os.mkdir(work + "/bin")
        os.mkdir(work + "/state")  # the ledger lies there, and with it a root is compared
        self.nas = self.mount("nas", "btrfs", "1G")
        self.source = self.nas + "/data"
        sh("btrfs", "-q", "subvolume", "create", self.source)
        os.mkdir(self.nas + "/.aob-snapshots", 0o700)
        with open(work + "/aob.yaml", "w") as f:
            f.write("broker: { state: %s/state/state.db }\nvaults:\n  v: { path: %s/elsewhere }\npipelines:\n  p:\n    source: %s\n    vault: v\n    stages: [snapshot, transfer]\n" % (work, work, self.source))
        build = os.environ["BUILD"]
        # A local vault's receiver is the one beside the program that asks for it: here a script that puts strace around it when asked to.
        for program in ("aob-transfer", "aob-verifier"):
            shutil.copy("%s/%s" % (build, program), work + "/bin/")
        with open(work + "/bin/aob-receiver", "w") as f:
            f.write("#!/bin/bash\n[ ! -e %s/inject ] || { mapfile -t words <%s/inject; exec strace -qq -o %s/trace \"${words[@]}\" %s/aob-receiver \"$@\"; }\n"
                    "exec %s/aob-receiver \"$@\"\n" % (work, work, work, build, build))
        os.chmod(work + "/bin/aob-receiver", 0o755)
        self.vaults = {kind: self.mount("vault-" + kind, kind, "1G") for kind in kinds}
        self.snapshots = []

    def write(self, name, content):
        with open(self.source + "/" + name, "wb") as f:
            f.write(content)

    def change(self):
        """The next state of the source: something of every kind, by the same number of steps each time."""
        self.n += 1
        noise = random.Random(self.n)
        if self.n == 1:
            os.makedirs(self.source + "/folder/deep")
            self.write("patched", noise.randbytes(300000))
            self.write("folder/moved.0", noise.randbytes(5000))
            self.write("shared", noise.randbytes(3000))
            os.link(self.source + "/shared", self.source + "/folder/shared")
            for i in range(4):
                self.write("folder/deep/%d" % i, noise.randbytes(2000))
        with open(self.source + "/patched", "r+b") as f:
            f.seek(65536)
            f.write(noise.randbytes(8192))
        os.rename("%s/folder/moved.%d" % (self.source, self.n - 1), "%s/folder/moved.%d" % (self.source, self.n))
        if self.n > 1:
            shutil.rmtree("%s/new.%d" % (self.source, self.n - 1))
        os.mkdir("%s/new.%d" % (self.source, self.n))
        self.write("new.%d/file" % self.n, noise.randbytes(20000))
        self.write("new.%d/large" % self.n, noise.randbytes(3000000))
        os.symlink("file", "%s/new.%d/link" % (self.source, self.n))
        os.chmod(self.source + "/folder/deep/0", 0o640 if self.n % 2 else 0o600)
        self.write("folder/deep/1", noise.randbytes(2000))
        os.makedirs(self.source + "/many", exist_ok=True)
        for i in range(self.many):  # so much that the brake trips
            self.write("many/%d" % i, noise.randbytes(1000))
        self.snapshot = "%s/.aob-snapshots/p.r%d" % (self.nas, self.n)
        sh("btrfs", "-q", "subvolume", "snapshot", "-r", self.source, self.snapshot)
        self.uuid = re.search(r"^\s+UUID:\s+(\S+)", sh("btrfs", "subvolume", "show", self.snapshot), re.M).group(1)
        self.snapshots.append(self.snapshot)
        while len(self.snapshots) > KEPT + 2:
            sh("btrfs", "-q", "subvolume", "delete", self.snapshots.pop(0))

    def inject(self, words):
        for name in ("inject", "trace"):
            if os.path.exists("%s/%s" % (self.work, name)):
                os.unlink("%s/%s" % (self.work, name))
        if words is not None:
            with open(self.work + "/inject", "w") as f:
                f.write("".join(word + "\n" for word in words))

    def trace(self):
        """The calls from the client's first byte on, by name, and whether the receiver was killed."""
        calls, begun, killed, before = [], False, False, collections.Counter()
        with open(self.work + "/trace", errors="replace") as f:
            for line in f:
                killed = killed or "+++ killed by SIGKILL" in line
                call = re.match(r"([a-z_0-9]+)\(", line)
                if not call:
                    continue
                if not begun:
                    begun = line.startswith("read(0, ")
                    before[call.group(1)] += 1
                else:
                    calls.append(call.group(1))
        return calls, before, killed


class Vault:
    def __init__(self, lab, kind):
        self.lab, self.kind = lab, kind
        self.root = lab.vaults[kind] + "/root"
        os.mkdir(self.root)
        self.folder = self.root + "/p"
        self.known = {}  # generation: fingerprint
        self.made_of = {}  # generation: snapshot
        self.attempt = 0

    # ---- doing

    def transfer(self):
        """One attempt. True if it ended well."""
        self.attempt += 1
        lab = self.lab
        request = {"v": 1, "job": "r%d/1" % lab.n, "run": "r%d" % lab.n, "pipeline": "p", "attempt": self.attempt, "source": lab.source, "trigger": "manual",
                   "vault": {"name": "v", "root": self.root}, "with": {},
                   "results": {"snapshot": {"path": lab.snapshot, "snapshot": lab.snapshot, "uuid": lab.uuid, "ctransid": lab.n, "state": "quiet",
                                            "taken_at": 1600000000 + lab.n}}}
        with open(lab.work + "/request.json", "w") as f:
            json.dump(request, f)
        done = subprocess.run([lab.work + "/bin/aob-transfer", "--config", lab.work + "/aob.yaml", "--once", lab.work + "/request.json"],
                              capture_output=True, text=True, timeout=120)
        self.said = done.stdout + done.stderr
        return done.returncode == 0

    def ask(self, role, question, answer):
        """What the frame `answer` says to the question, in a session of that role; None: it did not come. What else was said: said."""
        peer = w.Peer([self.lab.work + "/bin/aob-receiver", "serve", "--root", self.root], stderr=subprocess.PIPE)
        heard, self.said = None, ""
        try:
            peer.say(w.hello(role), question)
            heard = peer.until(answer)[-1][1]
            peer.say(w.frame("BYE"))
            peer.child.stdin.close()
            peer.child.stdout.read()
        except (w.Gone, w.Fault, BrokenPipeError) as fault:
            self.said = repr(fault)
        self.said += peer.child.stderr.read().decode(errors="replace")
        peer.child.stderr.close()
        peer.end()
        return heard

    def prune(self):
        """The oldest generation goes. True if the receiver said so."""
        heard = self.ask("prune", w.prune(self.victim), "PRUNED")
        return heard is not None and heard[4 + len(self.victim)] in (0, 2)

    # ---- looking, with tools that are none of ours

    def generations(self):
        return sorted(os.listdir(self.folder + "/generations"))

    def recorded(self, generation):
        return os.path.exists("%s/.aob/generations/%s.json" % (self.folder, generation))

    def holds(self):
        """What must be so at any moment."""
        there = self.generations()
        current = os.path.basename(os.readlink(self.folder + "/current"))
        if current not in there or not self.recorded(current):
            raise Broken("`current` leads to %s, which is %s" % (current, "without a record" if current in there else "not there"))
        for generation in there:
            if generation not in self.known:
                same_tree(self.lab.snapshot, "%s/generations/%s" % (self.folder, generation))
            elif fingerprint("%s/generations/%s" % (self.folder, generation)) != self.known[generation]:
                raise Broken("generation %s has changed" % generation)
        for generation in set(self.known) - set(there) - {getattr(self, "victim", None)}:
            raise Broken("generation %s is gone" % generation)

    def settled(self):
        """What must be so when an attempt has ended well."""
        self.holds()
        there = self.generations()
        records = sorted(name[:-5] for name in os.listdir(self.folder + "/.aob/generations"))
        if records != there:
            raise Broken("generations %s, records %s" % (there, records))
        if os.readlink(self.folder + "/current") != "generations/" + there[-1]:
            raise Broken("`current` leads to %s" % os.readlink(self.folder + "/current"))
        for name in ("incoming", "trash"):
            if os.listdir("%s/.aob/%s" % (self.folder, name)):
                raise Broken("left in .aob/%s: %s" % (name, os.listdir("%s/.aob/%s" % (self.folder, name))))
        for generation in there:
            self.known.setdefault(generation, fingerprint("%s/generations/%s" % (self.folder, generation)))

    def told(self):
        """The pages tell what is there, after an attempt that nothing was done to."""
        for name in ("START-HERE.html", "README.txt"):
            with open("%s/%s" % (self.folder, name)) as f:
                page = f.read()
            dates = {date for date in re.findall(r"generations/([0-9TZ-]+)", page)}
            if dates != set(self.generations()):
                raise Broken("%s tells of %s" % (name, sorted(dates)))
        left = [name for name in os.listdir(self.folder) + os.listdir(self.folder + "/.aob") if name.endswith(".new")]
        if left:
            raise Broken("left: %s" % left)

    def publish_well(self):
        before = len(self.known)
        for attempt in range(3):
            if self.transfer():
                break
        else:
            raise Broken("the run does not end well any more:\n" + self.said)
        self.settled()
        self.told()
        same_tree(self.lab.snapshot, self.folder + "/current/")
        if len(self.known) != before + 1:
            raise Broken("%d generations became %d" % (before, len(self.known)))

    def brake(self, release):
        """What the vault's brake says: 0 nothing is held, 1 something is, 2 released. None: it did not come to an answer."""
        heard = self.ask("release", w.brake(release, self.generations()[-1]), "BRAKED")
        return None if heard is None else heard[0]

    def held(self):
        """The newest generation has tripped the brake: those before it can't be removed."""
        with open(self.folder + "/.aob/brake.json") as f:
            marked = json.load(f)["runs"][-1]["generation"]
        if marked != self.generations()[-1]:
            raise Broken("the brake's mark is of %s, not of %s" % (marked, self.generations()[-1]))
        self.victim = self.generations()[0]
        if self.prune() or self.victim not in self.generations():
            raise Broken("%s is not held" % self.victim)

    def release_well(self):
        if self.brake(True) not in (0, 2) or self.brake(False) != 0:
            raise Broken("it can't be released any more:\n" + self.said)
        if os.path.exists(self.folder + "/.aob/brake.json"):
            raise Broken("the mark is there still")

    def release_uncompared(self):
        """What could not be compared, as a call failed, is held; that is as it should be, and nothing else is."""
        mark = self.folder + "/.aob/brake.json"
        if os.path.exists(mark):
            with open(mark) as f:
                reasons = [run["reason"] for run in json.load(f)["runs"]]
            if not all("it can't be compared" in reason for reason in reasons):
                raise Broken("the brake has tripped: %s" % reasons)
            self.release_well()

    def prune_well(self):
        if not self.prune():
            raise Broken("the removal does not end well any more:\n" + self.said)
        self.known.pop(self.victim, None)
        self.settled()
        self.told()

    def thin_out(self):
        while len(self.known) > KEPT:
            self.victim = self.generations()[0]
            self.prune_well()
