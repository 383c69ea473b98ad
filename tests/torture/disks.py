"""What every harness with file systems of its own needs."""
import os
import subprocess


def sh(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def subvolume_uuid(path):
    for line in subprocess.run(["btrfs", "subvolume", "show", path], capture_output=True, text=True).stdout.splitlines():
        if line.strip().startswith("UUID:"):
            return line.split()[-1]
    raise AssertionError("no UUID of " + path)


class Disks:
    """File systems of their own, mounted below a folder, and gone at the end with all in it."""

    def __init__(self, work):
        self.work, self.mounts = work, []
        os.makedirs(work)

    def mount(self, name, kind, size="3G"):
        if kind == "gluster":  # a volume takes long to make: a folder of the one that somebody has mounted at AOB_GLUSTER
            at = os.path.join(os.environ["AOB_GLUSTER"], name)
            os.mkdir(at)
            return at
        image, at = "%s/%s.img" % (self.work, name), "%s/%s" % (self.work, name)
        sh("truncate", "-s", size, image)
        sh("mkfs." + kind, "-q", image)
        os.mkdir(at)
        sh("mount", "-o", "loop", image, at)
        self.mounts.append((at, image))
        return at

    def close(self):
        for at, image in reversed(self.mounts):
            subprocess.run(["umount", "-l", at])
            os.unlink(image)
        subprocess.run(["rm", "-rf", self.work])
