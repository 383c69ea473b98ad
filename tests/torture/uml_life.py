#!/usr/bin/env python3
"""uml_life.py: changes the source and asks for runs until the power goes, and tells what is acknowledged; see uml-life.

usage: uml_life.py NAS SEED [--rest]

--rest: what was under way when the power went, which may be of an older state; then one run of what is there, and no more."""
import json
import os
import random
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import mutations  # noqa: E402
from same_tree import describe, digest  # noqa: E402

mutations.ENTRIES_MOST = 80
TRIES = 5


def aob(*command):
    return subprocess.run(("aob",) + command, capture_output=True, text=True)


def tell(*words):
    print("ACK", *words, flush=True)


def run():
    asked = aob("run", "mac", "--json")
    if asked.returncode == 0:
        tell("accepted", json.loads(asked.stdout)["run"])
    return aob("run", "mac", "--wait").returncode == 0


def tell_published(nas, told):
    listed = aob("list", "mac", "--json")
    if listed.returncode != 0:
        return
    for generation in json.loads(listed.stdout)["generations"]:
        name, of = generation["generation"], generation["run"]
        snapshot = "%s/.aob-snapshots/mac.%s" % (nas, of)
        if name not in told and os.path.isdir(snapshot):
            told.add(name)
            tell("published", name, of, digest(describe(snapshot)))


def main():
    nas, seed = sys.argv[1:3]
    told, dice = set(), random.Random(seed)
    source = mutations.Mutator(nas + "/data", seed, [], True, nas + "/data/sub")
    if "--rest" in sys.argv:
        ended = 0
        for _ in range(TRIES):
            ended += run()
            if ended == 2:
                tell_published(nas, told)
                return 0
        return 1
    while True:
        source.log = []
        source.run(dice.randint(2, 12))
        run()
        tell_published(nas, told)


if __name__ == "__main__":
    sys.exit(main())
