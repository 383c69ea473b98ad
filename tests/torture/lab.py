"""A NAS and its vaults: file systems in loop files, a real sshd with a forced command for each vault, a relay before it, our processes."""
import hashlib
import os
import shutil
import subprocess
import sys
import time

import zmq

import asking
from daemons import Daemon, Keeper

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("BUILD", os.path.join(HERE, "../../build"))
SSH_PORT, RELAY_PORT = 2222, 2300
# Heartbeats, leases, back-offs and how long a fault lasts are so many times shorter than usual, as no promise here is a time; 1: as they are in life.
HURRY = int(os.environ.get("HURRY", "5"))
LEASE_MS = str(4000 // HURRY)
LOOK_S = 6  # how long a command of ours may take to answer
# name of the pipeline: file system of its vault, how it is made, who starts its runs
PIPELINES = {
    "b": ("btrfs", "512M", ["mkfs.btrfs", "-q"], "watch: { idle: 1s, max_wait: 8s }"),
    "e": ("ext4", "400M", ["mkfs.ext4", "-q", "-N", "6000"], "watch: { idle: 1s, max_wait: 8s }"),
    "x": ("xfs", "512M", ["mkfs.xfs", "-q"], "watch: off"),
}
BRAKED = "e"  # the pipeline whose mass changes hold older generations until they are released
KEPT = 3
VERIFY_EVERY = "%ds" % (30 // HURRY)
RIGHT = {"keep": KEPT, "rate": "3 MB/s", "without": ()}


def sh(*command, check=True, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    if check and done.returncode != 0:
        raise OSError("%s: %s%s" % (" ".join(command), done.stdout, done.stderr))
    return done.stdout


class Nas:
    """A set of our processes with a source disk, a store and a configuration of its own."""

    def __init__(self, lab, name, pipelines):
        self.lab, self.name, self.pipelines = lab, name, pipelines
        self.work = "%s/%s" % (lab.work, name)
        os.makedirs(self.work + "/run", mode=0o750)
        self.disk, self.store = self.work + "/disk", self.work + "/store"
        lab.mount(name + "-disk", "1G", ["mkfs.btrfs", "-q"], self.disk)
        lab.mount(name + "-store", "24M", ["mkfs.ext4", "-q"], self.store)
        self.state, self.config = self.store + "/state.db", self.work + "/aob.yaml"
        self.snapshots = self.disk + "/.aob-snapshots"
        os.mkdir(self.snapshots, 0o700)
        for pipeline in pipelines:
            sh("btrfs", "-q", "subvolume", "create", self.source(pipeline))
        self.daemons = {}
        with open(self.work + "/machine-id", "w") as f:
            f.write(hashlib.md5(name.encode()).hexdigest() + "\n")
        self.configure(**RIGHT)

    def source(self, pipeline):
        return "%s/data-%s" % (self.disk, pipeline)

    def configure(self, keep, rate, without, more=""):
        text = ["broker: { endpoint: 'ipc://%s/run/broker', events: 'ipc://%s/run/events', state: %s }" % (self.work, self.work, self.state), "vaults:"]
        for i, name in enumerate(PIPELINES):
            text.append("  v%s: { ssh: 'root@127.0.0.1:%d', root: %s, identity: %s, rate: %s, ssh_options: [UserKnownHostsFile=%s, ServerAliveInterval=%d,"
                        " ServerAliveCountMax=3, ConnectTimeout=5] }" % (name, RELAY_PORT + i, self.lab.root(name), self.lab.ssh + "/nas_key_" + name, rate,
                                                                         self.lab.ssh + "/known_hosts", max(1, 2 // HURRY)))
        text.append("pipelines:")
        for name in self.pipelines:
            if name not in without:
                gate = ", gate" if name == "b" and self.name == "nas" else ""
                brake = "50%" if name == BRAKED else "off"
                text.append("  %s: { source: %s, vault: v%s, brake: %s, verify_every: %s, %s, stages: [snapshot%s, transfer, prune: { last: %d }] }"
                            % (name, self.source(name), name, brake, VERIFY_EVERY, PIPELINES[name][3], gate, keep))
        with open(self.config + ".new", "w") as f:
            f.write("\n".join(text) + "\n" + more)
        os.rename(self.config + ".new", self.config)

    def start(self):
        parts = ["broker", "snapshotter", "transfer-1", "transfer-2", "pruner", "watcher"] + (["verifier", "monitor"] if self.name == "nas" else [])
        for part in parts:
            program = part.split("-")[0]
            argv = ["%s/aob-%s" % (BUILD, program), "--config", self.config]
            if program in ("snapshotter", "transfer", "pruner", "verifier"):
                argv += ["--worker", "%s-%s" % (self.name, part)]
            env = {"AOB_LEASE_MS": LEASE_MS} if part == "broker" else {}
            env.update(AOB_MACHINE_ID_FILE=self.work + "/machine-id", AOB_HURRY=str(HURRY))
            self.daemons[part] = self.lab.keeper.add(Daemon(part, argv, "%s/log/%s-%s.log" % (self.lab.work, self.name, part), env))
        if self.name == "nas":
            self.lab.gate("good")
            self.daemons["gate"] = self.lab.keeper.add(Daemon("gate", ["/usr/bin/python3", HERE + "/bad_stage.py", "ipc://%s/run/broker" % self.work,
                                                                       self.lab.work + "/gate"], self.lab.work + "/log/gate.log", {"AOB_HURRY": str(HURRY)}))
        end = time.monotonic() + 30
        while self.aob("status")[0] != 0:
            if time.monotonic() > end:
                raise AssertionError("the broker does not answer")
            time.sleep(0.2)

    def stop(self):
        for daemon in self.daemons.values():
            self.lab.keeper.remove(daemon)
        self.daemons = {}

    def aob(self, *words, patience_s=LOOK_S, **env):
        """What a command comes to, with more in its environment: exit status, standard output, standard error; None: no answer in time."""
        try:
            done = subprocess.run([BUILD + "/aob", words[0], "--config", self.config, *words[1:]], capture_output=True, text=True, timeout=patience_s,
                                  env={**os.environ, **env})
        except subprocess.TimeoutExpired:
            return None, "", "no answer"
        return done.returncode, done.stdout, done.stderr

    def ask(self, verb, **more):
        """What `aob` asks, without a process for each question (docs/protocol.md): the result; raises OSError without an answer, or with what it refuses."""
        return asking.ask(self.lab.zmq.socket(zmq.DEALER), "ipc://%s/run/broker" % self.work, LOOK_S, verb, **more)

    def running(self, pipeline):
        """What the broker says of a run in flight: a dictionary, None if there is none; raises OSError without an answer."""
        for one in self.ask("status")["pipelines"]:
            if one["name"] == pipeline:
                return one["running"]
        return None


class Lab:
    def __init__(self, work, in_memory=False, plain=False):
        self.work, self.images, self.mounts = work, work + "/images", []
        os.makedirs(work + "/log", exist_ok=True)
        os.mkdir(self.images)
        if in_memory:  # they take what is written, and give back what is discarded
            sh("mount", "-t", "tmpfs", "-o", "size=90%", "tmpfs", self.images)
            self.mounts.append(self.images)
        self.ssh = work + "/ssh"
        sh("ip", "link", "set", "lo", "up")
        if not work.startswith("/dev/shm"):  # libfaketime leaves something there of each process that is killed
            sh("mount", "-t", "tmpfs", "tmpfs", "/dev/shm")
        self.keeper, self.zmq = Keeper(), zmq.Context()
        for name, (kind, size, mkfs, _) in PIPELINES.items():
            self.mount("vault-" + kind, size, mkfs, self.kept(name))
            # A second mount for the receivers, which faults take away or make read-only; the first one keeps the loop device, and is the checker's.
            os.makedirs(self.seen(name))
            self.mount_seen(name)
            os.mkdir(self.root(name)) if kind != "btrfs" else sh("btrfs", "-q", "subvolume", "create", self.root(name))
        self.write_commands()
        if plain:
            self.start_plain()
        else:
            self.start_sshd()
        self.relays = {}
        for i, name in enumerate(PIPELINES):
            self.relays[name] = self.keeper.add(Daemon("relay-" + name, [sys.executable, HERE + "/relay.py", str(RELAY_PORT + i), str(SSH_PORT + (i if plain else 0))],
                                                       work + "/log/relay.log"))
        self.keeper.start()
        self.nas = Nas(self, "nas", list(PIPELINES))

    # ---- file systems

    def mount(self, name, size, mkfs, at):
        image = "%s/%s.img" % (self.images, name)
        sh("truncate", "-s", size, image)
        sh(*mkfs, image)
        os.makedirs(at, exist_ok=True)
        sh("mount", "-o", "loop,noatime,discard", image, at)
        self.mounts.append(at)

    def image(self, pipeline):
        return "%s/vault-%s.img" % (self.images, PIPELINES[pipeline][0])

    def kept(self, pipeline):
        return "%s/kept/%s" % (self.work, PIPELINES[pipeline][0])

    def seen(self, pipeline):
        return "%s/vault/%s" % (self.work, PIPELINES[pipeline][0])

    def root(self, pipeline):
        return self.seen(pipeline) + "/offsite"

    def folder(self, pipeline):
        """The pipeline's folder in the vault, as the checker sees it, whatever has become of the receivers' mount."""
        return "%s/offsite/%s" % (self.kept(pipeline), pipeline)

    def mount_seen(self, pipeline):
        sh("mount", "--bind", self.kept(pipeline), self.seen(pipeline))

    def unmount_seen(self, pipeline):
        sh("umount", "-l", self.seen(pipeline))

    # ---- the far end

    def write_commands(self):
        os.makedirs(self.ssh, exist_ok=True)
        for name in PIPELINES:
            command = "%s/receiver-%s" % (self.ssh, name)
            # As usual; or it dies at the place that the file names, and says so; or it lives at another time.
            with open(command, "w") as f:
                f.write("#!/bin/sh\n"
                        "[ ! -e {w}/clock-{p} ] || {{ FAKETIME=$(cat {w}/clock-{p}) FAKETIME_DONT_FAKE_MONOTONIC=1 LD_PRELOAD={lib}\n"
                        "\texport FAKETIME FAKETIME_DONT_FAKE_MONOTONIC LD_PRELOAD; }}\n"
                        "{{ read -r point <{w}/crash-{p}; }} 2>/dev/null || [ -n \"$point\" ] || exec {b}/aob-receiver serve --root {r} 2>>{w}/log/receiver-{p}.log\n"
                        "AOB_CRASH_POINT=$point {b}/aob-receiver serve --root {r} 2>>{w}/log/receiver-{p}.log\n"
                        "status=$?\n"
                        "[ $status != 137 ] || rm -f {w}/crash-{p}\n"
                        "exit $status\n".format(w=self.work, p=name, b=BUILD, r=self.root(name), lib=faketime_library()))
            os.chmod(command, 0o755)

    def start_plain(self):
        """No ssh at either end: also for what is started without a daemon's environment."""
        os.mkdir(self.work + "/bin")
        os.environ["PATH"] = self.work + "/bin:" + os.environ["PATH"]
        os.symlink(BUILD + "/tests/torture/plain_link", self.work + "/bin/ssh")
        for i, name in enumerate(PIPELINES):
            open("%s/nas_key_%s" % (self.ssh, name), "w").close()
            self.keeper.add(Daemon("link-" + name, [BUILD + "/tests/torture/plain_link", str(SSH_PORT + i), "%s/receiver-%s" % (self.ssh, name)],
                                   "%s/log/receiver-%s.log" % (self.work, name)))

    def start_sshd(self):
        sh("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.ssh + "/host_key")
        keys = []
        for name in PIPELINES:
            key = "%s/nas_key_%s" % (self.ssh, name)
            sh("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
            with open(key + ".pub") as f:
                keys.append('restrict,command="%s/receiver-%s" %s' % (self.ssh, name, f.read()))
        with open(self.ssh + "/host_key.pub") as f:
            host = " ".join(f.read().split()[:2])
        files = {"authorized_keys": "".join(keys), "known_hosts": "".join("[127.0.0.1]:%d %s\n" % (RELAY_PORT + i, host) for i in range(len(PIPELINES))),
                 "sshd_config": "ListenAddress 127.0.0.1:%d\nHostKey %s/host_key\nAuthorizedKeysFile %s/authorized_keys\nPidFile %s/sshd.pid\nStrictModes no\n"
                                "UsePAM no\nKexAlgorithms curve25519-sha256\nCiphers aes128-gcm@openssh.com\nPasswordAuthentication no\nPermitRootLogin forced-commands-only\nMaxStartups 100\nSetEnv HOME=%s\n" % ((SSH_PORT,) + (self.ssh,) * 4)}
        for name, text in files.items():
            with open("%s/%s" % (self.ssh, name), "w") as f:
                f.write(text)
        os.makedirs("/run/sshd", exist_ok=True)
        self.sshd = self.keeper.add(Daemon("sshd", ["/usr/sbin/sshd", "-D", "-f", self.ssh + "/sshd_config", "-E", self.work + "/log/sshd.log"],
                                           self.work + "/log/sshd.log"))

    def arm(self, pipeline, point):
        """The pipeline's next receivers die at this place, until one did."""
        with open("%s/crash-%s.new" % (self.work, pipeline), "w") as f:
            f.write(point)
        os.rename("%s/crash-%s.new" % (self.work, pipeline), "%s/crash-%s" % (self.work, pipeline))

    def armed(self, pipeline):
        return os.path.exists("%s/crash-%s" % (self.work, pipeline))

    def disarm(self, pipeline):
        if self.armed(pipeline):
            os.unlink("%s/crash-%s" % (self.work, pipeline))

    def gate(self, mode):
        with open(self.work + "/gate", "w") as f:
            f.write(mode)

    def close(self, keep=False):
        self.keeper.close()
        if keep:
            return
        for pipeline in PIPELINES:
            subprocess.run(["umount", "-l", self.seen(pipeline)], stderr=subprocess.DEVNULL)
        for at in reversed(self.mounts):
            subprocess.run(["umount", "-l", at], stderr=subprocess.DEVNULL)
        if not self.work.startswith("/dev/shm"):
            subprocess.run(["umount", "-l", "/dev/shm"])
        shutil.rmtree(self.images)

    def remove(self):
        shutil.rmtree(self.work, ignore_errors=True)


def faketime_library():
    for line in sh("dpkg", "-L", "libfaketime").split():
        if line.endswith("/libfaketime.so.1"):
            return line
    raise OSError("libfaketime is missing; deploy/install-deps brings it")
