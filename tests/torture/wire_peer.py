"""The client's side of docs/wire.md in Python, written from that page: for tests that say what no client of ours would say."""
import hashlib
import os
import struct
import subprocess

NUMBERS = dict(
    HELLO=1, WELCOME=2, FAULT=3, NOTE=4, BYE=5, PING=6, OWNER=7, OWNED=8, CONTACT=9, BEGIN=10, BEGUN=11, LIST=12, ENTRY=13, LIST_END=14, SIG_WANT=20, SIG_DATA=21, SIG_END=22,
    PART=23, PART_WANT=24, PART_HASH=25, AHEAD=26, FILE_DATA=27, REMOVE=30, MAKE=31, LINK=32, FILE_BEGIN=33, FILE_DELTA=34, FILE_END=35, META=36,
    MOVE=37, MOVES_END=38, FILE_HOLE=39, COMMIT=40, PUBLISHED=41, GENERATIONS=50, GENERATION=51, GENERATIONS_END=52, PRUNE=53, PRUNED=54, BRAKE=55, BRAKED=56,
    FETCH=60, FETCH_DATA=61, FETCH_FILE_END=62, FETCH_END=63, LOOK=64, LOOK_END=65, FIND=66, FOUND=67, FIND_END=68, DIFF=69, DIFFERENCE=70,
    DIFF_END=71, TREE=80, GIVE=81, SUMS=82, SUMS_DATA=83, ROOT=90, ROOT_SEEN=91, BRANCH=92, TWIG=93, BRANCH_END=94, PROOF=95, PROVEN=96, VERIFY=100, DAMAGE=101, VERIFIED=102,
    MEND=103, MEND_DATA=104, MEND_END=105, MENDED=106)
NAMES = {number: name for name, number in NUMBERS.items()}
FILE, FOLDER, SYMLINK, FIFO = 1, 2, 3, 4
ZEROS = bytes(32)


def raw(value):
    return value if isinstance(value, bytes) else value.encode()


def text(value):  # bytes and string are the same on the wire
    value = raw(value)
    return struct.pack(">I", len(value)) + value


def frame(name, payload=b""):
    return struct.pack(">IB", len(payload), NUMBERS[name]) + payload


def entry(path, kind=FILE, mode=0o644, size=0, mtime=1700000000, target="", inode=0, links=1, flags=0, xattrs=(), uid=0, gid=0, mtime_ns=0):
    out = struct.pack(">BBIIIQqIIIQI", kind, flags, mode, uid, gid, size, mtime, mtime_ns, 0, 0, inode, links) + text(path) + text(target)
    if flags & 2:  # attributes by their digest: there are none
        return out + bytes(16)
    out += struct.pack(">H", len(xattrs))
    return out + b"".join(text(name) + text(value) for name, value in sorted(xattrs))


def hello(role="transfer", pipeline="p", features=0, low=2, high=2):
    return frame("HELLO", struct.pack(">IHHI", 0x414F4231, low, high, features) + text(role) + text(pipeline) + text("test"))


def owner(machine, host="host", adopts=False):
    """Of a client that has the feature 16."""
    return frame("OWNER", text(machine) + text(host) + bytes([adopts]))


def contact(language="de", name="Anna", phone="+49 30 1234567", mail="anna@example.net"):
    """Of a client that has the feature 64."""
    return frame("CONTACT", text(language) + text(name) + text(phone) + text(mail))


def begin(run, taken_at=1700000000, state="quiet"):
    return frame("BEGIN", text(run) + struct.pack(">q", taken_at) + text("uuid-" + run) + struct.pack(">Q", 1) + text(state) + text("/source")
                 + text("host") + text("view"))


def make(path, kind=FOLDER, **more):
    more.setdefault("mode", 0o755)
    return frame("MAKE", entry(path, kind, **more))


def meta(path, kind=FILE, **more):
    return frame("META", entry(path, kind, **more))


def file(path, content, basis=0, at=0, **more):
    """A whole file, as new content."""
    out = frame("FILE_BEGIN", struct.pack(">BQ", basis, at) + entry(path, size=len(content), **more))
    for i in range(at, len(content), 65536):
        out += frame("FILE_DATA", content[i:i + 65536])
    return out + frame("FILE_END", hashlib.sha256(content).digest())


def delta(path, pieces, content, basis=2, **more):
    """A file by one librsync delta; pieces: (from, length) copied from the old content, or new bytes."""
    body = struct.pack(">I", 0x72730236)
    for piece in pieces:
        if isinstance(piece, bytes):
            body += struct.pack(">BI", 0x43, len(piece)) + piece  # LITERAL, length of 4 bytes
        else:
            body += struct.pack(">BII", 0x4F, *piece)  # COPY, offset and length of 4 bytes each
    body += b"\0"
    return (frame("FILE_BEGIN", struct.pack(">BQ", basis, 0) + entry(path, size=len(content), **more)) + frame("FILE_DELTA", body)
            + frame("FILE_END", hashlib.sha256(content).digest()))


def link(path, existing):
    return frame("LINK", text(path) + text(existing))


def remove(path):
    return frame("REMOVE", text(path))


def moves(pairs, guessed=0):
    return b"".join(frame("MOVE", text(a) + text(b)) for a, b in pairs) + frame("MOVES_END", struct.pack(">QB", len(pairs), guessed))


def commit(files=0, total=0, brake=None):
    """brake: in percent, of a client that has the feature 4."""
    return frame("COMMIT", struct.pack(">QQQ", files, total, 0) + (b"" if brake is None else bytes([brake])))


def brake(release=False, generation=""):
    return frame("BRAKE", bytes([release]) + text(generation))


def prune(generation):
    return frame("PRUNE", text(generation))


def look(generation="", path="", deep=True):
    return frame("LOOK", text(generation) + text(path) + bytes([deep]))


def find(wanted, by_path=False):
    return frame("FIND", bytes([by_path]) + text(wanted))


def diff(before="", after="", path=""):
    return frame("DIFF", text(before) + text(after) + text(path))


def verify(how=1, every_s=0, generation=""):
    """Of a client that has the feature 512."""
    return frame("VERIFY", struct.pack(">BQ", how, every_s) + text(generation))


def mend(generation, path, content=None, whole=True):
    """Without content: from other files of the vault."""
    out = frame("MEND", bytes([content is not None]) + text(generation) + text(path))
    if content is None:
        return out
    for i in range(0, len(content), 65536):
        out += frame("MEND_DATA", content[i:i + 65536])
    return out + frame("MEND_END", bytes([whole]))


class Fault(Exception):
    def __init__(self, code, words):
        super().__init__("%s: %s" % (code, words))
        self.code = code


class Gone(Exception):
    """The receiver is not there any more."""


class Peer:
    """A receiver of its own, started by command; one conversation with it."""

    def __init__(self, command, env=None, stderr=subprocess.DEVNULL):
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, bufsize=0, env=env)

    def say(self, *frames):
        data = memoryview(b"".join(frames))
        try:
            while data:
                data = data[os.write(self.child.stdin.fileno(), data):]
        except BrokenPipeError:
            pass  # what it said before is still to be read

    def _bytes(self, n):
        out = b""
        while len(out) < n:
            piece = self.child.stdout.read(n - len(out))
            if not piece:
                raise Gone()
            out += piece
        return out

    def hear(self):
        """(name, payload) of the next frame that is no NOTE; FAULT is raised."""
        while True:
            length, number = struct.unpack(">IB", self._bytes(5))
            payload = self._bytes(length)
            if NAMES[number] == "FAULT":
                n, = struct.unpack(">I", payload[:4])
                code = payload[4:4 + n].decode()
                raise Fault(code, payload[12 + n:].decode("utf-8", "replace"))
            if NAMES[number] != "NOTE":
                return NAMES[number], payload

    def until(self, name):
        """All frames up to the next one of this name, it included."""
        heard = []
        while not heard or heard[-1][0] != name:
            heard.append(self.hear())
        return heard

    def end(self):
        """Close, wait, and give the exit status."""
        try:
            self.child.stdin.close()
        except BrokenPipeError:
            pass
        self.child.stdout.close()
        return self.child.wait()
