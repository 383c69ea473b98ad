"""What restores and mends share: a NAS with a random tree and generations of it, made without a broker; and one attempt after the other that something happens to."""
import json
import os
import random
import signal
import subprocess
import time

from disks import Disks, sh, subvolume_uuid
from mutations import Mutator

BUILD = os.environ["BUILD"]
LIMIT_S = 600
MB = 1 << 20


class Nas(Disks):
    """A source with some large files, and read-only snapshots of it."""

    def __init__(self, work, seed):
        super().__init__(work)
        self.nas = self.mount("nas", "btrfs")
        self.source, self.snapshots = self.nas + "/data", []
        sh("btrfs", "-q", "subvolume", "create", self.source)
        self.dice = random.Random(seed)
        self.mutator = Mutator(self.source, seed, [])
        self.mutator.run(150)
        for i in range(6):
            with open("%s/large%d" % (self.source, i), "wb") as f:
                f.write(self.dice.randbytes(self.dice.randrange(100000, 5 * MB)))
        self.mutator.run(20)

    def snap(self):
        self.snapshots.append("%s/snapshot%d" % (self.nas, len(self.snapshots) + 1))
        sh("btrfs", "-q", "subvolume", "snapshot", "-r", self.source, self.snapshots[-1])
        return self.snapshots[-1]

    def configure(self, vault):
        """vault: what stands in the configuration of the vault v."""
        with open(self.work + "/aob.yaml", "w") as f:
            f.write("vaults:\n  v: { %s }\npipelines:\n  p: { source: %s, vault: v, stages: [snapshot, transfer] }\n" % (vault, self.source))

    def back_up(self, root):
        """A generation of the newest snapshot, in a vault at this machine."""
        n, snapshot = len(self.snapshots), self.snapshots[-1]
        with open(self.work + "/request.json", "w") as f:
            json.dump({"v": 1, "job": "r%d/1" % n, "run": "r%d" % n, "pipeline": "p", "attempt": 1, "source": self.source, "trigger": "manual",
                       "vault": {"name": "v", "root": root, "strategy": "auto"}, "with": {},
                       "results": {"snapshot": {"path": snapshot, "snapshot": snapshot, "uuid": subvolume_uuid(snapshot), "ctransid": n,
                                                "state": "quiet", "taken_at": 1600000000 + n}}}, f)
        done = subprocess.run([BUILD + "/aob-transfer", "--config", self.work + "/aob.yaml", "--once", self.work + "/request.json"], capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError("no generation was made:\n%s%s" % (done.stdout, done.stderr))


class Attempts:
    """One after the other. `disk` is what gets full."""
    words = ()  # what may happen
    points = ()  # crash points

    def __init__(self, dice, work, disk):
        self.dice, self.work, self.disk = dice, work, disk
        self.did, self.filler = [], disk + "/filler"

    def command(self):
        raise NotImplementedError

    def receivers(self):
        """PIDs of the vault's side."""
        raise NotImplementedError

    def start(self, **env):
        return subprocess.Popen(self.command(), env=dict(os.environ, AOB_CONFIG=self.work + "/aob.yaml", **env), stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def wait(self, child):
        self.out, err = child.communicate(timeout=LIMIT_S)
        self.did.append("status %d: %s" % (child.returncode, (self.out + err).decode(errors="replace")[-400:].strip()))
        if child.returncode < 0 and child.returncode not in (-signal.SIGKILL, -signal.SIGTERM):
            raise AssertionError("it ended with signal %d" % -child.returncode)
        return child.returncode

    def fill(self, left):
        """All of the disk but so many bytes."""
        free = os.statvfs(self.disk)
        with open(self.filler, "ab") as f:
            subprocess.run(["fallocate", "-o", str(f.tell()), "-l", str(max(free.f_bavail * free.f_frsize - left, 4096)), self.filler], capture_output=True)

    def happen(self, what, child):
        if what == "full":
            self.fill(self.dice.randrange(0, MB))
        elif what in ("kill", "term"):
            child.send_signal(signal.SIGTERM if what == "term" else signal.SIGKILL)
        elif what == "kill-receiver":
            self.send(self.receivers(), signal.SIGKILL)
        elif what == "stop":
            pids = self.receivers()
            self.send(pids, signal.SIGSTOP)
            time.sleep(self.dice.random())
            self.send(pids, signal.SIGCONT)

    @staticmethod
    def send(pids, number):
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def disturbed(self):
        """One attempt, and what happens to it. Its exit status."""
        what = self.dice.choice(self.words)
        pause = self.dice.random() ** 2 * 0.5
        point = "%s:%d" % (self.dice.choice(self.points), self.dice.choice([1, 1, 2, 9, 40])) if what == "point" else ""
        self.did.append("%s %s after %.3f s" % (what, point, pause))
        if what == "full-before":
            self.fill(self.dice.randrange(4096, 8 * MB))
        child = self.start(AOB_CRASH_POINT=point)
        if what not in ("full-before", "point"):
            time.sleep(pause)
            self.happen(what, child)
        status = self.wait(child)
        self.empty()
        return status

    def empty(self):
        if os.path.exists(self.filler):
            os.unlink(self.filler)
            sh("sync", "-f", self.disk)


def play(parser, lab_of, round_of, count, program):
    """The main loop of both. count(round): what is told of it at the end, as a list of numbers that are added up. Returns (rounds, seed, these sums), None after a failure, which is told."""
    args = parser.parse_args()
    lab, sums, n, one = lab_of(args.work, args.seed), [], 0, None
    try:
        for n in range(1, args.rounds + 1):
            one = round_of(lab, n, args.seed)
            one.play()
            sums = [a + b for a, b in zip(sums, count(one))] if sums else count(one)
    except BaseException as fault:
        print("FAILED in round %d (%s): %s\n%s" % (n, one or "", fault, "\n".join(one.did) if one else ""))
        print("again: BUILD=%s tests/torture/%s --seed %d --rounds %d" % (BUILD, program, args.seed, args.rounds))
        if args.keep:
            print("kept: " + args.work)
        else:
            lab.close()
        return None
    lab.close()
    return args.rounds, args.seed, sums
