"""A Mac that backs up to a share, as far as a server can tell: it opens `lock` and bands by durable handles and keeps them, writes into bands with
pauses, replaces its property lists by way of .tmp, delete and rename, is cut off, comes back.

Each write has a number that it leaves in what it writes, so that a copy of the bundle tells which write was the last one in it. All are logged with the time before
and after: numbers are a Mac's own, times CLOCK_MONOTONIC."""
import json
import os
import plistlib
import random
import struct
import sys
import time
from datetime import datetime, timezone

from impacket import smb3structs as s3
from impacket.smbconnection import SMBConnection

BLOCK = 4096
BLOCKS = 16  # of a band
BANDS = 24
HISTORY = "com.apple.TimeMachine.SnapshotHistory.plist"
RESULTS = "com.apple.TimeMachine.Results.plist"
MACHINE = "com.apple.TimeMachine.MachineID.plist"
GONE = (Exception,)  # impacket raises many kinds for one that is gone

READ_WRITE = s3.FILE_READ_DATA | s3.FILE_WRITE_DATA | s3.FILE_APPEND_DATA | s3.FILE_READ_ATTRIBUTES | s3.FILE_WRITE_ATTRIBUTES | s3.DELETE
SHARE_ALL = s3.FILE_SHARE_READ | s3.FILE_SHARE_WRITE | s3.FILE_SHARE_DELETE


class Mac:
    def __init__(self, name, share, port, source, log, seed):
        self.name, self.share, self.port, self.source = name, share, port, source
        self.bundle = name + ".sparsebundle"
        self.dice = random.Random(seed)
        self.log = open(log, "a", buffering=1)
        self.number = 0
        self.smb = None
        self.handles = {}
        self.attachments = 0  # how often `lock` was opened
        self.has = set()  # property lists that are there
        self.completed = None
        self.binary = self.dice.random() < 0.5

    # ---- the log

    def tell(self, what, began, **more):
        self.log.write(json.dumps(dict(more, n=self.number, what=what, began=began, ended=time.monotonic(), wall=time.time(),
                                            attached=self.attachments if "lock" in self.handles else 0)) + "\n")
        self.wrote = time.time()

    def next(self):
        self.number += 1
        return time.monotonic()

    # ---- the connection

    def connect(self):
        while self.smb is None:
            try:
                smb = SMBConnection("127.0.0.1", "127.0.0.1", sess_port=self.port, timeout=20)
                smb.login("mac", "mac")
                self.tree = smb.connectTree(self.share)
                self.smb = smb
            except GONE:
                time.sleep(0.2)

    def drop(self):
        """The lid is closed: the connection is gone without a word; the handles are the server's to keep for a while."""
        if self.smb is not None:
            try:
                self.smb._SMBConnection._NetBIOSSession.get_socket().close()
            except GONE:
                pass
        self.smb = None
        self.handles = {}

    def kill_smbd(self):
        """The server's process for this Mac dies."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if open("/proc/%s/comm" % pid).read().strip() != "smbd":
                    continue
                for fd in os.listdir("/proc/%s/fd" % pid):
                    if os.readlink("/proc/%s/fd/%s" % (pid, fd)).startswith("%s/%s/" % (self.source, self.bundle)):
                        os.kill(int(pid), 9)
                        break
            except OSError:
                continue
        self.drop()

    def again(self, do):
        """do(), also if the connection has gone meanwhile."""
        for _ in range(20):
            self.connect()
            try:
                return do()
            except GONE:
                self.drop()
                time.sleep(0.1)
        sys.exit("%s: the server does not take it" % self.name)

    def path(self, below):
        return "%s\\%s" % (self.bundle, below.replace("/", "\\"))

    def open(self, below, durable=False):
        contexts = None
        if durable:
            context = s3.SMB2CreateContext()
            context["Next"] = 0
            context["NameOffset"], context["NameLength"] = 16, 4
            context["DataOffset"], context["DataLength"] = 24, 16
            context["Buffer"] = b"DHnQ" + b"\0" * 4 + b"\0" * 16
            contexts = [context]
        return self.smb._SMBConnection.create(self.tree, self.path(below), READ_WRITE, SHARE_ALL, s3.FILE_NON_DIRECTORY_FILE, s3.FILE_OPEN_IF,
                                              s3.FILE_ATTRIBUTE_NORMAL, oplockLevel=s3.SMB2_OPLOCK_LEVEL_BATCH if durable else s3.SMB2_OPLOCK_LEVEL_NONE,
                                              createContexts=contexts)

    def hold(self, below):
        if below not in self.handles:
            self.handles[below] = self.open(below, durable=True)
            self.attachments += below == "lock"
        return self.handles[below]

    def release(self):
        for handle in list(self.handles.values()):
            try:
                self.smb.closeFile(self.tree, handle)
            except GONE:
                pass
        self.handles = {}

    # ---- what it writes

    def write_whole(self, below, data):
        handle = self.open(below)
        self.smb.writeFile(self.tree, handle, data)
        self.smb.closeFile(self.tree, handle)

    def write_band(self):
        band, block = self.dice.randrange(BANDS), self.dice.randrange(BLOCKS)
        began = self.next()

        def do():
            handle = self.hold("bands/%x" % band)
            self.smb.writeFile(self.tree, handle, struct.pack(">Q", self.number) + os.urandom(BLOCK - 8), block * BLOCK)
            if self.dice.random() < 0.2:
                self.smb._SMBConnection.flush(self.tree, handle)

        self.again(do)
        self.tell("band", began)

    def write_plist(self, name, content, what):
        """Three writes: .tmp, delete, rename; each with a number of its own, that of .tmp in the content."""
        began = self.next()
        data = plistlib.dumps(dict(content, Number=self.number), fmt=plistlib.FMT_BINARY if self.binary else plistlib.FMT_XML)
        self.again(lambda: self.write_whole(name + ".tmp", data))
        self.tell("tmp", began)
        began = self.next()
        if name in self.has:
            self.again(lambda: self.delete(name))
        self.tell("delete", began)
        began = self.next()
        self.again(lambda: self.rename(name + ".tmp", name))
        self.has.add(name)
        self.tell(what, began)

    def delete(self, name):
        try:
            self.smb.deleteFile(self.share, self.path(name))
        except GONE as fault:
            if "NOT_FOUND" not in str(fault):
                raise

    def rename(self, old, new):
        try:
            self.smb.rename(self.share, self.path(old), self.path(new))
        except GONE as fault:
            # Done already, before the connection went.
            if "NOT_FOUND" not in str(fault):
                raise

    def write_history(self, what):
        snapshots = []
        if self.completed is not None:
            snapshots = [{"com.apple.backupd.SnapshotCompletionDate": datetime.fromtimestamp(self.completed, timezone.utc).replace(tzinfo=None, microsecond=0),
                          "com.apple.backupd.SnapshotName": "2026-11-25-120000"}]
        self.write_plist(HISTORY, {"Snapshots": snapshots}, what)

    def make_bundle(self):
        def folder(below):
            try:
                self.smb.createDirectory(self.share, self.path(below) if below else self.bundle)
            except GONE as fault:
                if "COLLISION" not in str(fault):
                    raise

        began = self.next()
        self.again(lambda: folder(""))
        self.again(lambda: folder("bands"))
        info = plistlib.dumps({"band-size": BLOCK * BLOCKS, "size": 10**9, "bundle-backingstore-version": 1, "CFBundleInfoDictionaryVersion": "6.0",
                               "diskimage-bundle-type": "com.apple.diskimage.sparsebundle"})
        for name, data in (("Info.plist", info), ("Info.bckup", info), ("token", b""), ("lock", b""),
                           (MACHINE, plistlib.dumps({"VerificationState": 1, "HostUUID": "0F1E2D3C-0000-4000-8000-000000000001"}))):
            self.again(lambda n=name, d=data: self.write_whole(n, d))
        self.tell("begin", began)

    # ---- what it does

    def begin_backup(self, sticky=False):
        self.connect()
        if self.number == 0:
            self.make_bundle()
        self.again(lambda: self.hold("lock"))
        if not sticky:
            self.write_plist(RESULTS, {"Running": True}, "begin")
        if self.completed is not None:
            self.write_history("begin")
        began = self.next()
        self.again(lambda: self.smb.writeFile(self.tree, self.hold("bands/0"), struct.pack(">Q", self.number) + os.urandom(BLOCK - 8), 0))
        self.tell("begin", began)

    def end_backup(self, sticky=False):
        # Dates have whole seconds: a newer one must be later.
        date = int(time.time())
        if self.completed is not None and date <= self.completed:
            time.sleep(1.1)
            date = int(time.time())
        self.completed = date
        self.write_history("complete")
        self.write_history("again")
        if not sticky:
            self.write_plist(RESULTS, {"Running": False}, "result")


def last_number(bundle):
    """Of the last write that a copy of the bundle holds."""
    last = 0
    bands = os.path.join(bundle, "bands")
    for name in os.listdir(bands) if os.path.isdir(bands) else []:
        with open(os.path.join(bands, name), "rb") as f:
            data = f.read()
        for at in range(0, len(data) - 7, BLOCK):
            number = struct.unpack(">Q", data[at:at + 8])[0]
            if number < 1 << 32:
                last = max(last, number)

    def number_of(name):
        try:
            with open(os.path.join(bundle, name), "rb") as f:
                return plistlib.load(f)["Number"]
        except (OSError, ValueError, KeyError, plistlib.InvalidFileException, Exception):
            return None

    for name in (HISTORY, RESULTS):
        whole, tmp = number_of(name), number_of(name + ".tmp")
        if whole is not None:
            last = max(last, whole + 2)
        if tmp is not None:
            last = max(last, tmp if os.path.exists(os.path.join(bundle, name)) else tmp + 1)
    if last == 0 and os.path.isdir(bundle):
        last = 1
    return last
