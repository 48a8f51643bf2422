import errno
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from reben.core.errors import TargetExistsError
from reben.work import atomic

HOLD = """
import sys, time
from pathlib import Path
from reben.work import atomic

with atomic.{function}(Path(sys.argv[1])) as partial:
    ({file}).write_text("half done")
    print("writing", flush=True)
    time.sleep(600)
"""


@contextmanager
def another_writer(target: Path, function: str = "new_directory") -> Iterator[subprocess.Popen[str]]:
    """Another process in the middle of writing `target`, killed at the end."""
    program = HOLD.format(function=function, file="partial" if function == "new_file" else "partial / 'old'")
    command = [sys.executable, "-c", program, str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "writing\n"
            yield process
        finally:
            process.kill()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "new" / "target"


@pytest.fixture(params=[0o022, 0o002, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def fail_while_writing(target: Path, function: Callable[[Path], AbstractContextManager[Path]]) -> None:
    with function(target) as partial:
        (partial if function is atomic.new_file else partial / "file").write_text("half done")
        raise RuntimeError("on purpose")


# Files


def test_file_appears_when_the_block_ends(target: Path) -> None:
    with atomic.new_file(target) as partial:
        partial.write_text("content")
        assert not target.exists()
    assert target.read_text() == "content"
    assert names(target.parent) == ["target"]


def test_failing_block_leaves_no_file(target: Path) -> None:
    with pytest.raises(RuntimeError, match="on purpose"):
        fail_while_writing(target, atomic.new_file)
    assert names(target.parent) == []


def test_failing_block_leaves_the_old_file_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("old")
    with pytest.raises(RuntimeError, match="on purpose"):
        fail_while_writing(target, atomic.new_file)
    assert names(tmp_path) == ["target"]
    assert target.read_text() == "old"


def test_old_file_is_replaced(target: Path) -> None:
    atomic.write_text(target, "old, and longer")
    atomic.write_text(target, "new")
    assert target.read_text() == "new"


def test_file_has_the_mode_of_the_umask_even_if_its_writer_chose_another(target: Path, umask: int) -> None:
    with atomic.new_file(target) as partial:
        partial.write_text("content")
        partial.chmod(0o600)
    assert mode(target) == 0o666 & ~umask


def test_killed_writer_leaves_no_file_and_the_next_succeeds(target: Path) -> None:
    with another_writer(target, "new_file") as process:
        process.kill()
    assert not target.exists()
    atomic.write_text(target, "whole")
    assert target.read_text() == "whole"
    assert names(target.parent) == ["target"]


def test_text_is_utf8(target: Path) -> None:
    atomic.write_text(target, "Österreich\n")
    assert target.read_bytes() == "Österreich\n".encode()


def test_json_is_read_back(target: Path) -> None:
    value = {"a": [1, 2.5, None], "b": "ö"}
    atomic.write_json(target, value)
    assert json.loads(target.read_text()) == value
    assert target.read_text().endswith("}\n")


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_json_that_no_other_program_reads_is_not_written(target: Path, number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        atomic.write_json(target, {"loss": number})
    assert not target.exists()


# Directories


def test_directory_appears_when_the_block_ends(target: Path) -> None:
    with atomic.new_directory(target) as partial:
        (partial / "file").write_text("content")
        assert not target.exists()
    assert (target / "file").read_text() == "content"
    assert names(target.parent) == ["target"]


def test_failing_block_leaves_no_directory(target: Path) -> None:
    with pytest.raises(RuntimeError, match="on purpose"):
        fail_while_writing(target, atomic.new_directory)
    assert names(target.parent) == []


def test_empty_directory_is_filled(target: Path) -> None:
    target.mkdir(parents=True)
    with atomic.new_directory(target) as partial:
        (partial / "file").touch()
    assert names(target) == ["file"]


def test_directory_has_the_mode_of_the_umask(target: Path, umask: int) -> None:
    with atomic.new_directory(target):
        pass
    assert mode(target) == 0o777 & ~umask


def occupy_with_file(target: Path) -> None:
    target.write_text("old")


def occupy_with_filled_directory(target: Path) -> None:
    target.mkdir()
    (target / "old").touch()


def occupy_with_dangling_link(target: Path) -> None:
    target.symlink_to("nowhere")


def occupy_with_link_to_empty_directory(target: Path) -> None:
    (target.parent / "empty").mkdir()
    target.symlink_to("empty")


OCCUPATIONS = [
    occupy_with_file,
    occupy_with_filled_directory,
    occupy_with_dangling_link,
    occupy_with_link_to_empty_directory,
]


@pytest.mark.parametrize("occupy", OCCUPATIONS)
def test_existing_target_is_refused_and_left_alone(tmp_path: Path, occupy: Callable[[Path], None]) -> None:
    target = tmp_path / "target"
    occupy(target)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(TargetExistsError, match=f"{target} exists already") as caught, atomic.new_directory(target):
        pytest.fail("the block must not run")
    assert "another target" in caught.value.hint
    assert sorted(tmp_path.rglob("*")) == before


def test_empty_directory_and_nothing_are_free(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    atomic.expect_free(tmp_path / "empty")
    atomic.expect_free(tmp_path / "nothing")


def test_target_that_appears_while_writing_is_not_overwritten(target: Path) -> None:
    def write_while_another_program_does() -> None:
        with atomic.new_directory(target) as partial:
            (partial / "mine").touch()
            target.mkdir()
            (target / "theirs").touch()

    with pytest.raises(TargetExistsError, match=f"{target} exists already"):
        write_while_another_program_does()
    assert names(target) == ["theirs"]
    assert names(target.parent) == ["target"]


def test_second_writer_in_the_same_process_is_locked_out(target: Path) -> None:
    with atomic.new_directory(target) as partial:
        (partial / "first").touch()
        with pytest.raises(TargetExistsError, match=f"another process is writing {target}"):  # noqa: SIM117
            with atomic.new_directory(target):
                pytest.fail("the block must not run")
    assert names(target) == ["first"]


def test_second_process_is_locked_out_until_the_first_ends(target: Path) -> None:
    with another_writer(target):
        with pytest.raises(TargetExistsError, match=f"another process is writing {target}") as caught:  # noqa: SIM117
            with atomic.new_directory(target):
                pytest.fail("the block must not run")
        assert "wait" in caught.value.hint
    with atomic.new_directory(target) as partial:
        (partial / "mine").touch()
    assert names(target) == ["mine"]


def test_writers_of_different_targets_do_not_disturb_each_other(tmp_path: Path) -> None:
    with atomic.new_directory(tmp_path / "a") as a, atomic.new_directory(tmp_path / "b") as b:
        (a / "file of a").touch()
        (b / "file of b").touch()
    assert names(tmp_path / "a") == ["file of a"]
    assert names(tmp_path / "b") == ["file of b"]


def test_killed_writer_leaves_no_directory_and_the_next_succeeds(target: Path) -> None:
    with another_writer(target) as process:
        process.kill()
    assert not target.exists()
    with atomic.new_directory(target) as partial:
        assert names(partial) == []
        (partial / "whole").touch()
    assert names(target) == ["whole"]
    assert names(target.parent) == ["target"]


def test_links_are_followed_and_devices_are_written_to(target: Path) -> None:
    target.parent.mkdir()
    link = target.with_name("link")
    target.write_text("old")
    link.symlink_to(target)
    atomic.write_text(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    atomic.write_text(Path(os.devnull), "gone")
    assert Path(os.devnull).is_char_device()


def test_a_directory_is_not_replaced_by_a_file(target: Path) -> None:
    target.mkdir(parents=True)
    with pytest.raises(TargetExistsError, match="is a directory"):
        atomic.write_text(target, "text")


def test_the_empty_current_directory_can_be_filled(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target.mkdir(parents=True)
    monkeypatch.chdir(target)
    with atomic.new_directory(Path()) as partial:
        (partial / "file").write_text("text")
    assert (target / "file").read_text() == "text"


# Directories that can be gone on with


def attempt(target: Path, name: str, *, fails: bool) -> list[str]:
    """What earlier attempts left; this one adds a file."""
    with atomic.resumable_directory(target) as partial:
        before = names(partial)
        (partial / name).write_text(name)
        assert not target.exists()
        if fails:
            raise RuntimeError("on purpose")
    return before


def test_resumable_directory_appears_when_the_block_ends(target: Path) -> None:
    assert attempt(target, "file", fails=False) == []
    assert (target / "file").read_text() == "file"
    assert names(target.parent) == ["target"]


def test_resumable_directory_keeps_its_content_when_the_block_fails(target: Path) -> None:
    for name in ("first", "second"):
        with pytest.raises(RuntimeError, match="on purpose"):
            attempt(target, name, fails=True)
        assert names(target.parent) == [".target.partial"]
    assert attempt(target, "third", fails=False) == ["first", "second"]
    assert names(target) == ["first", "second", "third"]
    assert names(target.parent) == ["target"]


def test_resumable_directory_keeps_what_a_killed_writer_left(target: Path) -> None:
    with another_writer(target, "resumable_directory") as process:
        process.kill()
    assert not target.exists()
    assert attempt(target, "new", fails=False) == ["old"]
    assert names(target) == ["new", "old"]
    assert names(target.parent) == ["target"]


def test_second_writer_of_a_resumable_directory_is_locked_out(target: Path) -> None:
    for function in (atomic.resumable_directory, atomic.new_directory):
        with another_writer(target, "resumable_directory"):
            with pytest.raises(TargetExistsError, match=f"another process is writing {target}"):  # noqa: SIM117
                with function(target):
                    pytest.fail("the block must not run")
            assert names(target.parent / ".target.partial") == ["old"]


@pytest.mark.parametrize("occupy", OCCUPATIONS)
def test_existing_target_is_not_gone_on_with(tmp_path: Path, occupy: Callable[[Path], None]) -> None:
    target = tmp_path / "target"
    occupy(target)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(TargetExistsError, match=f"{target} exists already"), atomic.resumable_directory(target):
        pytest.fail("the block must not run")
    assert sorted(tmp_path.rglob("*")) == before


def test_empty_directory_becomes_a_resumable_one(target: Path) -> None:
    target.mkdir(parents=True)
    with atomic.resumable_directory(target) as partial:
        (partial / "file").touch()
    assert names(target) == ["file"]


def test_resumable_directory_does_not_replace_a_target_that_appears_meanwhile(target: Path) -> None:
    def write_while_another_program_does() -> None:
        with atomic.resumable_directory(target) as partial:
            (partial / "mine").touch()
            target.mkdir()
            (target / "theirs").touch()

    with pytest.raises(TargetExistsError, match=f"{target} exists already"):
        write_while_another_program_does()
    assert names(target) == ["theirs"]
    assert names(target.parent / ".target.partial") == ["mine"]


def test_resumable_directory_has_the_mode_of_the_umask(target: Path, umask: int) -> None:
    attempt(target, "file", fails=False)
    assert mode(target) == 0o777 & ~umask


# Several writers of one file


def test_two_writers_of_one_file_do_not_meet(target: Path) -> None:
    with atomic.new_file(target) as first:
        first.write_text("first")
        with atomic.new_file(target) as second:
            assert second != first
            second.write_text("second, and longer")
        assert target.read_text() == "second, and longer"
    assert target.read_text() == "first"
    assert names(target.parent) == ["target"]


def test_a_failing_writer_leaves_the_others_alone(target: Path) -> None:
    with atomic.new_file(target) as first:
        first.write_text("first")
        with pytest.raises(RuntimeError, match="on purpose"):
            fail_while_writing(target, atomic.new_file)
    assert target.read_text() == "first"


def test_processes_that_write_one_file_leave_one_of_their_contents(target: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from reben.work import atomic\n"
        "for _ in range(50): atomic.write_text(Path(sys.argv[1]), sys.argv[2] * 100_000)"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, str(target), letter]) for letter in "abc"]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert target.read_text() in {letter * 100_000 for letter in "abc"}
    assert names(target.parent) == ["target"]


def test_what_several_killed_writers_left_is_removed_by_the_next(target: Path) -> None:
    with another_writer(target, "new_file"), another_writer(target, "new_file") as second:
        assert len(names(target.parent)) == 4
        second.kill()
    assert len(names(target.parent)) == 4
    atomic.write_text(target, "whole")
    assert names(target.parent) == ["target"]


def test_remains_are_removed_unless_somebody_is_writing(target: Path) -> None:
    with another_writer(target, "new_file"):
        atomic.remove_remains(target.parent)
        assert names(target.parent) == [".target~0.lock", ".target~0.partial"]
    (target.parent / ".of-a-folder.lock").touch()
    atomic.remove_remains(target.parent)
    assert names(target.parent) == [".of-a-folder.lock"]
    atomic.remove_remains(target.parent / "nowhere")


def test_files_are_written_where_there_are_no_locks(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOTSUP, "not supported")

    monkeypatch.setattr(atomic.fcntl, "flock", refuse)
    atomic.write_text(target, "content")
    assert target.read_text() == "content"
    assert [name for name in names(target.parent) if "partial" in name] == []


# Places that are none


@pytest.mark.parametrize("function", [atomic.new_file, atomic.new_directory, atomic.resumable_directory, atomic.locked])
@pytest.mark.parametrize("place", ["/", "//", ".."])
def test_the_root_of_the_file_system_is_no_target(
    function: Callable[[Path], AbstractContextManager[Path]], place: str
) -> None:
    with pytest.raises(TargetExistsError), function(Path(place)):
        pytest.fail("it was begun")


def test_what_was_interrupted_is_discarded(tmp_path: Path):
    def begin() -> None:
        with atomic.resumable_directory(tmp_path / "new") as folder:
            (folder / "a").write_text("begun")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        begin()
    atomic.discard_unfinished(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []
    atomic.discard_unfinished(tmp_path / "new")
    with atomic.resumable_directory(tmp_path / "other"), pytest.raises(TargetExistsError):
        atomic.discard_unfinished(tmp_path / "other")
