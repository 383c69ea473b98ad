"""Processes that are kept alive, as a service manager does it, and what /proc tells of all others."""
import os
import signal
import subprocess
import threading
import time

RESTART_S = 0.1


class Daemon:
    """One process. It is started again when it dies, as long as it is wanted."""

    def __init__(self, name, argv, log, env=None):
        self.name, self.argv, self.log, self.env = name, argv, log, dict(env or {})
        self.once = {}  # environment of the next start alone
        self.more = {}  # of each start, until it is taken away again
        self.child, self.wanted, self.deaths, self.died_at = None, False, 0, 0.0
        self.lock = threading.RLock()

    def start(self):
        with self.lock:
            self.wanted = True
            if self.child is None or self.child.poll() is not None:
                self._spawn()

    def _spawn(self):
        env = {**os.environ, **self.env, **self.more, **self.once}
        self.once = {}
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env)

    def tend(self):
        with self.lock:
            if not self.wanted or self.child is None or self.child.poll() is None:
                return
            if self.died_at == 0.0:
                self.died_at, self.deaths = time.monotonic(), self.deaths + 1
            elif time.monotonic() - self.died_at >= RESTART_S:
                self.died_at = 0.0
                try:
                    self._spawn()
                except OSError:  # no memory, or a program that is just being replaced: again
                    self.died_at = time.monotonic()

    def pid(self):
        """None: it is not there just now."""
        with self.lock:
            return self.child.pid if self.child is not None and self.child.poll() is None else None

    def send(self, number):
        with self.lock:
            pid = self.pid()
            if pid is not None:
                os.kill(pid, number)
        return pid is not None

    def again(self, **once):
        """Killed, and started once with more in its environment."""
        with self.lock:
            self.stop(signal.SIGKILL, wanted=True)
            self.once, self.died_at = once, 0.0
            self._spawn()

    def stop(self, number=signal.SIGTERM, wanted=False, patience_s=20):
        """Raises if it does not end; then it is killed."""
        with self.lock:
            self.wanted = wanted
            if self.child is None or self.child.poll() is not None:
                return
            self.child.send_signal(signal.SIGCONT)
            self.child.send_signal(number)
            try:
                self.child.wait(patience_s)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
                raise AssertionError("%s did not end within %d s of SIGTERM" % (self.name, patience_s)) from None


class Keeper(threading.Thread):
    """Starts again what has died."""

    def __init__(self):
        super().__init__(daemon=True)
        self.daemons, self.ended = [], threading.Event()

    def add(self, daemon):
        daemon.start()
        self.daemons.append(daemon)
        return daemon

    def remove(self, daemon, number=signal.SIGTERM):
        self.daemons = [d for d in self.daemons if d is not daemon]
        daemon.stop(number)

    def run(self):
        while not self.ended.wait(0.1):
            for daemon in list(self.daemons):
                daemon.tend()

    def close(self):
        self.ended.set()
        self.join()
        for daemon in self.daemons:
            try:
                daemon.stop(signal.SIGKILL)
            except AssertionError:
                pass


# ---- all processes of this PID namespace

def field(pid, name):
    try:
        with open("/proc/%d/status" % pid) as f:
            for line in f:
                if line.startswith(name + ":"):
                    return line.split()[1]
    except OSError:
        pass
    return None


def processes(program):
    """PIDs of this program that live (no zombies)."""
    out = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and field(int(entry), "Name") == program[:15] and field(int(entry), "State") not in (None, "Z", "X"):
            out.append(int(entry))
    return sorted(out)


def environment(pid):
    try:
        with open("/proc/%d/environ" % pid, "rb") as f:
            return f.read()
    except OSError:
        return b""


def rss_bytes(pid):
    kib = field(pid, "VmRSS")
    return int(kib) * 1024 if kib else 0


def descriptors(pid):
    try:
        return len(os.listdir("/proc/%d/fd" % pid))
    except OSError:
        return 0
