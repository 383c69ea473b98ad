"""Five hosts, each with a network of its own: a hub with the broker, two NASes with their disks and workers, two vaults with a real sshd. Between them a core that forwards,
and that can take a host's line away, or let nothing through from one to another: nobody is told, as when a cable is pulled.

The lab runs in namespaces of its own (mount, PID, network, IPC); the core is their network. Each source has two pipelines, one into each vault."""
import hashlib
import os
import re
import shutil
import subprocess
import time

import zmq

import asking
from daemons import Daemon, Keeper

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("BUILD", os.path.join(HERE, "../../build"))
# Heartbeats, leases and back-offs are so many times shorter than usual, and so are the cuts; 1: as they are in life.
HURRY = int(os.environ.get("HURRY", "5"))
LEASE_MS = 20000 // HURRY
HUB, NASES, VAULTS = "hub", ("nas1", "nas2"), ("near", "far")
HOSTS = (HUB,) + NASES + VAULTS
VAULT_FS = {"near": ["mkfs.btrfs", "-q"], "far": ["mkfs.ext4", "-q"]}
KEPT = 3
ANSWER_S = 6
STAGES = ("snapshotter", "transfer-1", "transfer-2", "pruner")


def sh(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise OSError("%s: %s%s" % (" ".join(command), done.stdout, done.stderr))
    return done.stdout


def pipelines():
    """(name, NAS, vault) of each."""
    return [("%s-%s" % (nas, vault), nas, vault) for nas in NASES for vault in VAULTS]


class Network:
    def __init__(self):
        self.barred = set()
        sh("mount", "-t", "tmpfs", "none", "/run")
        os.makedirs("/run/netns")
        os.makedirs("/run/sshd")
        sh("ip", "link", "set", "lo", "up")
        with open("/proc/sys/net/ipv4/ip_forward", "w") as f:
            f.write("1")
        for i, host in enumerate(HOSTS, 1):
            sh("ip", "netns", "add", host)
            sh("ip", "link", "add", "to-" + host, "type", "veth", "peer", "name", "eth0", "netns", host)
            sh("ip", "addr", "add", "10.9.%d.1/24" % i, "dev", "to-" + host)
            sh("ip", "link", "set", "to-" + host, "up")
            sh("ip", "-n", host, "addr", "add", "%s/24" % self.address(host), "dev", "eth0")
            for device in ("lo", "eth0"):
                sh("ip", "-n", host, "link", "set", device, "up")
            sh("ip", "-n", host, "route", "add", "default", "via", "10.9.%d.1" % i)

    @staticmethod
    def address(host):
        return "10.9.%d.2" % (HOSTS.index(host) + 1)

    @staticmethod
    def at(host, argv):
        return ["nsenter", "--net=/run/netns/" + host, "--"] + argv

    def cut(self, host):
        """Its line is dead."""
        sh("ip", "link", "set", "to-" + host, "down")

    def mend(self, host):
        sh("ip", "link", "set", "to-" + host, "up")

    def bar(self, one, other):
        """Nothing of what one sends reaches the other; the way back is open."""
        if (one, other) not in self.barred:
            self.barred.add((one, other))
            sh("ip", "rule", "add", "from", self.address(one), "to", self.address(other), "blackhole")

    def unbar(self, one, other):
        if (one, other) in self.barred:
            self.barred.remove((one, other))
            sh("ip", "rule", "del", "from", self.address(one), "to", self.address(other), "blackhole")

    def heal(self):
        for host in HOSTS:
            self.mend(host)
        for one, other in list(self.barred):
            self.unbar(one, other)


class Lab:
    def __init__(self, work):
        self.work, self.mounts, self.daemons = work, [], {}
        os.makedirs(work + "/log")
        os.makedirs(work + "/images")
        os.makedirs(work + "/keys/clients")
        self.net = Network()
        self.keeper, self.zmq = Keeper(), zmq.Context()
        for nas in NASES:
            self.mount(nas, ["mkfs.btrfs", "-q"], "%s/%s/disk" % (work, nas))
            sh("btrfs", "-q", "subvolume", "create", self.source(nas))
            os.makedirs("%s/%s/state" % (work, nas))
        for vault in VAULTS:
            self.mount(vault, VAULT_FS[vault], "%s/%s/disk" % (work, vault))
            os.mkdir(self.root(vault)) if vault != "near" else sh("btrfs", "-q", "subvolume", "create", self.root(vault))
        self.make_keys()
        self.write_configs()
        self.keeper.start()

    # ---- places

    def mount(self, name, mkfs, at):
        image = "%s/images/%s.img" % (self.work, name)
        sh("truncate", "-s", "512M", image)
        sh(*mkfs, image)
        os.makedirs(at)
        sh("mount", "-o", "loop,noatime", image, at)
        self.mounts.append(at)

    def source(self, nas):
        return "%s/%s/disk/data" % (self.work, nas)

    def snapshots(self, nas):
        return "%s/%s/disk/.aob-snapshots" % (self.work, nas)

    def root(self, vault):
        return "%s/%s/disk/offsite" % (self.work, vault)

    def folder(self, pipeline, vault):
        return "%s/%s" % (self.root(vault), pipeline)

    def config(self, host):
        return "%s/%s.yaml" % (self.work, host)

    # ---- how each is set up

    def make_keys(self):
        """As docs/hosts.md has it: each host's secret key stays with it; the hub has everybody's public one."""
        for host in (HUB, "admin") + NASES:
            folder = "%s/keys/%s" % (self.work, host)
            os.mkdir(folder)
            sh(BUILD + "/aob", "keygen", folder + "/own")
            shutil.copy(folder + "/own", "%s/keys/clients/%s" % (self.work, host))
        sh(BUILD + "/aob", "keygen", self.work + "/keys/hub/broker")
        for host in ("admin",) + NASES:
            shutil.copy(self.work + "/keys/hub/broker", "%s/keys/%s/broker" % (self.work, host))
        for vault in VAULTS:
            sh("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "%s/keys/%s_host" % (self.work, vault))
        sh("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.work + "/keys/vault")
        with open(self.work + "/known_hosts", "w") as out:
            for vault in VAULTS:
                with open("%s/keys/%s_host.pub" % (self.work, vault)) as key:
                    out.write("%s %s\n" % (self.net.address(vault), " ".join(key.read().split()[:2])))

    def write_configs(self):
        broker = "broker:\n  endpoint: tcp://%s:5555\n  events: tcp://%s:5556\n  state: %%s\n" % ((self.net.address(HUB),) * 2)
        text = ["host: hub", broker % (self.work + "/hub/state.db") + "  curve: { server_certificate: %s/keys/hub/broker, own_certificate: %s/keys/hub/own, client_certificates: %s/keys/clients }"
                % ((self.work,) * 3), "vaults:"]
        os.mkdir(self.work + "/hub")
        for vault in VAULTS:
            text.append("  %s: { ssh: 'root@%s', root: %s, identity: %s/keys/vault, rate: 2 MB/s%s, ssh_options: [UserKnownHostsFile=%s/known_hosts, ServerAliveInterval=%d,"
                        " ServerAliveCountMax=3, ConnectTimeout=5] }" % (vault, self.net.address(vault), self.root(vault), self.work, ", transfers: 1" if vault == "near" else "",
                                                                         self.work, max(1, 5 // HURRY)))
        text.append("pipelines:")
        for name, nas, vault in pipelines():
            text.append("  %s: { source: %s, host: %s, vault: %s, brake: off, rehearse: never, verify_every: never, watch: { idle: 1s, max_wait: 8s }, stages: [snapshot, transfer, prune: { last: %d }] }"
                        % (name, self.source(nas), nas, vault, KEPT))
        self.write(HUB, "\n".join(text) + "\n")
        for nas in NASES:
            # All that a host needs to know of a broker elsewhere.
            self.write(nas, "host: %s\n" % nas + broker % ("%s/%s/state/state.db" % (self.work, nas)) +
                       "  curve: { server_certificate: %s/keys/%s/broker, own_certificate: %s/keys/%s/own }\n" % (self.work, nas, self.work, nas))
        for host in (HUB,) + NASES:
            sh(BUILD + "/aob", "check", self.config(host))

    def write(self, host, text):
        with open(self.config(host), "w") as f:
            f.write(text)

    # ---- processes

    def add(self, host, part, argv, **env):
        name = "%s-%s" % (host, part)
        machine = "%s/%s.machine-id" % (self.work, host)
        with open(machine, "w") as f:
            f.write(hashlib.md5(host.encode()).hexdigest() + "\n")
        self.daemons[host, part] = self.keeper.add(Daemon(name, self.net.at(host, argv), "%s/log/%s.log" % (self.work, name),
                                                          {"AOB_HURRY": str(HURRY), "AOB_MACHINE_ID_FILE": machine, **env}))

    def start(self):
        for vault in VAULTS:
            self.start_sshd(vault)
        self.add(HUB, "broker", [BUILD + "/aob-broker", "--config", self.config(HUB)], AOB_LEASE_MS=str(LEASE_MS))
        for nas in NASES:
            for stage in STAGES:
                self.add(nas, stage, ["%s/aob-%s" % (BUILD, stage.split("-")[0]), "--config", self.config(nas), "--worker", "%s-%s" % (nas, stage)])
            self.add(nas, "watcher", [BUILD + "/aob-watcher", "--config", self.config(nas)])
        # A subscriber on another host, for as long as the lab lives: it has to hear of what is published after each cut.
        self.add("nas2", "events", ["/bin/sh", "-c", "exec %s/aob events --config %s --follow --json >>%s/events.log" % (BUILD, self.config("nas2"), self.work)])
        end = time.monotonic() + 30
        while True:
            try:
                self.ask("status")
                return
            except OSError:
                if time.monotonic() > end:
                    raise

    def start_sshd(self, vault):
        folder = "%s/%s/ssh" % (self.work, vault)
        os.mkdir(folder)
        with open(self.work + "/keys/vault.pub") as key, open(folder + "/authorized_keys", "w") as out:
            out.write('restrict,command="exec %s/aob-receiver serve --root %s 2>>%s/log/receiver-%s.log" %s' % (BUILD, self.root(vault), self.work, vault, key.read()))
        with open(folder + "/sshd_config", "w") as out:
            out.write("ListenAddress %s:22\nHostKey %s/keys/%s_host\nAuthorizedKeysFile %s/authorized_keys\nPidFile none\nStrictModes no\nUsePAM no\n"
                      "KexAlgorithms curve25519-sha256\nCiphers aes128-gcm@openssh.com\nPasswordAuthentication no\nPermitRootLogin forced-commands-only\nMaxStartups 100\n"
                      "ClientAliveInterval %d\nClientAliveCountMax 3\nSetEnv HOME=%s\n" % (self.net.address(vault), self.work, vault, folder, max(1, 15 // HURRY), folder))
        self.add(vault, "sshd", ["/usr/sbin/sshd", "-D", "-f", folder + "/sshd_config", "-E", "%s/log/sshd-%s.log" % (self.work, vault)])

    def of(self, host):
        return [daemon for (where, _), daemon in self.daemons.items() if where == host]

    def ask(self, verb, **more):
        """What `aob` asks (docs/protocol.md), by an admin who sits at the core: the result; raises OSError without an answer, or with what it refuses."""
        public, secret, server = self.key("admin/own_secret", "public"), self.key("admin/own_secret", "secret"), self.key("admin/broker", "public")
        socket = self.zmq.socket(zmq.DEALER)
        socket.curve_publickey, socket.curve_secretkey, socket.curve_serverkey = public, secret, server
        return asking.ask(socket, "tcp://%s:5555" % self.net.address(HUB), ANSWER_S, verb, **more)

    def key(self, name, which):
        with open("%s/keys/%s" % (self.work, name)) as f:
            return re.search(r'%s-key = "(.{40})"' % which, f.read()).group(1).encode()

    def close(self, keep):
        self.keeper.close()
        if keep:
            return
        for at in reversed(self.mounts):
            subprocess.run(["umount", "-l", at], stderr=subprocess.DEVNULL)
        shutil.rmtree(self.work, ignore_errors=True)
