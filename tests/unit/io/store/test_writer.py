import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
import pytest
from safetensors.numpy import load, save

from reben.core.errors import StoreError, TargetExistsError
from reben.io.store import StoreWriter, create_store, open_store, resume_store

VALUE = save({"a": np.arange(5, dtype="u2")})


def fill(target: Path, *transactions: dict[str, bytes]) -> None:
    with create_store(target) as writer:
        for items in transactions:
            writer.write(list(items.items()))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def read_with_lmdb(path: Path) -> dict[str, bytes]:
    with (
        lmdb.open(str(path), readonly=True, lock=False) as environment,
        environment.begin() as transaction,
        transaction.cursor() as cursor,
    ):
        return {key.decode(): value for key, value in cursor}


def run_python(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_store_is_a_plain_lmdb_of_the_written_values(tmp_path: Path) -> None:
    items = {f"key {i}": save({"Data": np.full((3, 3), i, "u2")}) for i in range(100)}
    fill(tmp_path / "store", items)
    found = read_with_lmdb(tmp_path / "store")
    assert found == items
    assert load(found["key 7"])["Data"].tolist() == [[7] * 3] * 3


def test_store_is_one_file_in_a_directory(tmp_path: Path) -> None:
    fill(tmp_path / "store", {"a": VALUE})
    assert names(tmp_path) == ["store"]
    assert names(tmp_path / "store") == ["checksums.bin", "data.mdb"]


def test_values_may_be_any_bytes_like(tmp_path: Path) -> None:
    with create_store(tmp_path / "store") as writer:
        writer.write([("bytes", VALUE), ("view", memoryview(bytearray(VALUE)))])
    assert read_with_lmdb(tmp_path / "store") == {"bytes": VALUE, "view": VALUE}


def test_written_values_are_counted(tmp_path: Path) -> None:
    with create_store(tmp_path / "store") as writer:
        writer.write([("a", VALUE), ("b", VALUE)])
        writer.write([])
        writer.write([("c", VALUE)])
        assert writer.count == 3


def test_empty_store_is_a_store(tmp_path: Path) -> None:
    fill(tmp_path / "store")
    assert list(open_store(tmp_path / "store")) == []


def test_equal_values_in_equal_transactions_give_equal_bytes(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    transactions = [
        {f"{i}-{j}": save({"a": random.integers(0, 9999, random.integers(1, 40_000), "u2")}) for j in range(20)}
        for i in range(5)
    ]
    fill(tmp_path / "first", *transactions)
    fill(tmp_path / "second", *transactions)
    assert (tmp_path / "first" / "data.mdb").read_bytes() == (tmp_path / "second" / "data.mdb").read_bytes()


def test_map_grows_beyond_its_first_64_mib(tmp_path: Path) -> None:
    size = 30 << 20
    with create_store(tmp_path / "store") as writer:
        writer.write([("small", VALUE)])
        writer.write([(f"large {i}", bytes([i]) * size) for i in range(3)])
        writer.write([("last", VALUE)])
        assert writer.count == 5
    store = open_store(tmp_path / "store")
    assert list(store) == ["large 0", "large 1", "large 2", "last", "small"]
    assert store.raw("large 2") == b"\x02" * size
    assert store.raw("small") == store.raw("last") == VALUE


def fill_in_turn(target: Path, transactions: list[list[str]]) -> None:
    with create_store(target) as writer:
        for keys in transactions:
            writer.write([(key, VALUE) for key in keys])


@pytest.mark.parametrize("transactions", [[["a", "b", "a"]], [["a", "b"], ["c", "a"]]], ids=["in one", "in two"])
def test_key_given_twice_is_named(tmp_path: Path, transactions: list[list[str]]) -> None:
    with pytest.raises(StoreError, match="key 'a' is written twice"):
        fill_in_turn(tmp_path / "store", transactions)
    assert names(tmp_path) == []


@pytest.mark.parametrize(("key", "length"), [("", 0), ("x" * 512, 512), ("ö" * 256, 512)])
def test_key_of_a_wrong_length_is_named(tmp_path: Path, key: str, length: int) -> None:
    with pytest.raises(StoreError, match=f"key '{key}' has {length} bytes; a store takes 1 to 511"):
        fill(tmp_path / "store", {"fine": VALUE, key: VALUE})
    assert names(tmp_path) == []


def test_longest_key_is_kept(tmp_path: Path) -> None:
    fill(tmp_path / "store", {"x" * 511: VALUE, "ö" * 255: VALUE})
    assert set(open_store(tmp_path / "store")) == {"x" * 511, "ö" * 255}


def test_refused_values_leave_the_writer_as_it_was(tmp_path: Path) -> None:
    with create_store(tmp_path / "store") as writer:
        writer.write([("a", VALUE)])
        with pytest.raises(StoreError, match="'a'"):
            writer.write([("b", VALUE), ("a", VALUE)])
        assert writer.count == 1
        writer.write([("c", VALUE)])
    assert list(open_store(tmp_path / "store")) == ["a", "c"]


def interrupt(target: Path) -> None:
    with create_store(target) as writer:
        writer.write([("a", VALUE)])
        raise KeyboardInterrupt


def test_interrupted_writing_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupt(tmp_path / "store")
    assert names(tmp_path) == []


def test_killed_writer_leaves_no_store_and_the_next_succeeds(tmp_path: Path) -> None:
    program = """
        import os, signal, sys
        from pathlib import Path
        from reben.io.store import create_store
        with create_store(Path(sys.argv[1])) as writer:
            writer.write([("old", bytes(1 << 20))])
            os.kill(os.getpid(), signal.SIGKILL)
    """
    assert run_python(program, tmp_path / "store").returncode == -9
    assert not (tmp_path / "store").exists()
    fill(tmp_path / "store", {"new": VALUE})
    assert names(tmp_path) == ["store"]
    assert list(open_store(tmp_path / "store")) == ["new"]


def test_existing_store_is_not_overwritten(tmp_path: Path) -> None:
    fill(tmp_path / "store", {"old": VALUE})
    with pytest.raises(TargetExistsError, match=str(tmp_path / "store")):
        fill(tmp_path / "store", {"new": VALUE})
    assert list(open_store(tmp_path / "store")) == ["old"]


def test_second_writer_is_locked_out(tmp_path: Path) -> None:
    with create_store(tmp_path / "store") as writer:
        writer.write([("first", VALUE)])
        with pytest.raises(TargetExistsError, match="another process is writing"):
            fill(tmp_path / "store", {"second": VALUE})
    assert list(open_store(tmp_path / "store")) == ["first"]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_file_mode_follows_the_umask(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        fill(tmp_path / "store", {"a": VALUE})
    finally:
        os.umask(before)
    assert (tmp_path / "store" / "data.mdb").stat().st_mode & 0o777 == mode


LIMITED = """
    import resource, signal, sys
    from pathlib import Path
    from reben.core.errors import StoreError
    from reben.io.store import create_store

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = int(sys.argv[3]) + (pages * 4096 if sys.argv[2] == "RLIMIT_AS" else 0)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(getattr(resource, sys.argv[2]), (limit, limit))
    try:
        with create_store(Path(sys.argv[1])) as writer:
            for i in range(40):
                writer.write([(str(i), bytes(8 << 20))])
    except StoreError as error:
        print(error, error.hint)
"""


@pytest.mark.parametrize(
    ("resource", "limit", "message"),
    [
        ("RLIMIT_AS", 150 << 20, r"cannot grow to a map of 268,435,456 bytes .*ulimit -v"),
        ("RLIMIT_FSIZE", 10 << 20, r"cannot be written \("),
    ],
)
def test_limits_of_the_machine_are_explained_and_leave_nothing(
    tmp_path: Path, resource: str, limit: int, message: str
) -> None:
    run = run_python(LIMITED, tmp_path / "store", resource, limit)
    assert run.returncode == 0, run.stderr
    assert re.search(message, run.stdout)
    assert names(tmp_path) == []


class FullDisk:
    """An LMDB environment on a full disk, as far as a writer sees it."""

    def begin(self, **_: Any) -> Any:
        raise lmdb.DiskError("mdb_txn_commit: No space left on device")

    def sync(self, _: bool) -> None:
        raise lmdb.DiskError("mdb_env_sync: No space left on device")


def test_full_disk_is_explained(tmp_path: Path) -> None:
    writer = StoreWriter(tmp_path)
    writer.close()
    writer._environment = FullDisk()
    for attempt in (lambda: writer.write([("a", VALUE)]), writer.finish):
        with pytest.raises(StoreError, match="No space left") as caught:
            attempt()
        assert "free some space" in caught.value.hint


# Stores that can be gone on with


def resume(target: Path, *transactions: dict[str, bytes], origin: str = "a", fails: bool = False) -> list[str]:
    """The keys that earlier attempts left; this one adds some."""
    with resume_store(target, origin=origin) as writer:
        before = list(writer)
        assert writer.count == len(before)
        for items in transactions:
            writer.write(list(items.items()))
        assert writer.count == len(before) + sum(map(len, transactions))
        if fails:
            raise KeyboardInterrupt
    return before


def interrupted(target: Path, *transactions: dict[str, bytes], origin: str = "a") -> Path:
    """Where the unfinished store lies."""
    with pytest.raises(KeyboardInterrupt):
        resume(target, *transactions, origin=origin, fails=True)
    assert not target.exists()
    return target.with_name(f".{target.name}.partial")


RANDOM = np.random.default_rng(2)
TRANSACTIONS = [
    {f"{i}-{j}": save({"a": RANDOM.integers(0, 9999, 5000 * (j + 1), "u2")}) for j in range(5)} for i in range(4)
]


def test_uninterrupted_store_is_like_a_created_one(tmp_path: Path) -> None:
    assert resume(tmp_path / "resumed", *TRANSACTIONS) == []
    fill(tmp_path / "created", *TRANSACTIONS)
    assert names(tmp_path) == ["created", "resumed"]
    assert names(tmp_path / "resumed") == ["checksums.bin", "data.mdb"]
    assert (tmp_path / "resumed" / "data.mdb").read_bytes() == (tmp_path / "created" / "data.mdb").read_bytes()


@pytest.mark.parametrize("stops", [[0], [1], [3], [4], [1, 2, 3], [0, 0, 2, 2]], ids=str)
def test_committed_transactions_are_kept_and_bytes_do_not_depend_on_interruptions(
    tmp_path: Path, stops: list[int]
) -> None:
    done = 0
    for stop in stops:
        interrupted(tmp_path / "store", *TRANSACTIONS[done:stop])
        done = stop
    expected = [key for items in TRANSACTIONS[:done] for key in items]
    assert resume(tmp_path / "store", *TRANSACTIONS[done:]) == expected
    fill(tmp_path / "undisturbed", *TRANSACTIONS)
    assert (tmp_path / "store" / "data.mdb").read_bytes() == (tmp_path / "undisturbed" / "data.mdb").read_bytes()


def test_transactions_of_a_killed_writer_are_kept(tmp_path: Path) -> None:
    program = """
        import os, signal, sys
        from pathlib import Path
        from reben.io.store import resume_store
        with resume_store(Path(sys.argv[1]), origin="a") as writer:
            writer.write([("old", bytes(1 << 20))])
            os.kill(os.getpid(), signal.SIGKILL)
    """
    assert run_python(program, tmp_path / "store").returncode == -9
    assert resume(tmp_path / "store", {"new": VALUE}) == ["old"]
    assert read_with_lmdb(tmp_path / "store") == {"new": VALUE, "old": bytes(1 << 20)}
    assert names(tmp_path) == ["store"]


@pytest.mark.large
def test_a_large_interrupted_store_is_gone_on_with(tmp_path: Path) -> None:
    """Its map is larger than that of a new one."""
    large = {f"{i}": bytes([i]) * (30 << 20) for i in range(3)}
    interrupted(tmp_path / "store", large)
    assert resume(tmp_path / "store", {"last": VALUE}) == ["0", "1", "2"]
    assert read_with_lmdb(tmp_path / "store") == large | {"last": VALUE}


def test_a_key_of_an_earlier_attempt_cannot_be_written_again(tmp_path: Path) -> None:
    interrupted(tmp_path / "store", {"a": VALUE})
    with pytest.raises(StoreError, match="key 'a' is written twice"):
        resume(tmp_path / "store", {"b": VALUE, "a": VALUE})
    assert resume(tmp_path / "store", {"b": VALUE}) == ["a"]


def test_a_store_of_another_origin_is_refused_and_left_alone(tmp_path: Path) -> None:
    partial = interrupted(tmp_path / "store", {"a": VALUE}, origin="one folder")
    with pytest.raises(StoreError, match=rf"{partial}: .* begun from something else \(one folder\)") as caught:
        resume(tmp_path / "store", {"b": VALUE}, origin="another")
    assert "delete this folder" in caught.value.hint
    assert resume(tmp_path / "store", {"b": VALUE}, origin="one folder") == ["a"]


def test_after_a_restart_of_the_machine_everything_is_discarded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (interrupted(tmp_path / "store", *TRANSACTIONS[:2]) / "skipped.jsonl").touch()
    (tmp_path / "boot_id").write_text("another\n")
    monkeypatch.setattr("reben.io.store.writer._BOOT_ID", tmp_path / "boot_id")
    partial = interrupted(tmp_path / "store")
    assert names(partial) == ["data.mdb", "session.json"]
    assert resume(tmp_path / "store", *TRANSACTIONS[2:]) == []
    assert names(tmp_path / "store") == ["checksums.bin", "data.mdb"]
    assert list(open_store(tmp_path / "store")) == [key for items in TRANSACTIONS[2:] for key in items]


def test_another_origin_is_refused_even_after_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(tmp_path / "store", {"a": VALUE}, origin="one folder")
    (tmp_path / "boot_id").write_text("another\n")
    monkeypatch.setattr("reben.io.store.writer._BOOT_ID", tmp_path / "boot_id")
    with pytest.raises(StoreError, match="begun from something else"):
        resume(tmp_path / "store", origin="another")


def test_what_create_store_left_is_not_gone_on_with(tmp_path: Path) -> None:
    """It has no note of its origin."""
    (tmp_path / ".store.partial").mkdir()
    fill(tmp_path / "other", {"old": VALUE})
    (tmp_path / "other" / "data.mdb").rename(tmp_path / ".store.partial" / "data.mdb")
    assert resume(tmp_path / "store", {"new": VALUE}) == []
    assert read_with_lmdb(tmp_path / "store") == {"new": VALUE}


@pytest.mark.parametrize("content", [b"", b"half a page", bytes(8192)], ids=["empty", "half", "zeros"])
def test_a_file_that_was_never_written_is_explained_or_written_anew(tmp_path: Path, content: bytes) -> None:
    """As after a disk that was full."""
    (interrupted(tmp_path / "store") / "data.mdb").write_bytes(content)
    try:
        assert resume(tmp_path / "store", {"new": VALUE}) == []
    except StoreError as error:
        assert error.hint  # noqa: PT017 - one of two ways in which it may be right
    else:
        assert read_with_lmdb(tmp_path / "store") == {"new": VALUE}


def test_second_resuming_writer_is_locked_out(tmp_path: Path) -> None:
    with resume_store(tmp_path / "store", origin="a") as writer:
        writer.write([("first", VALUE)])
        with pytest.raises(TargetExistsError, match="another process is writing"):
            resume(tmp_path / "store", {"second": VALUE})
    assert list(open_store(tmp_path / "store")) == ["first"]


def test_a_finished_store_is_not_gone_on_with(tmp_path: Path) -> None:
    resume(tmp_path / "store", {"a": VALUE})
    with pytest.raises(TargetExistsError, match="exists already"):
        resume(tmp_path / "store", {"b": VALUE})
    assert read_with_lmdb(tmp_path / "store") == {"a": VALUE}
