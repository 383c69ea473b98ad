"""aob-listener: supervisord tells it what becomes of our processes; it tells the broker (`aob died`), which makes an alarm of one that keeps dying.

    [eventlistener:aob-listener]            as in aob-listener.conf
    command=python3 …/aob-listener.py /usr/local/bin/aob --config /etc/aob/aob.yaml

A broker that is not there (perhaps it is the one that dies) is told when it is back; until then all is in this listener's log, and aob-monitor tells by itself that the
broker is away. Nothing here holds supervisord up: each telling has its time, and what a broker does not take is tried again with the next event.

source: supervisord.org/events.html
"""
import collections
import subprocess
import sys
import time

PATIENCE_S = 5
DEATHS_MOST = 3  # more of one process, within so long, make no difference to the broker
WINDOW_S = 600
BROKER = "aob-broker"
ENDS = ("PROCESS_STATE_EXITED", "PROCESS_STATE_BACKOFF", "PROCESS_STATE_FATAL", "PROCESS_STATE_RUNNING")


def log(text):
    print(text, file=sys.stderr, flush=True)


class Process:
    """What the broker does not know yet of one."""

    def __init__(self):
        self.died = collections.deque(maxlen=DEATHS_MOST)  # when
        self.deaths = 0  # to be told
        self.down = False
        self.told_down = False


class Listener:
    def __init__(self, command):
        self.command = command
        self.processes = {}

    def hear(self, event, fields):
        """One event; fields: as supervisord has them in its body."""
        name = fields.get("processname", "")
        if event not in ENDS or not name.startswith("aob-") or name == "aob-listener":
            return
        process = self.processes.setdefault(name, Process())
        if event == "PROCESS_STATE_RUNNING":
            process.down = False
        elif event == "PROCESS_STATE_FATAL":
            log(f"{name} is given up")
            process.down = True
        elif event == "PROCESS_STATE_BACKOFF" or fields.get("expected") == "0":
            # One that was told to stop has another event.
            log(f"{name} died; it was {fields.get('from_state', '?').lower()}")
            process.died.append(time.monotonic())
            process.deaths = min(process.deaths + 1, DEATHS_MOST)
            if name == BROKER:
                self.tell_anew()

    def tell_anew(self):
        """A broker that died has forgotten what it was told."""
        since = time.monotonic() - WINDOW_S
        for process in self.processes.values():
            process.deaths = sum(at > since for at in process.died)
            process.told_down = False

    def tell(self, name, *what):
        try:
            done = subprocess.run([*self.command, "died", name, *what], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            log(f"{name}: the broker was not told: {error}")
            return False
        if done.returncode != 0:
            log(f"{name}: the broker was not told: {done.stderr.decode(errors='replace').strip()}")
        return done.returncode == 0

    def tell_all(self, again):
        """again: also what is so still, which the broker is to hear each minute."""
        for name, process in self.processes.items():
            if not self.tell_one(name, process, again):
                return  # nor will it hear of another one

    def tell_one(self, name, process, again):
        while process.deaths > 0:
            if not self.tell(name, "--reason", "supervisord: it ended unasked"):
                return False
            process.deaths -= 1
        if process.down and (again or not process.told_down):
            process.told_down = self.tell(name, "--down", "--reason", "supervisord has given it up")
            return process.told_down
        if process.told_down and not process.down:
            process.told_down = not self.tell(name, "--up")
            return not process.told_down
        return True


def fields_of(text):
    return dict(word.split(":", 1) for word in text.decode(errors="replace").split() if ":" in word)


def main():
    listener = Listener(sys.argv[1:] or ["aob"])
    while True:
        print("READY", flush=True)
        line = sys.stdin.buffer.readline()
        if not line:
            return  # supervisord has ended
        header = fields_of(line)
        body = sys.stdin.buffer.read(int(header["len"]))
        event = header["eventname"]
        # Taken before anybody is told: supervisord is to go on at once.
        print("RESULT 2\nOK", end="", flush=True)
        listener.hear(event, fields_of(body))
        listener.tell_all(again=event == "TICK_60")


if __name__ == "__main__":
    main()
