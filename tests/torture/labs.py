"""Several labs side by side, each in namespaces of its own with its share of the rounds: what one of them waits for, another one uses the processors for."""
import collections
import json
import os
import subprocess
import sys
import threading
import time

PATIENCE_S = 900  # a lab that has not ended so long after the time was over is killed
SPACES = ["unshare", "--mount", "--propagation", "private", "--pid", "--net", "--ipc", "--fork", "--kill-child", "--mount-proc"]


def shares(first, rounds, labs):
    """(first round, how many) for each."""
    out = []
    for i in range(labs):
        n = rounds // labs + (i < rounds % labs)
        if n:
            out.append((first, n))
        first += n
    return out


class Tally:
    """What the labs tell of themselves: rounds, faults, crash points, and what they had most of at rest."""

    def __init__(self):
        self.rounds, self.faults, self.hits, self.peaks = 0, collections.Counter(), collections.Counter(), collections.Counter()

    def add(self, path):
        """The rounds that this lab has played."""
        try:
            with open(path) as f:
                told = json.load(f)
        except FileNotFoundError:  # not even its first round
            return 0
        self.rounds += told["rounds"]
        self.faults.update(told["faults"])
        self.hits.update(told["hits"])
        for name, value in told["peaks"].items():
            self.peaks[name] = max(self.peaks[name], value)
        return told["rounds"]

    def write(self, path):
        with open(path + ".new", "w") as f:
            json.dump({"rounds": self.rounds, "faults": self.faults, "hits": self.hits, "peaks": self.peaks}, f)
        os.rename(path + ".new", path)


class Labs:
    def __init__(self, args, program, passed_on):
        self.args, self.program, self.passed_on = args, program, passed_on
        self.tally, self.lock, self.failures = Tally(), threading.Lock(), []
        self.ends_at = time.monotonic() + args.limit if args.limit else None

    def left_s(self):
        return None if self.ends_at is None else self.ends_at - time.monotonic()

    def play(self, number, first, rounds):
        """A share. After a failure it goes on in a fresh lab, behind the round that failed."""
        end, fresh = first + rounds, 0
        while first < end and (self.left_s() is None or self.left_s() > 0):
            work = "%s/lab-%d.%d" % (self.args.work, number, fresh)
            os.makedirs(work)
            command = SPACES + [self.program, "--seed", str(self.args.seed), "--first", str(first), "--rounds", str(end - first), "--work", work + "/lab",
                                "--told", work + "/told.json", "--quiet", *self.passed_on, *(["--plain"] if self.args.plain and number % 4 else [])]
            limit = None
            if self.ends_at is not None:
                command += ["--limit", "%.0f" % max(1, self.left_s())]
                limit = self.left_s() + PATIENCE_S
            with open(work + "/output", "w") as output:
                try:
                    failed = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=limit).returncode != 0
                except subprocess.TimeoutExpired:
                    failed = True
            with self.lock:
                played = self.tally.add(work + "/told.json")
                if failed:
                    self.failed(work, first, played)
            if not failed:
                return
            first, fresh = first + played + 1, fresh + 1

    def failed(self, work, first, played):
        with open(work + "/output", errors="replace") as f:
            why = [line.rstrip() for line in f if line.startswith("FAILED")] or ["FAILED: it did not end"]
        self.failures.append("round %d: %s" % (first + played, why[-1]))
        print("%s\n  again: make torture SEED=%d FIRST=%d ROUNDS=1 LABS=0, or with what came before it FIRST=%d ROUNDS=%d; logs: %s"
              % (self.failures[-1], self.args.seed, first + played, first, played + 1, work), flush=True)

    def run(self):
        began = time.monotonic()
        threads = [threading.Thread(target=self.play, args=(i, *share)) for i, share in enumerate(shares(self.args.first, self.args.rounds, self.args.labs))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print("%d labs, %.0f s" % (len(threads), time.monotonic() - began))
        return self.tally, self.failures


def main_of(args, program, passed_on):
    """(Tally, failures). The processes of all labs end with this one."""
    os.makedirs(args.work, exist_ok=True)
    try:
        return Labs(args, program, passed_on).run()
    except KeyboardInterrupt:
        sys.exit(130)
