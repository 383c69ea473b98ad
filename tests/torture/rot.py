"""Files that rot: a bit that turns over, an end that is gone, a file that is gone, times and names as they were; known by their contents from then on, wherever links, clones and
generations made since bring them."""
import hashlib
import os
import stat

from same_tree import below

TEMP = b".aob-mend-"  # what a mending that was cut off leaves beside a name, until the next one
MTIME, SIZE, CONTENT = 4, 5, 6  # of what same_tree.describe() tells of a file


def key(data):
    return len(data), hashlib.sha256(data).digest()


def inodes(root):
    """The inode of everything: what is written anew shows here, even if it is the same again."""
    root = os.fsencode(root)
    if not os.path.isdir(root):
        return {}
    out = {b".": os.lstat(root).st_ino}
    for path, rel in below(root):
        out[rel] = os.lstat(path).st_ino
    return out


def names_of(roots, path):
    """{(name, path)} of all names, in these trees by their names, the oldest first, of the file that lies at that path in the first of them. A subvolume's snapshot keeps the number of an inode."""
    inode = os.lstat(os.path.join(os.fsencode(next(iter(roots.values()))), path)).st_ino
    return {(name, other) for name, root in roots.items() for other, number in inodes(root).items() if number == inode}


class Damage:
    def __init__(self):
        self.good = {}  # a damaged content's (size, hash): what it was
        self.data = {}  # … and the bytes of that
        self.removed = {}  # (tree's name, path): what brings it back

    def clean(self):
        return not self.good and not self.removed

    def flip(self, path, at=None, dice=None):
        """One bit of it; without `at`, somewhere."""
        where = dice.randrange(os.lstat(path).st_size) if at is None else at
        bit = 1 << dice.randrange(8) if dice else 0x10
        self._harm(path, lambda data: data[:where] + bytes([data[where] ^ bit]) + data[where + 1:])

    def cut(self, path, dice):
        """Its end is gone."""
        self._harm(path, lambda data: data[:dice.randrange(64, len(data))])

    def _harm(self, path, change):
        """Nothing but the content tells of it, as on a disk that forgets. By one descriptor, as somebody may put another file there meanwhile."""
        with open(path, "r+b", buffering=0) as f:
            st, was = os.fstat(f.fileno()), f.readall()
            bad = change(was)
            if key(bad) == key(was) or key(bad) in self.good.values():
                raise OSError("that is no damage")
            try:
                # No more than what differs: where blocks are shared, each that is written wants room, and there may be none.
                changed = [i for i, (a, b) in enumerate(zip(was, bad)) if a != b]
                if changed:
                    os.pwrite(f.fileno(), bad[changed[0]:changed[-1] + 1], changed[0])
                f.truncate(len(bad))
            finally:
                os.utime(f.fileno(), ns=(st.st_atime_ns, st.st_mtime_ns))
        self.good[key(bad)] = self.good.get(key(was), key(was))
        self.data.setdefault(key(was), was)

    def remove(self, root, name, path):
        """A file that has no other names in its tree, which is called so."""
        full, folder = os.path.join(os.fsencode(root), path), os.path.dirname(os.path.join(os.fsencode(root), path))
        with open(full, "rb") as f:
            data = f.read()
        if key(data) in self.good:
            raise OSError("that is damaged already")
        st, above = os.lstat(full), os.lstat(folder)
        attributes = [(a, os.getxattr(full, a)) for a in os.listxattr(full)]
        os.unlink(full)
        os.utime(folder, ns=(above.st_atime_ns, above.st_mtime_ns))
        self.removed[name, path] = (data, st, attributes)

    def put_back(self, root, name):
        """By hand, what is damaged in a tree still, or gone."""
        for (tree, path), (data, st, attributes) in self.removed.items():
            full = os.path.join(os.fsencode(root), path)
            if tree != name or os.path.lexists(full):
                continue
            above = os.lstat(os.path.dirname(full))
            with open(full, "wb") as f:
                f.write(data)
            os.chown(full, st.st_uid, st.st_gid)
            os.chmod(full, stat.S_IMODE(st.st_mode))
            for attribute, value in attributes:
                os.setxattr(full, attribute, value)
            os.utime(full, ns=(st.st_atime_ns, st.st_mtime_ns))
            os.utime(os.path.dirname(full), ns=(above.st_atime_ns, above.st_mtime_ns))

    def put_right(self, path):
        with open(path, "r+b", buffering=0) as f:
            st, was = os.fstat(f.fileno()), f.readall()
            if key(was) not in self.good:
                return
            f.seek(0)
            f.write(self.data[self.good[key(was)]])
            f.truncate(len(self.data[self.good[key(was)]]))
            os.utime(f.fileno(), ns=(st.st_atime_ns, st.st_mtime_ns))

    # ---- trees, as same_tree.describe() tells them

    @staticmethod
    def of(what):
        """A file's content; None of all else."""
        return (what[SIZE], what[CONTENT]) if what is not None and stat.S_ISREG(what[0]) else None

    def is_bad(self, what):
        return self.of(what) in self.good

    def healed(self, tree):
        """A tree, as same_tree.describe() tells it, as if nothing had been damaged."""
        out = {}
        for path, what in tree[0].items():
            if self.is_bad(what):
                what = what[:SIZE] + self.good[self.of(what)] + what[CONTENT + 1:]
            out[path] = what
        return out, tree[1]

    def touched(self, what):
        """Is it, or was it, one of those?"""
        return self.of(what) in self.good or self.of(what) in self.good.values()

    def places(self, tree):
        """The paths that are damaged now."""
        return {path for path, what in tree[0].items() if self.is_bad(what)}

    def gone(self, name, tree):
        """The paths of this tree that are removed and not there again."""
        return {path for other, path in self.removed if other == name and path not in tree[0]}

    def left(self, trees, source):
        """What is damaged still, and what is gone, of trees by name: {(name, path)} each; and which of the damaged ones somebody has: another file of these trees, or the source at that path."""
        bad = {(name, path): tree[0][path] for name, tree in trees.items() for path in self.places(tree)}
        gone = {(name, path) for name, tree in trees.items() for path in self.gone(name, tree)}
        there = {self.of(what) for tree in trees.values() for what in tree[0].values()}
        has = {place for place, what in bad.items() if self.good[self.of(what)] in there | {self.of(source[0].get(place[1]))}}
        return set(bad), gone, has

    def midway(self, tree):
        """The same as healed(), at a moment at which something may be in the middle of a mending: names beside, folders' times and which names are links of one another are left out."""
        out, links = self.healed(tree)
        out = {path: what for path, what in out.items() if not os.path.basename(path).startswith(TEMP)}
        parents = {os.path.dirname(path) for path, what in out.items() if self.touched(what)}
        for path in parents & set(out):
            out[path] = out[path][:MTIME] + (0,) + out[path][MTIME + 1:]
        return out, self.unlinked(links, out)

    def unlinked(self, links, tree):
        """The groups of links but those of what was damaged."""
        return [names for names in links if names[0] in tree and not self.touched(tree[names[0]])]
