"""What the rounds share: the lab, the changes of its sources, the runs that were asked for, and the way back to rest."""
import collections
import os
import shutil
import stat
import time

from lab import BRAKED, HURRY, KEPT, PIPELINES, RIGHT, Lab, Nas
from mutations import Mutator
from rot import SIZE, TEMP
from same_tree import describe
from witness import Broken, Witness, digest

REST_S = 420  # within which all pipelines have to come to rest; pauses between tries grow to some minutes
FIRST_S = 120
ROT_LEAST, ROT_MOST = 100, 1 << 20  # bytes of a file that rots
MASS = 400  # more files than the changes leave of all others
IMPATIENT_S = 6 / HURRY  # a run that pauses for longer is cancelled and asked for anew, half of the times


def write(path, data):
    """Whatever the changes have put there: who opens a FIFO waits for ever."""
    if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
        shutil.rmtree(path) if stat.S_ISDIR(os.lstat(path).st_mode) else os.unlink(path)
    with open(path, "wb") as f:
        f.write(data)


class World:
    def __init__(self, work, tell, note, **how):
        self.tell, self.note = tell, note  # to people and into the log; into the log alone
        self.lab = Lab(work, **how)
        self.nas = self.lab.nas
        self.witness = Witness(self.lab)
        self.mutators = {name: Mutator(self.nas.source(name), 0, []) for name in PIPELINES}
        self.accepted = collections.defaultdict(set)  # pipeline: runs that `aob run` has named
        self.by_hand = collections.defaultdict(set)  # pipeline: generations that a fault has removed
        self.blind = set()  # pipelines whose vaults a fault has taken out of what holds at any moment
        self.hits = collections.Counter()  # crash points
        self.nases, self.others = [self.nas], {}
        self.witness.start()

    def begin(self):
        """The first generation of each, and a few more without any fault."""
        self.nas.start()
        for name in PIPELINES:
            self.mutate(name, 30)
        self.rest(lambda: False, FIRST_S)
        for _ in range(KEPT):
            for name in PIPELINES:
                self.mutate(name, 6)
            self.rest(lambda: False, FIRST_S)
        self.check()

    def mutate(self, pipeline, n, dice=None):
        mutator = self.mutators[pipeline]
        if dice is not None:
            mutator.random = dice
        mutator.log = []
        try:
            mutator.run(n)
        except OSError as fault:  # the disk is full: what has been changed until then is a state as any other
            mutator.log.append(str(fault))

    def change_something(self, pipeline, dice):
        """So that there is something to do."""
        self.mutate(pipeline, dice.randint(1, 8), dice)
        try:
            write(self.nas.source(pipeline) + "/news", dice.randbytes(dice.randint(1, 200000)))
        except OSError:
            pass

    def move_something(self, pipeline, dice):
        """Files that are there already get other names."""
        mutator = self.mutators[pipeline]
        mutator.random = dice
        for _ in range(4):
            mutator.look()
            for move in (mutator.op_rename_file, mutator.op_swap, mutator.op_rename_folder):
                try:
                    move()
                except OSError:
                    pass

    def mass_change(self, pipeline, dice):
        """Most of the files get another content; a run brings the first one, before."""
        folder = self.nas.source(pipeline) + "/mass"
        try:
            os.makedirs(folder, exist_ok=True)
            for _ in range(2):
                for i in range(MASS):
                    with open("%s/%d" % (folder, i), "wb") as f:
                        f.write(dice.randbytes(300))
                self.run(pipeline)
                self.wait(20, lambda: self.nas.running(pipeline) is None)
        except OSError:
            pass
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def rot(self, pipeline, dice, how):
        """A published file rots ("flip", "cut"), or is gone ("remove"; not of the newest generation, which the next one may begin as, nor of the oldest, as both neighbours tell of it). True if one did."""
        witness = self.witness
        try:
            names = witness.generations(pipeline)
            name = dice.choice(names[1:-1] if how == "remove" else names + names[-1:])
            tree, root = witness.tree_of(witness.record(pipeline, name)["snapshot_uuid"]), "%s/generations/%s" % (self.lab.folder(pipeline), name)
            linked = {path for group in tree[1] for path in group} if how == "remove" else set()
            paths = sorted(path for path, what in tree[0].items() if stat.S_ISREG(what[0]) and ROT_LEAST <= what[SIZE] <= ROT_MOST and path not in linked)
            path = dice.choice(paths)
            if how == "remove":
                witness.rot[pipeline].remove(root, name, path)
            else:
                getattr(witness.rot[pipeline], how)(os.path.join(os.fsencode(root), path), dice=dice)
        except (OSError, IndexError, TypeError) as fault:  # none there; or the disk is full, or it has gone meanwhile
            self.note("  nothing rots in %s: %s" % (pipeline, fault))
            return False
        self.note("  %s of %r in %s of %s" % (how, path, name, pipeline))
        return True

    def verify(self, pipeline):
        """Somebody has it verified."""
        return self.nas.aob("verify", pipeline, "--all")[0] in (0, 65)

    def remove_by_hand(self, pipeline, generation):
        self.by_hand[pipeline].add(generation)
        self.witness.forget(pipeline, generation)

    def large(self, pipeline, size, dice):
        """Something that takes a while to cross."""
        try:
            write(self.nas.source(pipeline) + "/large", dice.randbytes(size))
        except OSError:
            pass

    def run(self, pipeline):
        """Ask for a run. True if it was accepted: from then on it must not be lost."""
        try:
            self.accepted[pipeline].add(self.nas.ask("run", pipeline=pipeline, trigger="manual")["run"])
        except OSError as fault:
            self.tell("  run of %s: %s" % (pipeline, str(fault)[:200]))
            return False
        return True

    def wait(self, limit_s, what):
        """True as soon as what() is."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            try:
                if what():
                    return True
            except OSError:
                pass
            time.sleep(0.1)
        return False

    def in_step(self, pipeline, *words):
        """Is a run in flight, in a step or a step's state of these names?"""
        running = self.nas.running(pipeline)
        return running is not None and (running["step"] in words or running["step_state"] in words)

    # ---- to rest

    def rest(self, impatient, limit_s=REST_S):
        """Until a generation of each source as it is now is there, and nothing runs any more."""
        began, wanted, asked = time.monotonic(), {}, {}
        for name in PIPELINES:
            wanted[name] = describe(self.witness.keep(self.nas, name))
        seen = {}
        while wanted:
            for name in list(wanted):
                try:
                    running = self.nas.running(name)
                except OSError:
                    continue
                if running is None:
                    at = self.witness.current(name)
                    if at not in seen or not seen[at]:
                        seen[at] = at is not None and self.same(name, at, wanted[name])
                    # A run that published, and whose next step failed or was cancelled, has left to the next one what it would have removed.
                    # So has one behind whose tidying a generation was removed by hand.
                    if not seen[at] or self.witness.last_run(self.nas, name)[1] in ("failed", "cancelled") or self.by_hand[name] & self.witness.records_left(name):
                        self.run(name)
                    elif not self.waits_for_watcher(name):
                        del wanted[name]
                elif running["step_state"] == "retry-wait" and (running["retry_at"] or 0) > time.time() + IMPATIENT_S and name not in asked:
                    asked[name] = impatient()
                    if asked[name]:
                        self.tell("  %s is cancelled, as it pauses: %s" % (name, (running["last_error"] or {}).get("message")))
                        self.nas.aob("cancel", name)
            if time.monotonic() - began > limit_s:
                raise Broken("not at rest within %d s: %s\n%s" % (limit_s, sorted(wanted), self.nas.aob("status")[1]))
            time.sleep(0.2)
        return time.monotonic() - began

    def same(self, name, at, wanted):
        """Is it the source, but for what rots there?"""
        rot = self.witness.rot[name]
        if rot.clean():
            return digest(describe(at)) == digest(wanted)
        return digest(rot.midway(describe(at))) == digest(rot.midway(wanted))

    def waits_for_watcher(self, name):
        """A source that the watcher has just found to be changed gets a run of its own soon."""
        try:
            one = next(p for p in self.nas.ask("status")["pipelines"] if p["name"] == name)
        except OSError:
            return True
        return one["running"] is not None or one["watch"]["state"] == "active"

    def release(self):
        """What a mass change holds is let go, so that the vaults do not fill."""
        return self.nas.aob("release", BRAKED)[0] == 0

    def check(self):
        if not self.wait(REST_S, self.release):
            raise Broken("what the brake holds can't be released: %s" % (self.nas.aob("release", BRAKED),))
        for name in PIPELINES:
            self.witness.settled(self.nas, name, self.accepted[name], self.by_hand[name])
            self.witness.put_right(self.nas, name)
        self.witness.leaks(self.nases)
        self.witness.forget_snapshots()
        self.blind.clear()
        for name in PIPELINES:
            self.accepted[name].clear()

    def explained(self, pipeline):
        """I7: a run that pauses says why."""
        try:
            running = self.nas.running(pipeline)
        except OSError:
            return
        if running is not None and running["step_state"] == "retry-wait" and not (running["last_error"] or {}).get("message"):
            raise Broken("%s pauses, and does not say why: %s" % (pipeline, running))

    def look(self, pipeline, dice):
        self.explained(pipeline)
        if pipeline in self.blind:
            return
        tries = 0
        while tries < 5:
            try:
                return self.witness.look(pipeline, dice)
            except FileNotFoundError as fault:  # removed by its time while it was looked at
                if pipeline in self.blind:
                    return
                # What is being mended comes and goes beside its name as often as the mending is begun anew.
                tries += 0.1 if os.path.basename(os.fsencode(fault.filename or "")).startswith(TEMP) else 1
                time.sleep(0.1)
        self.witness.look(pipeline, dice)

    # ---- another NAS

    def forget_owner(self, pipeline):
        """Whose backups lie there is not known any more: the next one that writes is remembered."""
        try:
            os.unlink("%s/%s/.aob/owner.json" % (self.lab.root(pipeline), pipeline))
        except FileNotFoundError:
            pass

    def other_nas(self, pipeline):
        """With a disk of its own, which is made once."""
        other = self.others.get(pipeline)
        if other is None:
            other = self.others[pipeline] = Nas(self.lab, "nas2-" + pipeline, [pipeline])
        self.witness.watch(other)
        self.nases = [self.nas, other]
        return other

    def leave_nas(self):
        self.nases[1].stop()
        self.nases = [self.nas]

    def reload(self, **changes):
        self.nas.configure(**{**RIGHT, **changes})
        return self.nas.aob("reload")

    def close(self, keep):
        self.witness.close()
        self.lab.close(keep)

