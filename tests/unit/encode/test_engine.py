import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio

from reben.core.errors import EncodeError, RasterError, RebenError, StoreError, TargetExistsError
from reben.encode.bigearthnet import REFERENCE_MAPS, S1_PATCHES, S2_PATCHES, sources
from reben.encode.engine import REPORT_FILE, EncodeResult, encode, plan_encoding, read_result
from reben.encode.specification import Source
from reben.encode.values import ValueReader
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import open_store


@pytest.fixture
def dataset(tiny_dataset: DatasetPaths, tmp_path: Path) -> DatasetPaths:
    """A copy that a test may damage."""
    shutil.copytree(tiny_dataset.root, tmp_path / "dataset")
    return DatasetPaths(tmp_path / "dataset")


def some_patch(dataset: DatasetPaths) -> Path:
    return sorted(dataset.s2.glob("*/*"))[3]


def encode_s2(dataset: DatasetPaths, target: Path, workers: int = 1) -> EncodeResult:
    return encode(plan_encoding([Source(S2_PATCHES, dataset.s2)]), target, workers=workers)


def expect_failure(dataset: DatasetPaths, target: Path, kind: type[RebenError], *parts: str) -> None:
    """Encoding fails with a message that has all parts, and leaves nothing under the target's name."""
    with pytest.raises(kind) as caught:
        encode_s2(dataset, target)
    for part in parts:
        assert part in str(caught.value)
    assert caught.value.hint
    assert not target.exists()


def test_bytes_do_not_depend_on_the_number_of_workers(tiny_dataset: DatasetPaths, tiny_store: Path, tmp_path: Path):
    for workers in (2, 3):
        target = tmp_path / str(workers)
        sources = [
            Source(REFERENCE_MAPS, tiny_dataset.reference_maps),
            Source(S1_PATCHES, tiny_dataset.s1),
            Source(S2_PATCHES, tiny_dataset.s2),
        ]
        encode(plan_encoding(sources), target, workers=workers)
        assert (target / "data.mdb").read_bytes() == (tiny_store / "data.mdb").read_bytes()


def test_an_error_in_a_worker_process_reaches_the_caller_with_its_hint(dataset: DatasetPaths, tmp_path: Path):
    (some_patch(dataset) / f"{some_patch(dataset).name}_B05.tif").unlink()
    with pytest.raises(EncodeError, match="B05") as caught:
        encode_s2(dataset, tmp_path / "store", workers=2)
    assert caught.value.hint
    assert not (tmp_path / "store").exists()


def test_missing_band(dataset: DatasetPaths, tmp_path: Path):
    missing = some_patch(dataset) / f"{some_patch(dataset).name}_B8A.tif"
    missing.unlink()
    expect_failure(dataset, tmp_path / "store", EncodeError, str(missing), "is missing", "_B8A.tif")


def test_truncated_file(dataset: DatasetPaths, tmp_path: Path):
    file = some_patch(dataset) / f"{some_patch(dataset).name}_B02.tif"
    file.write_bytes(file.read_bytes()[:20_000])
    expect_failure(dataset, tmp_path / "store", RasterError, str(file), "truncated")


@pytest.mark.parametrize(
    ("side", "dtype", "found"),
    [(60, "uint16", "60 x 60 pixels of uint16"), (120, "int16", "120 x 120 pixels of int16")],
)
def test_wrong_size_or_data_type(dataset: DatasetPaths, tmp_path: Path, side: int, dtype: str, found: str):
    file = some_patch(dataset) / f"{some_patch(dataset).name}_B04.tif"
    profile = {"driver": "GTiff", "width": side, "height": side, "count": 1, "dtype": dtype}
    with rasterio.open(file) as source:
        profile["transform"] = source.transform
    with rasterio.open(file, "w", **profile) as target:
        target.write(np.ones((side, side), dtype), 1)
    expect_failure(dataset, tmp_path / "store", EncodeError, str(file), found, "expected 120 x 120 pixels of uint16")


def test_a_patch_in_two_folders(dataset: DatasetPaths, tmp_path: Path):
    patch = some_patch(dataset)
    other = dataset.s2 / "another_tile" / patch.name
    shutil.copytree(patch, other)
    expect_failure(dataset, tmp_path / "store", EncodeError, patch.name, str(patch), str(other))


def test_no_patches_found_names_the_folder_that_was_probably_meant(dataset: DatasetPaths, tmp_path: Path):
    with pytest.raises(EncodeError, match="no Sentinel-2 patches found") as caught:
        plan_encoding([Source(S2_PATCHES, dataset.root)])
    assert f"did you mean {dataset.s2}?" in caught.value.hint
    (tmp_path / "empty").mkdir()
    with pytest.raises(EncodeError, match="no reference maps found") as caught:
        plan_encoding([Source(REFERENCE_MAPS, tmp_path / "empty")])
    assert "_reference_map.tif" in caught.value.hint


def test_missing_folder_and_nothing_to_do(tmp_path: Path):
    with pytest.raises(EncodeError, match="does not exist"):
        plan_encoding([Source(S1_PATCHES, tmp_path / "nowhere")])
    with pytest.raises(EncodeError, match="nothing to encode") as caught:
        plan_encoding([])
    assert "--s2-dir" in caught.value.hint


def test_an_existing_store_is_left_alone(dataset: DatasetPaths, tmp_path: Path):
    target = tmp_path / "store"
    encode_s2(dataset, target)
    before = (target / "data.mdb").stat()
    (tmp_path / ".store.lock").touch()  # as a process leaves it that is killed when it has finished
    assert encode_s2(dataset, target) == read_result(target)
    assert not (tmp_path / ".store.lock").exists()
    file = next(dataset.s2.rglob("*_B02.tif"))
    file.write_bytes(file.read_bytes())
    with pytest.raises(TargetExistsError, match="exists already"):
        encode_s2(dataset, target)
    assert (target / "data.mdb").stat() == before


def test_progress_and_counts_add_up(dataset: DatasetPaths, tmp_path: Path):
    sources = [Source(S2_PATCHES, dataset.s2), Source(S1_PATCHES, dataset.s1)]
    plan = plan_encoding(sources)
    patches = len(list(dataset.s2.glob("*/*")))
    assert plan.counts() == {"Sentinel-1 patches": patches, "Sentinel-2 patches": patches}
    advances: list[int] = []
    encode(plan, tmp_path / "store", progress=advances.append)
    assert sum(advances) == 2 * patches == len(open_store(tmp_path / "store"))


def test_hidden_folders_are_not_part_of_the_data_set(dataset: DatasetPaths):
    (dataset.s2 / ".trash" / "patch").mkdir(parents=True)
    (some_patch(dataset).parent / ".ipynb_checkpoints").mkdir()
    assert not [
        sample for sample, _ in plan_encoding([Source(S2_PATCHES, dataset.s2)]).samples if sample.key.startswith(".")
    ]


def test_a_folder_that_is_no_patch_is_named(dataset: DatasetPaths):
    (dataset.s2 / "a_tile" / "thumbnails").mkdir(parents=True)
    with pytest.raises(EncodeError, match="thumbnails: is not a patch") as caught:
        plan_encoding([Source(S2_PATCHES, dataset.s2)])
    assert "folder per patch" in caught.value.hint


@pytest.mark.parametrize("workers", [1, 2])
def test_what_cannot_be_read_is_skipped_and_listed(dataset: DatasetPaths, tmp_path: Path, workers: int):
    bad = sorted(dataset.s2.glob("*/*"))[2:5:2]
    for patch in bad:
        (patch / f"{patch.name}_B05.tif").write_bytes(b"II*")
    plan = plan_encoding([Source(S2_PATCHES, dataset.s2)])
    advances: list[int] = []
    result = encode(plan, tmp_path / "store", workers=workers, skip_errors=True, progress=advances.append)
    assert set(result.skipped) == {patch.name for patch in bad}
    assert all("B05.tif" in message for message in result.skipped.values())
    assert result.counts == {"Sentinel-2 patches": len(plan.samples) - 2}
    assert sum(advances) == len(plan.samples)
    assert set(open_store(tmp_path / "store")) == {sample.key for sample, _ in plan.samples} - set(result.skipped)
    assert read_result(tmp_path / "store") == result
    assert {path.name for path in (tmp_path / "store").iterdir()} == {"checksums.bin", "data.mdb", REPORT_FILE}


def test_nothing_that_can_be_read_is_an_error(dataset: DatasetPaths, tmp_path: Path):
    for path in dataset.s2.rglob("*_B02.tif"):
        path.write_bytes(b"")
    with pytest.raises(EncodeError, match=r"none of .* samples can be read; the first"):
        encode(plan_encoding([Source(S2_PATCHES, dataset.s2)]), tmp_path / "store", skip_errors=True)
    assert not (tmp_path / "store").exists()


def test_what_is_mended_after_nothing_could_be_read_is_read(dataset: DatasetPaths, tmp_path: Path):
    whole = {path: path.read_bytes() for path in dataset.s2.rglob("*_B02.tif")}
    for path in whole:
        path.write_bytes(b"")
    plan = plan_encoding([Source(S2_PATCHES, dataset.s2)])
    with pytest.raises(EncodeError, match="samples can be read"):
        encode(plan, tmp_path / "store", skip_errors=True)
    for path, content in whole.items():
        path.write_bytes(content)
    assert encode(plan, tmp_path / "store", skip_errors=True).skipped == {}
    assert len(open_store(tmp_path / "store")) == len(plan.samples)


@pytest.fixture
def small_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some ten values per transaction."""
    monkeypatch.setattr("reben.io.store.writer.TRANSACTION_BYTES", 1 << 20)


@pytest.mark.usefixtures("small_transactions")
def test_a_mended_patch_lets_the_encoder_go_on(dataset: DatasetPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    encode_s2(dataset, tmp_path / "undisturbed")
    last = max(dataset.s2.glob("*/*"))
    file = last / f"{last.name}_B05.tif"
    content = file.read_bytes()
    file.write_bytes(b"II*")
    with pytest.raises(RasterError):
        encode_s2(dataset, tmp_path / "store")
    file.write_bytes(content)

    read: list[str] = []
    original = ValueReader.read_into
    monkeypatch.setattr(ValueReader, "read_into", lambda *args: read.append(args[2]) or original(*args))
    encode_s2(dataset, tmp_path / "store")
    assert 0 < len(read) < len(open_store(tmp_path / "store"))
    assert (tmp_path / "store" / "data.mdb").read_bytes() == (tmp_path / "undisturbed" / "data.mdb").read_bytes()


@pytest.mark.usefixtures("small_transactions")
def test_what_was_skipped_before_an_interruption_stays_skipped(dataset: DatasetPaths, tmp_path: Path):
    first, last = (choose(dataset.s2.glob("*/*")) for choose in (min, max))
    (first / f"{first.name}_B05.tif").write_bytes(b"II*")
    plan = plan_encoding([Source(S2_PATCHES, dataset.s2)])

    def interrupt(advance: int) -> None:
        if advance:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encode(plan, tmp_path / "store", skip_errors=True, progress=interrupt)
    result = encode(plan, tmp_path / "store", skip_errors=True)
    assert set(result.skipped) == {first.name}
    encode(plan, tmp_path / "undisturbed", skip_errors=True)
    assert (tmp_path / "store" / "data.mdb").read_bytes() == (tmp_path / "undisturbed" / "data.mdb").read_bytes()
    assert last.name in open_store(tmp_path / "store")


def interrupted(dataset: DatasetPaths, target: Path) -> None:
    """An unfinished store, with some values in it."""
    broken = max(dataset.s2.glob("*/*"))
    path = broken / f"{broken.name}_B05.tif"
    content = path.read_bytes()
    path.unlink()
    with pytest.raises(EncodeError):
        encode_s2(dataset, target)
    path.write_bytes(content)


@pytest.mark.usefixtures("small_transactions")
def test_another_data_set_is_not_mixed_in(dataset: DatasetPaths, tmp_path: Path):
    interrupted(dataset, tmp_path / "store")
    dataset.s2.rename(tmp_path / "moved")
    with pytest.raises(StoreError, match="begun from something else") as caught:
        encode(plan_encoding([Source(S2_PATCHES, tmp_path / "moved")]), tmp_path / "store")
    assert "delete this folder" in caught.value.hint
    (tmp_path / "moved").rename(dataset.s2)
    shutil.rmtree(min(dataset.s2.glob("*/*")))
    with pytest.raises(EncodeError, match="does not come next"):
        encode_s2(dataset, tmp_path / "store")


@pytest.mark.usefixtures("small_transactions")
def test_after_a_restart_of_the_machine_encoding_begins_anew(
    dataset: DatasetPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """What LMDB has not forced to the disk may be lost then."""
    interrupted(dataset, tmp_path / "store")
    (tmp_path / "boot_id").write_text("another")
    monkeypatch.setattr("reben.io.store.writer._BOOT_ID", tmp_path / "boot_id")
    advances: list[int] = []
    encode(plan_encoding([Source(S2_PATCHES, dataset.s2)]), tmp_path / "store", progress=advances.append)
    assert advances[0] == 0
    encode_s2(dataset, tmp_path / "undisturbed")
    assert (tmp_path / "store" / "data.mdb").read_bytes() == (tmp_path / "undisturbed" / "data.mdb").read_bytes()


@pytest.mark.usefixtures("small_transactions")
@pytest.mark.parametrize("number", [0, 3, 6, 7])
def test_skipped_samples_change_no_byte_of_an_interrupted_store(dataset: DatasetPaths, tmp_path: Path, number: int):
    """Transactions hold six values here; a bad one may be their first, their last, or in between."""
    bad = sorted(dataset.s2.glob("*/*"))[number]
    (bad / f"{bad.name}_B05.tif").write_bytes(b"II*")
    plan = plan_encoding([Source(S2_PATCHES, dataset.s2)])
    encode(plan, tmp_path / "undisturbed", skip_errors=True)
    stops = iter([1, 2])

    def interrupt(advance: int) -> None:
        if advance and next(stops, None):
            raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            encode(plan, tmp_path / "store", skip_errors=True, progress=interrupt)
    result = encode(plan, tmp_path / "store", skip_errors=True)
    assert set(result.skipped) == {bad.name}
    assert (tmp_path / "store" / "data.mdb").read_bytes() == (tmp_path / "undisturbed" / "data.mdb").read_bytes()


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ("swapped", "is not a patch of this part", "are --s1-dir and --s2-dir swapped?"),
        ("one too low", "no Sentinel-2 patches found", "did you mean .*BigEarthNet-S2?"),
        ("one too high", "no Sentinel-2 patches found", "did you mean .*BigEarthNet-S2?"),
        ("archive", "is an archive of a kind that is not read", "unpack it first"),
        ("nothing", "does not exist", "give the folder BigEarthNet-S2"),
    ],
)
def test_folders_that_people_give_by_mistake(
    tiny_dataset: DatasetPaths, tmp_path: Path, given: str, message: str, hint: str
):
    (tmp_path / "BigEarthNet-S2.zip").touch()
    root = {
        "swapped": tiny_dataset.s1,
        "one too low": next(tiny_dataset.s2.iterdir()),
        "one too high": tiny_dataset.root,
        "archive": tmp_path / "BigEarthNet-S2.zip",
        "nothing": tmp_path / "nothing",
    }[given]
    with pytest.raises(EncodeError, match=message) as caught:
        plan_encoding(sources(s2=root))
    assert re.search(hint, caught.value.hint)
