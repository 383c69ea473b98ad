"""A disk that remembers: an nbdkit(1) plugin that serves a file, and appends every write and every flush to a log, in their order.

    nbdkit python write_log.py image=FILE log=FILE

A record: u8 kind (1 write, 2 flush), u64 offset, u32 length, big-endian; and the data of a write."""
import os
import struct

import nbdkit

API_VERSION = 2
HEAD = ">BQI"
files = {}


def config(key, value):
    flags = os.O_RDWR if key == "image" else os.O_WRONLY | os.O_CREAT | os.O_APPEND
    files[key] = os.open(value, flags | os.O_CLOEXEC, 0o644)


def config_complete():
    if sorted(files) != ["image", "log"]:
        raise RuntimeError("want image=FILE log=FILE")


def thread_model():
    return nbdkit.THREAD_MODEL_SERIALIZE_ALL_REQUESTS


def open(readonly):  # noqa: A001
    return 1


def get_size(handle):
    return os.fstat(files["image"]).st_size


def pread(handle, buf, offset, flags):
    n = os.preadv(files["image"], [buf], offset)
    if n != len(buf):
        raise RuntimeError("a short read")


def remember(kind, offset=0, data=b""):
    record = struct.pack(HEAD, kind, offset, len(data)) + data
    if os.write(files["log"], record) != len(record):
        raise RuntimeError("the log is full")


def pwrite(handle, buf, offset, flags):
    data = bytes(buf)
    remember(1, offset, data)
    if os.pwrite(files["image"], data, offset) != len(data):
        raise RuntimeError("a short write")


def can_flush(handle):
    return True


def flush(handle, flags):
    remember(2)
