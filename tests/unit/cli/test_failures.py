import errno
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pyarrow as pa
import pytest
from rasterio._err import CPLE_OutOfMemoryError

from reben.cli.failures import explained
from reben.core.errors import StoreError


@pytest.mark.parametrize(
    ("error", "said", "hint"),
    [
        (StoreError("no store", hint="make one"), "no store", "make one"),
        (OSError(errno.ENOSPC, "No space left on device", "/a/b"), "/a/b: the disk is full", "another disk"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "quota", "another disk"),
        (OSError(errno.EMFILE, "Too many open files", "/a"), "too many open files", "ulimit -n"),
        (PermissionError(errno.EACCES, "Permission denied", "/a"), "/a: Permission denied", "permissions"),
        (OSError("said without a number"), "said without a number", "check the path"),
        (MemoryError(), "too little memory", "--workers"),
        (np._core._exceptions._ArrayMemoryError((10**9,), np.dtype("f8")), "too little memory", "--workers"),
        (pa.ArrowMemoryError("malloc of size 8 failed"), "too little memory", "--workers"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "too little memory", "--workers"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "too little memory", "--workers"),
        (RuntimeError("can't start new thread"), "too little memory", "--workers"),
        (ImportError("libtorch.so: cannot allocate memory in static TLS block"), "too little memory", "--workers"),
        (BrokenProcessPool("a child"), "a worker process died", "--workers"),
        (UnicodeEncodeError("utf-8", "a\udcff", 1, 2, "surrogates not allowed"), "not valid UTF-8", "rename"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "not text", "damaged"),
        (RuntimeError("Symlink loop from '/a/b'"), "in a circle", "paths"),
        (ValueError("embedded null byte"), "NUL byte", "paths"),
        (CPLE_OutOfMemoryError(1, 2, "no room"), "GDAL: ", "memory"),
    ],
)
def test_errors_that_the_user_can_mend(error: BaseException, said: str, hint: str):
    found = explained(error)
    assert found is not None
    assert said in str(found)
    assert hint in found.hint


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), RuntimeError("shapes differ"), ImportError("x")])
def test_mistakes_of_ours_keep_their_traceback(error: BaseException):
    assert explained(error) is None
