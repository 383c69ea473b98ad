"""Seeded random changes of a tree, of every kind that a file system allows."""
import os
import random
import socket
import stat

NAMES = ["a", "b", "c", "d", "e.jpg", "f", "-dash", "sp ace", "new\nline", "\udcff\udcfe", "é", "long" * 60, "z", "Z", "0"]
FOLDERS_MOST = 60
ENTRIES_MOST = 260
DEPTH_MOST = 24


class Mutator:
    """Applies random operations below `root`. The same seed on the same tree does the same."""

    def __init__(self, root, seed, log, links=True, kept=None):
        self.kept = kept  # a folder that always stays where it is
        self.links = links
        self.root = root
        self.random = random.Random(seed)
        self.log = log
        self.held = []
        self.times = {}  # mtime -> inode
        self.put_back = False  # files may change and have the size and the time of before

    def tree(self):
        folders, others = [self.root], []
        for at, names, files in os.walk(self.root):
            names.sort()
            for name in names:
                path = os.path.join(at, name)
                (others if os.path.islink(path) else folders).append(path)
            others += [os.path.join(at, name) for name in sorted(files)]
        return folders, others

    def look(self):
        self.folders, self.others = self.tree()
        self.inner = [f for f in self.folders[1:] if f != self.kept]  # those that may be moved or removed
        self.files = [p for p in self.others if stat.S_ISREG(os.lstat(p).st_mode)]
        for path in self.files if not self.put_back else []:
            self.tell_apart(path)

    def tell_apart(self, path):
        """No two files ever have the same time, as the kernel's clock is coarse: a comparison by size and time alone could not tell them apart, nor could rsync."""
        st = os.lstat(path)
        while self.times.setdefault(st.st_mtime_ns, st.st_ino) != st.st_ino:
            os.utime(path, ns=(0, st.st_mtime_ns + self.random.randrange(1, 10**6)))
            st = os.lstat(path)

    def some_folder(self, root=True):
        options = self.folders if root else self.inner
        return self.random.choice(options) if options else None

    def some(self, options):
        return self.random.choice(options) if options else None

    def free_name(self, folder=None):
        folder = folder or self.some_folder()
        for _ in range(20):
            path = os.path.join(folder, self.random.choice(NAMES) + self.random.choice(["", "", "1", "2"]))
            if not os.path.lexists(path) and len(os.fsencode(os.path.basename(path))) < 255:
                return path
        return None

    def data(self, most=70000):
        return self.random.randbytes(self.random.choice([0, 1, 31, 4096, 5000, most]))

    # Each operation is one method; its name goes into the log.
    def op_create(self):
        path = self.free_name()
        if path and len(self.others) < ENTRIES_MOST:
            with open(path, "wb") as f:
                f.write(self.data(self.random.choice([9000, 70000, 200000])))

    def op_create_sparse(self):
        path = self.free_name()
        if path and len(self.others) < ENTRIES_MOST:
            with open(path, "wb") as f:
                for _ in range(self.random.randint(0, 3)):
                    f.seek(self.random.randrange(0, 600000))
                    f.write(self.data(5000))
                f.truncate(self.random.randrange(0, 900000))

    def op_folder(self):
        path = self.free_name()
        if path and len(self.folders) < FOLDERS_MOST:
            os.mkdir(path, 0o755)

    def op_deep(self):
        path = self.free_name()
        if path and len(self.folders) < FOLDERS_MOST:
            depth = self.random.randint(2, 8)
            if path.count("/") - self.root.count("/") + depth < DEPTH_MOST:
                deep = os.path.join(path, *[self.random.choice("abc") for _ in range(depth)])
                os.makedirs(deep)
                with open(os.path.join(deep, "leaf"), "wb") as f:
                    f.write(self.data(9000))

    def op_symlink(self):
        path = self.free_name()
        if path:
            os.symlink(self.random.choice(["a", "../b", "/nowhere", "x" * 200]), path)

    def op_fifo(self):
        path = self.free_name()
        if path:
            os.mkfifo(path, 0o640)

    def op_socket(self):
        path = self.free_name()
        if path and self.random.random() < 0.3:
            here = os.getcwd()
            os.chdir(os.path.dirname(path))
            try:
                with socket.socket(socket.AF_UNIX) as s:
                    if len(os.fsencode(os.path.basename(path))) < 100:
                        s.bind(os.path.basename(path))
            finally:
                os.chdir(here)

    def op_write(self):
        path = self.some(self.files)
        if path:
            size = os.path.getsize(path)
            with open(path, "r+b") as f:
                for _ in range(self.random.randint(1, 4)):
                    f.seek(self.random.randrange(0, size + 1))
                    f.write(self.data(20000))

    def op_write_page(self):
        path = self.some([p for p in self.files if os.path.getsize(p) > 8192])
        if path:
            with open(path, "r+b") as f:
                f.seek(self.random.randrange(os.path.getsize(path) // 4096) * 4096)
                f.write(self.random.randbytes(4096))

    def op_put_back(self):
        """Changed in place, and nothing but btrfs itself can tell."""
        path = self.some([p for p in self.files if os.path.getsize(p) > 0])
        if path and self.put_back:
            st = os.lstat(path)
            with open(path, "r+b") as f:
                f.seek(self.random.randrange(st.st_size))
                f.write(self.random.randbytes(1))
            os.utime(path, ns=(0, st.st_mtime_ns))

    def op_replace_alike(self):
        """Another file of the same size and time takes its place."""
        path = self.some([p for p in self.files if os.path.getsize(p) > 0])
        if path and self.put_back:
            st = os.lstat(path)
            new = os.path.join(os.path.dirname(path), ".tmp%d" % self.random.randrange(10**6))
            with open(new, "wb") as f:
                f.write(self.random.randbytes(st.st_size))
            os.utime(new, ns=(0, st.st_mtime_ns))
            os.rename(new, path)

    def op_alike(self):
        """A new file that has size and time of another one."""
        path, to = self.some(self.files), self.free_name()
        if path and to and self.put_back:
            st = os.lstat(path)
            with open(to, "wb") as f:
                f.write(self.random.randbytes(st.st_size))
            os.utime(to, ns=(0, st.st_mtime_ns))

    def op_write_same(self):
        path = self.some([p for p in self.files if os.path.getsize(p) > 0])
        if path:
            with open(path, "r+b") as f:
                data = f.read()
                f.seek(0)
                f.write(data)

    def op_append(self):
        path = self.some(self.files)
        if path:
            with open(path, "ab") as f:
                f.write(self.data(9000))

    def op_truncate(self):
        path = self.some(self.files)
        if path:
            size = os.path.getsize(path)
            os.truncate(path, self.random.choice([0, size // 2, max(size - 1, 0), size + 1, size + 70000]))

    def op_punch(self):
        path = self.some([p for p in self.files if os.path.getsize(p) > 0])
        if path:
            size = os.path.getsize(path)
            at = self.random.randrange(size)
            n = self.random.randrange(1, size - at + 1)
            if self.random.random() < 0.6:
                at, n = at // 4096 * 4096, max(n // 4096 * 4096, 4096)
            os.system("fallocate -p -o %d -l %d -- %s" % (at, n, quoted(path)))

    def op_replace(self):
        path = self.some(self.files)
        if path:
            with open(path, "rb") as f:
                data = f.read()
            at = self.random.randrange(len(data) + 1)
            data = data[:at] + self.data(3000) + data[at + self.random.choice([0, 0, 5]):]
            new = os.path.join(os.path.dirname(path), ".tmp%d" % self.random.randrange(10**6))
            with open(new, "wb") as f:
                f.write(data)
            os.rename(new, path)

    def move(self, path):
        folder = self.some_folder()
        if not (folder + "/").startswith(path + "/") and folder.count("/") - self.root.count("/") < DEPTH_MOST:
            to = self.free_name(folder)
            if to:
                os.rename(path, to)

    def op_rename_file(self):
        path = self.some(self.others)
        if path:
            self.move(path)

    def op_rename_folder(self):
        path = self.some_folder(root=False)
        if path:
            self.move(path)

    def op_rename_over(self):
        a, b = self.some(self.files), self.some(self.files)
        if a and b and a != b:
            os.rename(a, b)

    def op_swap(self):
        options = self.inner + self.others
        a, b = self.some(options), self.some(options)
        if a and b and a != b and not (a + "/").startswith(b + "/") and not (b + "/").startswith(a + "/"):
            tmp = os.path.join(self.root, ".swap")
            os.rename(a, tmp)
            os.rename(b, a)
            os.rename(tmp, b)

    def op_ring(self):
        options = [self.random.choice(self.files) for _ in range(3)] if len(self.files) > 3 else []
        if len(set(options)) == 3:
            tmp = os.path.join(self.root, ".ring")
            os.rename(options[0], tmp)
            os.rename(options[1], options[0])
            os.rename(options[2], options[1])
            os.rename(tmp, options[2])

    def op_turn_over(self):
        """A folder becomes the child of its own child."""
        for child in self.inner:
            parent = os.path.dirname(child)
            if parent in self.inner and self.random.random() < 0.2:
                out = self.free_name(os.path.dirname(parent))
                if out:
                    os.rename(child, out)
                    inner = self.free_name(out)
                    if inner:
                        os.rename(parent, inner)
                return

    def op_rescue(self):
        """A child leaves its folder, and that goes."""
        path = self.some([p for p in self.others if os.path.dirname(p) in self.inner])
        if path:
            folder = os.path.dirname(path)
            to = self.free_name(self.root)
            if to:
                os.rename(path, to)
                remove(folder)

    def op_take_name(self):
        """A goes to another name, and something new takes its own."""
        path, to = self.some(self.files), self.free_name()
        if path and to:
            os.rename(path, to)
            if self.random.random() < 0.5:
                with open(path, "wb") as f:
                    f.write(self.data(9000))
            else:
                os.mkdir(path)

    def op_link(self):
        path, to = self.some(self.files), self.free_name()
        if path and to:
            os.link(path, to)

    def op_relink(self):
        path = self.some([p for p in self.files if os.lstat(p).st_nlink > 1])
        to = self.free_name()
        if path and to:
            os.link(path, to)
            os.unlink(path)

    def op_unlink(self):
        path = self.some(self.others)
        if path:
            os.unlink(path)

    def op_remove_tree(self):
        path = self.some_folder(root=False)
        if path and self.random.random() < 0.4:
            remove(path)

    def op_again(self):
        """The same name, another object."""
        path = self.some(self.files)
        if path:
            os.unlink(path)
            with open(path, "wb") as f:
                f.write(self.data(9000))

    def op_type(self):
        path = self.some(self.others)
        if path:
            os.unlink(path)
            kind = self.random.randrange(3)
            if kind == 0:
                os.mkdir(path)
                with open(os.path.join(path, "in"), "wb") as f:
                    f.write(b"x")
            elif kind == 1:
                os.symlink("type", path)
            else:
                os.mkfifo(path)

    def op_folder_to_file(self):
        path = self.some_folder(root=False)
        if path and self.random.random() < 0.3:
            remove(path)
            with open(path, "wb") as f:
                f.write(self.data(5000))

    def op_chmod(self):
        path = self.some(self.folders + self.files)
        if path:
            os.chmod(path, self.random.choice([0o600, 0o644, 0o755, 0o700, 0o1777]))

    def op_chown(self):
        path = self.some(self.folders + self.others)
        if path:
            os.chown(path, self.random.randrange(3) * 1000, self.random.randrange(3) * 100, follow_symlinks=False)

    def op_utime(self):
        path = self.some(self.folders + self.others)
        if path:
            os.utime(path, ns=(0, self.random.randrange(10**18, 2 * 10**18)), follow_symlinks=False)

    def op_xattr(self):
        path = self.some(self.folders + self.files)
        if path:
            name = "user.x%d" % self.random.randrange(3)
            if name in os.listxattr(path) and self.random.random() < 0.4:
                os.removexattr(path, name)
            else:
                os.setxattr(path, name, self.random.randbytes(self.random.choice([0, 10, 300])))

    def op_orphan(self):
        """Unlinked, and still open while the snapshot is made."""
        path = self.some(self.files)
        if path and len(self.held) < 5:
            self.held.append(open(path, "rb"))
            os.unlink(path)

    def run(self, n):
        for f in self.held:
            f.close()
        self.held = []
        names = sorted(name for name in dir(self) if name.startswith("op_") and (self.links or "link" not in name or "sym" in name))
        for _ in range(n):
            self.look()
            few = len(self.others) < 25
            name = self.random.choice(["op_create", "op_folder", "op_deep"] if few else names)
            try:
                getattr(self, name)()
                self.log.append(name)
            except OSError as fault:  # what one made impossible for the next: a name too long, a folder in itself
                self.log.append("%s(%s)" % (name, fault.strerror))
        self.look()


def quoted(path):
    return "'" + path.replace("'", "'\\''") + "'"


def remove(path):
    for at, folders, files in os.walk(path, topdown=False):
        for name in files + [f for f in folders if os.path.islink(os.path.join(at, f))]:
            os.unlink(os.path.join(at, name))
        for name in folders:
            if not os.path.islink(os.path.join(at, name)):
                os.rmdir(os.path.join(at, name))
    os.rmdir(path)
