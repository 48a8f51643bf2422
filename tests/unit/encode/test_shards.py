import json
import shutil
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from reben.core.errors import EncodeError, RasterError, StoreError, TargetExistsError
from reben.encode.engine import REPORT_FILE, EncodePlan, EncodeResult, encode, plan_encoding, read_result
from reben.encode.shards import encode_shards
from reben.encode.specification import Part, SampleLayout, Source, raster
from reben.io.store import open_store, shard_name

PART = Part(
    "images", "dir", "", (raster(".tif", "grey", 4, "uint8"),), SampleLayout(r"\d+", suffix=".tif"), "00.tif",
)  # fmt: skip
OTHERS = Part(
    "maps", "dir", "", (raster(".tif", "code", 4, "uint8"),), SampleLayout(r"\d+", suffix=".tif", key_suffix="_map"),
    "00.tif",
)  # fmt: skip


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Seven samples."""
    folder = tmp_path / "images"
    folder.mkdir()
    for i in range(7):
        write(folder, i)
    return folder


def write(folder: Path, number: int) -> None:
    (folder / f"{number:02}.tif").unlink(missing_ok=True)  # GDAL would open a damaged one first
    with rasterio.open(
        folder / f"{number:02}.tif", "w", driver="GTiff", width=4, height=4, count=1, dtype="uint8",
        transform=rasterio.Affine(10, 0, 0, 0, -10, 0),
    ) as target:  # fmt: skip
        target.write(np.full((1, 4, 4), number + 1, "uint8"))


def damage(folder: Path, *numbers: int) -> None:
    for number in numbers:
        (folder / f"{number:02}.tif").write_bytes(b"II*")


def shard(
    folder: Path, target: Path, shards: int = 3, *, workers: int = 1, plan: EncodePlan | None = None, **options: Any
) -> EncodeResult:
    with ThreadPoolExecutor(workers) as executor:
        return encode_shards(
            plan or plan_encoding([Source(PART, folder)]), target, shards=shards, executor=executor, **options
        )


def values(path: Path) -> dict[str, bytes]:
    store = open_store(path)
    return {key: store.raw(key) for key in store}


def single(folder: Path, target: Path) -> dict[str, bytes]:
    encode(plan_encoding([Source(PART, folder)]), target)
    return values(target)


@pytest.mark.parametrize(
    ("shards", "sizes"), [(1, [7]), (2, [3, 4]), (3, [2, 2, 3]), (7, [1] * 7), (100, [1] * 7)], ids=str
)
def test_shards_are_slices_of_the_keys_and_together_the_store(
    images: Path, tmp_path: Path, shards: int, sizes: list[int]
):
    advances: list[int] = []
    result = shard(images, tmp_path / "shards", shards, workers=2, progress=advances.append)
    assert result == EncodeResult({"images": 7}, {})
    assert sorted(advances) == sizes
    folders = sorted(path for path in (tmp_path / "shards").iterdir() if path.is_dir())
    assert [folder.name for folder in folders] == [shard_name(number) for number in range(len(sizes))]
    assert [len(open_store(folder)) for folder in folders] == sizes
    assert [key for folder in folders for key in open_store(folder)] == sorted(values(tmp_path / "shards"))
    expected = single(images, tmp_path / "single")
    assert values(tmp_path / "shards") == expected
    assert list(open_store(tmp_path / "shards")) == list(expected)


def test_bytes_do_not_depend_on_the_executor(images: Path, tmp_path: Path):
    for workers in (1, 3):
        shard(images, tmp_path / str(workers), workers=workers)
    for number in range(3):
        one, three = (tmp_path / name / shard_name(number) / "data.mdb" for name in ("1", "3"))
        assert one.read_bytes() == three.read_bytes()


def test_counts_of_parts_add_up(images: Path, tmp_path: Path):
    plan = plan_encoding([Source(PART, images), Source(OTHERS, images)])
    assert shard(images, tmp_path / "shards", 4, plan=plan).counts == {"images": 7, "maps": 7}
    assert len(open_store(tmp_path / "shards")) == 14


def test_what_is_there_is_not_overwritten(images: Path, tmp_path: Path):
    shard(images, tmp_path / "shards")
    before = values(tmp_path / "shards")
    assert shard(images, tmp_path / "shards").counts == {"images": 7}  # its own work, found again
    with pytest.raises(TargetExistsError):
        shard(images, tmp_path / "shards", 2)
    assert values(tmp_path / "shards") == before


def test_what_cannot_be_read_is_skipped_and_listed(images: Path, tmp_path: Path):
    damage(images, 1, 5)
    result = shard(images, tmp_path / "shards", skip_errors=True)
    assert result.counts == {"images": 5}
    assert set(result.skipped) == {"01", "05"}
    assert list(open_store(tmp_path / "shards")) == ["00", "02", "03", "04", "06"]
    reports = [read_result(tmp_path / "shards" / shard_name(number)) for number in range(3)]
    assert [sorted(report.skipped) for report in reports] == [["01"], [], ["05"]]


def test_a_shard_of_which_nothing_can_be_read_is_no_reason_to_stop(images: Path, tmp_path: Path):
    damage(images, 0, 1)
    result = shard(images, tmp_path / "shards", skip_errors=True)
    assert result.counts == {"images": 5}
    assert set(result.skipped) == {"00", "01"}
    assert list(open_store(tmp_path / "shards")) == ["02", "03", "04", "05", "06"]


def test_nothing_that_can_be_read_is_an_error(images: Path, tmp_path: Path):
    damage(images, *range(7))
    with pytest.raises(EncodeError, match="samples can be read"):
        shard(images, tmp_path / "shards", skip_errors=True)
    assert not (tmp_path / "shards").exists()
    for number in range(7):
        write(images, number)
    assert shard(images, tmp_path / "shards", skip_errors=True).skipped == {}


def interrupted(images: Path, target: Path, number: int = 6) -> Path:
    """The folder of shards of which the one with this sample failed."""
    content = (images / f"{number:02}.tif").read_bytes()
    damage(images, number)
    with pytest.raises(RasterError, match=f"{number:02}.tif") as caught:
        shard(images, target)
    assert caught.value.hint
    (images / f"{number:02}.tif").write_bytes(content)
    assert not target.exists()
    return target.with_name(f".{target.name}.partial")


def states(folder: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of finished shards."""
    files = {path.parent.name: path.stat() for path in folder.glob("shard-*/data.mdb")}
    return {name: (state.st_ino, state.st_mtime_ns) for name, state in files.items()}


def test_finished_shards_are_not_done_again(images: Path, tmp_path: Path):
    partial = interrupted(images, tmp_path / "shards")
    before = states(partial)
    assert set(before) == {shard_name(0), shard_name(1)}
    result = shard(images, tmp_path / "shards")
    assert result == EncodeResult({"images": 7}, {})
    after = states(tmp_path / "shards")
    assert {name: after[name] for name in before} == before
    assert set(after) == {shard_name(number) for number in range(3)}
    assert values(tmp_path / "shards") == single(images, tmp_path / "single")
    assert not partial.exists()


def test_what_finished_shards_have_skipped_is_listed_again(images: Path, tmp_path: Path):
    damage(images, 1)

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shard(images, tmp_path / "shards", skip_errors=True, progress=interrupt)
    result = shard(images, tmp_path / "shards", skip_errors=True)
    assert result.counts == {"images": 6}
    assert set(result.skipped) == {"01"}


@pytest.mark.parametrize("shards", [1, 2, 4])
def test_unfinished_shards_are_not_gone_on_with_in_another_number(images: Path, tmp_path: Path, shards: int):
    partial = interrupted(images, tmp_path / "shards")
    before = states(partial)
    with pytest.raises(EncodeError, match=f"{partial}: unfinished shards were begun from other data") as caught:
        shard(images, tmp_path / "shards", shards)
    assert "the same command" in caught.value.hint
    assert states(partial) == before


def move(images: Path) -> Path:
    return images.rename(images.with_name("moved"))


def add_one(images: Path) -> Path:
    write(images, 7)
    return images


def take_one_away(images: Path) -> Path:
    (images / "00.tif").unlink()
    return images


def replace_one(images: Path) -> Path:
    """There are as many as before, but the slices are others."""
    (images / "00.tif").unlink()
    write(images, 7)
    return images


def rename_one(images: Path) -> Path:
    """In a finished shard."""
    (images / "01.tif").rename(images / "001.tif")
    return images


@pytest.mark.parametrize("change", [move, add_one, take_one_away, replace_one, rename_one])
def test_unfinished_shards_are_not_gone_on_with_from_other_data(
    images: Path, tmp_path: Path, change: Callable[[Path], Path]
):
    interrupted(images, tmp_path / "shards")
    with pytest.raises((EncodeError, StoreError), match=r"begun from|does not come next"):
        shard(change(images), tmp_path / "shards")
    assert not (tmp_path / "shards").exists()


def test_an_unfinished_store_does_not_become_shards(images: Path, tmp_path: Path):
    damage(images, 6)
    with pytest.raises(RasterError):
        encode(plan_encoding([Source(PART, images)]), tmp_path / "store")
    write(images, 6)
    try:
        shard(images, tmp_path / "store")
    except EncodeError as error:
        assert "delete this folder" in error.hint  # noqa: PT017 - one of two ways in which it may be right
    else:
        assert values(tmp_path / "store") == single(images, tmp_path / "single")


def test_unfinished_shards_do_not_become_a_store(images: Path, tmp_path: Path):
    partial = interrupted(images, tmp_path / "store")
    before = states(partial)
    with pytest.raises((EncodeError, StoreError)) as caught:
        encode(plan_encoding([Source(PART, images)]), tmp_path / "store")
    assert "delete this folder" in caught.value.hint
    assert states(partial) == before


class DyingExecutor(Executor):
    """Each of its workers dies."""

    def submit(self, *_: object, **__: object) -> Future[Any]:  # type: ignore[override]
        future: Future[Any] = Future()
        future.set_exception(BrokenProcessPool("terminated abruptly"))
        return future


def test_a_worker_that_dies_is_an_error(images: Path, tmp_path: Path):
    with pytest.raises(
        EncodeError, match=r"a worker died while it encoded shard-0000[01] \(terminated abruptly\)"
    ) as caught:
        encode_shards(plan_encoding([Source(PART, images)]), tmp_path / "shards", shards=2, executor=DyingExecutor())
    assert "the same command resumes the work" in caught.value.hint
    shard(images, tmp_path / "shards", 2)
    assert len(open_store(tmp_path / "shards")) == 7


def test_paths_of_samples_do_not_depend_on_the_current_folder_of_a_worker(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """As on a cluster: the folders were given relative to ours."""
    monkeypatch.chdir(images)
    plan = plan_encoding([Source(PART, Path())])
    monkeypatch.chdir("/")
    shard(images, tmp_path / "shards", plan=plan)
    assert len(open_store(tmp_path / "shards")) == 7


def test_the_folder_holds_shards_and_nothing_hidden(images: Path, tmp_path: Path):
    shard(images, tmp_path / "shards")
    names = {str(path.relative_to(tmp_path / "shards")) for path in (tmp_path / "shards").rglob("*") if path.is_file()}
    assert names == {"shards.json"} | {
        f"{shard_name(i)}/{file}" for i in range(3) for file in ("checksums.bin", "data.mdb", REPORT_FILE)
    }
    assert json.loads((tmp_path / "shards" / "shards.json").read_text())["shards"] == 3
    assert not list(tmp_path.glob(".shards*"))
    shutil.move(tmp_path / "shards", tmp_path / "elsewhere")
    assert len(open_store(tmp_path / "elsewhere")) == 7
