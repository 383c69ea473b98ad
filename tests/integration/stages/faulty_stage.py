#!/usr/bin/python3
"""python_stage.py with one fault, for aob-stage-test to find.

    faulty_stage.py --endpoint ipc:///run/aob/broker --service gate --fault NAME [--seconds 3] [--program PATH]

With --program it starts that for each job, as aob-stage does; the fault "none" is none.
"""
import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

import python_stage as good

FAULTS = {}


def fault(name):
    return lambda kind: FAULTS.setdefault(name, kind)


class Faulty(good.Stage):
    """What the faults have in common: none of their own."""

    def end(self, stopped):
        """Told to end, is it to end now? It is; and what it has started before it."""
        if stopped and self.job and self.options.program:
            self.job.end()
        return stopped


FAULTS["none"] = Faulty


@fault("no-heartbeats")
class NoHeartbeats(Faulty):
    def send(self, command, *frames):
        if command != good.HEARTBEAT:
            super().send(command, *frames)


@fault("works-in-the-socket-loop")
class WorksInTheSocketLoop(Faulty):
    def turn(self):
        super().turn()
        if self.job:
            self.job.join()


@fault("another-tag")
class AnotherTag(Faulty):
    def send(self, command, *frames):
        super().send(command, *((b"x" + frames[0], *frames[1:]) if command == good.FINAL else frames))


@fault("no-json")
class NoJson(Faulty):
    def send(self, command, *frames):
        super().send(command, *((*frames[:2], b"done") if command == good.FINAL else frames))


@fault("not-idempotent")
class NotIdempotent(Faulty):
    seen = set()

    def request(self, tag, body):
        super().request(tag, body)
        run = tag.split(b"#")[0]
        if self.job and self.job.tag == tag and run in self.seen:
            self.job.reply = {"status": "fail", "error": {"code": "refused", "message": "it is there already"}}
        self.seen.add(run)


@fault("strict-about-keys")
class StrictAboutKeys(Faulty):
    known = {"v", "job", "run", "pipeline", "attempt", "trigger", "dry_run", "source", "vault", "with", "results"}

    def request(self, tag, body):
        super().request(tag, body)
        if self.job and self.job.tag == tag and set(self.job.request) - self.known:
            self.job.reply = {"status": "fail", "error": {"code": "input", "message": "an unknown key"}}


@fault("dies-of-rubbish")
class DiesOfRubbish(Faulty):
    def request(self, tag, body):
        json.loads(body)["v"]
        super().request(tag, body)


@fault("dies-of-noise")
class DiesOfNoise(Faulty):
    def receive(self):
        if self.socket.getsockopt(good.zmq.EVENTS) & good.zmq.POLLIN:
            frames = self.socket.recv_multipart()
            assert frames[0] == good.WORKER and frames[1] in (b"\2", b"\5", b"\6"), "what is this?"
            if frames[1] == good.REQUEST:
                self.heard_at, self.heard = time.monotonic(), True
                self.request(frames[2], frames[4])
            else:
                self.heard_at, self.heard = time.monotonic(), True


@fault("progress-storm")
class ProgressStorm(Faulty):
    def turn(self):
        if self.job:
            for done in range(50):
                self.send(good.PARTIAL, self.job.tag, b"", json.dumps({"done": done, "total": 50}).encode())
        super().turn()


@fault("deaf-to-cancel")
class DeafToCancel(Faulty):
    def request(self, tag, body):
        if b'"cancel"' not in body:
            super().request(tag, body)


@fault("takes-any-cancel-for-its-own")
class TakesAnyCancelForItsOwn(Faulty):
    def request(self, tag, body):
        super().request(tag, body)
        if self.job and b'"cancel"' in body:
            self.job.cancelled.set()


@fault("refuses-its-own-job")
class RefusesItsOwnJob(Faulty):
    def request(self, tag, body):
        if self.job and tag.split(b"#")[0] == self.job.tag.split(b"#")[0] and b'"cancel"' not in body:
            reply = {"status": "retry", "error": {"code": "locked", "message": "has a job in hand"}}
            self.send(good.FINAL, tag, b"", json.dumps(reply).encode())
        else:
            super().request(tag, body)


@fault("takes-a-second-job")
class TakesASecondJob(Faulty):
    def request(self, tag, body):
        if self.job and tag != self.job.tag and b'"cancel"' not in body:
            self.job = None  # the first is forgotten
        super().request(tag, body)


@fault("stays-with-a-silent-broker")
class StaysWithASilentBroker(Faulty):
    def turn(self):
        self.heard_at = time.monotonic()
        super().turn()


@fault("forgets-its-job")
class ForgetsItsJob(Faulty):
    def connect(self):
        job, self.job = self.job, None
        super().connect()
        self.job = job


@fault("comes-back-as-a-storm")
class ComesBackAsAStorm(Faulty):
    def receive(self):
        self.heard = True
        super().receive()


@fault("leaves-a-lock")
class LeavesALock(Faulty):
    def request(self, tag, body):
        run = json.loads(body)["run"] if b'"run"' in body else "none"
        lock = os.path.join(tempfile.gettempdir(), f"aob-faulty-{run}.lock")
        super().request(tag, body)
        if os.path.exists(lock) and self.job:
            self.job.reply = {"status": "fail", "error": {"code": "refused", "message": "somebody works on it"}}
        open(lock, "w", encoding="ascii").close()


@fault("no-goodbye")
class NoGoodbye(Faulty):
    def send(self, command, *frames):
        if command != good.DISCONNECT:
            super().send(command, *frames)


@fault("wants-to-be-asked")
class WantsToBeAsked(Faulty):
    """Takes a job only right after READY, as workers of older Majordomo brokers do."""
    done = 0

    def request(self, tag, body):
        if self.done == 0:
            super().request(tag, body)
        self.done += 1


@fault("does-its-job-first")
class DoesItsJobFirst(Faulty):
    def end(self, stopped):
        return stopped and not self.job


@fault("fails-when-told-to-end")
class FailsWhenToldToEnd(Faulty):
    def end(self, stopped):
        if stopped and self.job:
            reply = {"status": "fail", "error": {"code": "cancelled", "message": "told to end"}}
            self.send(good.FINAL, self.job.tag, b"", json.dumps(reply).encode())
        return stopped


@fault("leaves-its-program")
class LeavesItsProgram(Faulty):
    """Says good-bye while the program still works."""

    def end(self, stopped):
        return stopped


@fault("trusts-the-exit-status")
@fault("waits-for-the-streams")
@fault("cuts-the-request")
@fault("waits-for-the-line-end")
class OfAProgram(Faulty):
    """The fault is ProgramJob's."""


class ProgramJob(good.Job):
    path, fault, program = None, None, None

    def end(self):
        """SIGTERM, and what is deaf to it gets SIGKILL."""
        if self.program:
            self.program.terminate()
            try:
                self.program.wait(1)
            except subprocess.TimeoutExpired:
                self.program.kill()
                self.program.wait()

    def run(self):
        """As of aob-stage: all of the request; until the program has ended; a reply that can't be read is none that is good."""
        request = json.dumps(self.request).encode()
        with tempfile.TemporaryFile() as out:
            streams = {"stdout": out, "stderr": subprocess.DEVNULL}
            if self.fault == "waits-for-the-streams":
                streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
            self.program = subprocess.Popen([self.path], stdin=subprocess.PIPE, **streams)
            said, _ = self.program.communicate(request[:65536] if self.fault == "cuts-the-request" else request)
            if said is None:
                out.seek(0)
                said = out.read()
            if self.fault == "waits-for-the-line-end":
                said = said[:said.rfind(b"\n") + 1]
        bad = {"status": "retry", "error": {"code": "protocol", "message": f"status {self.program.returncode}, or no JSON"}}
        reply = {"status": "ok", "result": {}} if self.program.returncode == 0 else bad
        for line in said.splitlines():
            try:
                read = json.loads(line)
            except ValueError:
                if self.fault != "trusts-the-exit-status":
                    reply = bad
                continue
            if "status" in read:
                reply = read
        self.reply = reply


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--service", required=True)
    parser.add_argument("--fault", required=True, choices=sorted(FAULTS))
    parser.add_argument("--seconds", type=float, default=0.2)
    parser.add_argument("--program")
    options = parser.parse_args()
    if options.program:
        ProgramJob.path, ProgramJob.fault, good.Job = options.program, options.fault, ProgramJob
    stage = FAULTS[options.fault](options)
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    while not stage.end(stopped.is_set()):
        stage.turn()
    stage.send(good.DISCONNECT)
    stage.socket.close(linger=1000)
    stage.context.term()


if __name__ == "__main__":
    sys.exit(main())
