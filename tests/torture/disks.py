"""What every harness with file systems of its own needs."""
import subprocess


def sh(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def subvolume_uuid(path):
    for line in subprocess.run(["btrfs", "subvolume", "show", path], capture_output=True, text=True).stdout.splitlines():
        if line.strip().startswith("UUID:"):
            return line.split()[-1]
    raise AssertionError("no UUID of " + path)
