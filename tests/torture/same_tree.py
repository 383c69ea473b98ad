"""What a tree is, in a form that can be compared: nothing of ours takes part in it."""
import fnmatch
import hashlib
import os
import stat


def below(root):
    """(its path, its path from the root) of all that lies below a folder; what can't be listed is passed over. os.walk and relpath would take most of a round's time."""
    rest = [(root, b"")]
    while rest:
        at, above = rest.pop()
        try:
            with os.scandir(at) as entries:
                here = list(entries)
        except OSError:
            continue
        for entry in here:
            rel = above + b"/" + entry.name if above else entry.name
            yield entry.path, rel
            if entry.is_dir(follow_symlinks=False):
                rest.append((entry.path, rel))


def describe(root):
    """path -> everything that a backup must keep of it."""
    root = os.fsencode(root)
    out = {}
    groups = {}

    def one(path, rel):
        st = os.lstat(path)
        kind = stat.S_IFMT(st.st_mode)
        if kind == stat.S_IFSOCK:
            return
        if kind != stat.S_IFDIR:  # the link count may be a brick's own, on GlusterFS
            groups.setdefault(st.st_ino, []).append(rel)
        content = b""
        if kind == stat.S_IFREG:
            with open(path, "rb") as f:
                content = hashlib.sha256(f.read()).digest()
        elif kind == stat.S_IFLNK:
            content = os.readlink(path)
        attributes = []
        if kind != stat.S_IFLNK:
            for name in sorted(os.listxattr(path)):
                if not name.startswith("user.aob."):
                    attributes.append((name, os.getxattr(path, name)))
        out[rel] = (kind, st.st_mode & 0o7777 if kind != stat.S_IFLNK else 0, st.st_uid, st.st_gid, st.st_mtime_ns,
                    st.st_size if kind == stat.S_IFREG else 0, content, attributes)

    one(root, b"")
    for path, rel in below(root):
        one(path, rel)
    # Only the names inside of the tree count: an inode may have others in other generations.
    links = sorted(sorted(names) for names in groups.values() if len(names) > 1)
    return out, links


def digest(tree):
    return hashlib.sha256(repr((sorted(tree[0].items()), tree[1])).encode("utf-8", "surrogateescape")).hexdigest()


def shown(root, below, exclude):
    """The same of what a pipeline shows of it: a folder in it, without what is excluded (by name, or by whole path if the pattern has a slash)."""
    out, links = describe(os.path.join(root, below) if below else root)

    def left_out(path):
        names = os.fsdecode(path).split("/")
        for n in range(1, len(names) + 1):
            for pattern in exclude:
                if fnmatch.fnmatchcase("/".join(names[:n]) if "/" in pattern else names[n - 1], pattern):
                    return True
        return False

    links = [[name for name in names if not left_out(name)] for names in links]
    return {path: what for path, what in out.items() if not left_out(path)}, [names for names in links if len(names) > 1]


def symlinks_as_made(tree):
    """What a vault on GlusterFS keeps: of symlinks, no owner and no time (docs/far-ends.md)."""
    return {path: what[:2] + (0, 0, 0) + what[5:] if what[0] == stat.S_IFLNK else what for path, what in tree[0].items()}, tree[1]


def without_times(tree):
    """What one keeps whose bricks die: the time of what got it while one was away is not healed."""
    return {path: what[:4] + (0,) + what[5:] for path, what in symlinks_as_made(tree)[0].items()}, tree[1]


def differences(a, b):
    out = []
    for path in sorted(set(a[0]) | set(b[0])):
        if a[0].get(path) != b[0].get(path):
            out.append("%r:\n    %r\n    %r" % (path, a[0].get(path), b[0].get(path)))
    if a[1] != b[1]:
        out.append("hard links:\n    %r\n    %r" % (a[1], b[1]))
    return out
