import gzip
import json
import random
import shutil
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import rasterio

from reben.core import release
from reben.core.errors import ArchiveError, EncodeError, RasterError, RebenError, StoreError, TargetExistsError
from reben.core.names import REFERENCE_MAP_SUFFIX
from reben.core.release import PublishedFile
from reben.encode import archives as archives_module
from reben.encode.archive_notes import read_checkpoint
from reben.encode.archives import encode_archives
from reben.encode.bigearthnet import BIGEARTHNET, sources
from reben.encode.engine import encode, plan_encoding
from reben.encode.specification import Source, source_at
from reben.io.archives import zstd_stream
from reben.io.archives.place import archive_of
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import open_store
from reben.io.tiff.geotiff import read_band
from reben.net.retries import RetryPolicy
from stand_ins.archive_server import Fault, serve
from stand_ins.archives import archive_of as make_archive
from stand_ins.archives import tar_of, zstd_of
from stand_ins.kills import KILLED, hidden_in, run_until, stride

PARTS = ("BigEarthNet-S2", "BigEarthNet-S1", "Reference_Maps")
STORE_FILES = ("data.mdb", "checksums.bin")
SMALL_BATCH = 400_000


@pytest.fixture(scope="module")
def archives(tiny_dataset: DatasetPaths, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The parts of `tiny_dataset` as archives."""
    place = tmp_path_factory.mktemp("archives")
    for part in PARTS:
        make_archive(tiny_dataset.root / part, place)
    return place


@pytest.fixture
def copy(tiny_dataset: DatasetPaths, tmp_path: Path) -> DatasetPaths:
    """A copy of `tiny_dataset` that may be changed."""
    shutil.copytree(tiny_dataset.root, tmp_path / "copy")
    return DatasetPaths(tmp_path / "copy")


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of a few patches, and a place to resume in each."""
    monkeypatch.setattr("reben.io.store.writer.TRANSACTION_BYTES", SMALL_BATCH)
    monkeypatch.setattr(zstd_stream, "ENTRY_DISTANCE", 1 << 18)


def sources_in(place: Path | str, ending: str = ".tar.zst") -> list[Source]:
    s2, s1, maps = (f"{place}/{part}{ending}" for part in PARTS)
    return sources(s2=s2, s1=s1, reference_maps=maps)


def expect_same(store: Path, other: Path) -> None:
    for name in STORE_FILES:
        assert (store / name).read_bytes() == (other / name).read_bytes()


def folder_store(paths: DatasetPaths, target: Path, **options: bool) -> Path:
    encode(
        plan_encoding(sources(s2=paths.s2, s1=paths.s1, reference_maps=paths.reference_maps)),
        target,
        workers=1,
        **options,
    )
    return target


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def report_of(store: Path) -> dict:
    return json.loads((store / "encode-report.json").read_text())


def test_the_store_is_that_of_the_folders(archives: Path, tiny_store: Path, tmp_path: Path):
    result = encode_archives(sources_in(archives), tmp_path / "store")
    expect_same(tmp_path / "store", tiny_store)
    report, other = report_of(tmp_path / "store"), report_of(tiny_store)
    assert report["values"] == other["values"] == result.counts
    assert list(report["values"]) == list(other["values"])
    for name in ("samples", "keys_sha256", "skipped"):
        assert report[name] == other[name]
    md5 = subprocess.run(["md5sum", archives / "BigEarthNet-S2.tar.zst"], capture_output=True, check=True).stdout
    assert report["archives"][0]["md5"].encode() == md5.split()[0]
    assert files_in(tmp_path / "store") == ["checksums.bin", "data.mdb", "encode-report.json"]
    assert files_in(tmp_path) == ["store"]


def test_real_patches(real_patches: DatasetPaths, real_store: Path, tmp_path: Path):
    for part in PARTS:
        make_archive(real_patches.root / part, tmp_path)
    encode_archives(sources_in(tmp_path), tmp_path / "store")
    expect_same(tmp_path / "store", real_store)


@pytest.mark.parametrize("ending", [".tar", ".tar.gz", ".tar.gzaa"])
def test_other_archives(ending: str, tiny_dataset: DatasetPaths, tiny_store: Path, tmp_path: Path):
    for part in PARTS:
        tar = tar_of(tiny_dataset.root / part, tmp_path / f"{part}.tar")
        if ending == ".tar.gz":
            (tmp_path / f"{part}.tar.gz").write_bytes(gzip.compress(tar.read_bytes(), 1))
        elif ending == ".tar.gzaa":
            data = gzip.compress(tar.read_bytes(), 1)
            for number, at in enumerate(range(0, len(data), len(data) // 3 + 1)):
                (tmp_path / f"{part}.tar.gza{'abc'[number]}").write_bytes(data[at : at + len(data) // 3 + 1])
    encode_archives(sources_in(tmp_path, ending), tmp_path / "store")
    expect_same(tmp_path / "store", tiny_store)


@pytest.mark.parametrize("tool", ["tar -C folder .", "with folders", "pax"])
def test_archives_that_people_make(tool: str, tiny_dataset: DatasetPaths, tiny_store: Path, tmp_path: Path):
    for part in PARTS:
        target = tmp_path / f"{part}.tar"
        where = (tiny_dataset.root / part, ".") if tool == "tar -C folder ." else (tiny_dataset.root, part)
        form = "pax" if tool == "pax" else "gnu"
        subprocess.run(["tar", f"--format={form}", "--sort=name", "-C", where[0], "-cf", target, where[1]], check=True)
    encode_archives(sources_in(tmp_path, ".tar"), tmp_path / "store")
    expect_same(tmp_path / "store", tiny_store)


def test_archives_beside_folders(archives: Path, tiny_dataset: DatasetPaths, tiny_store: Path, tmp_path: Path):
    given = sources(
        s2=archives / "BigEarthNet-S2.tar.zst", s1=tiny_dataset.s1, reference_maps=archives / "Reference_Maps.tar.zst"
    )
    encode_archives(given, tmp_path / "store")
    expect_same(tmp_path / "store", tiny_store)


@pytest.mark.parametrize("interleaved", [False, True])
def test_an_archive_that_is_not_sorted(
    interleaved: bool, archives: Path, tiny_dataset: DatasetPaths, tiny_store: Path, tmp_path: Path
):
    files = sorted(path for path in tiny_dataset.s2.rglob("*") if path.is_file())
    if interleaved:
        random.Random(4).shuffle(files)  # noqa: S311 - it need not be secret
    else:
        files.sort(key=lambda path: path.parent, reverse=True)
    zstd_of(tar_of(tiny_dataset.s2, tmp_path / "unsorted.tar", files=files))
    given = sources(s2=tmp_path / "unsorted.tar.zst", s1=archives / "BigEarthNet-S1.tar.zst", reference_maps=(
        archives / "Reference_Maps.tar.zst"))  # fmt: skip
    told: list[str] = []
    encode_archives(given, tmp_path / "store", tell=told.append)
    expect_same(tmp_path / "store", tiny_store)
    assert len(told) == 1
    assert "not sorted" in told[0]
    assert files_in(tmp_path) == ["store", "unsorted.tar", "unsorted.tar.zst"]


def keys_of(store: Path) -> list[str]:
    with closing(open_store(store)) as opened:
        return list(opened)


def test_only_what_is_wanted_is_taken(archives: Path, tiny_store: Path, tmp_path: Path):
    keys = keys_of(tiny_store)
    wanted = set(random.Random(6).sample(keys, len(keys) // 4))  # noqa: S311 - it need not be secret
    encode_archives(sources_in(archives), tmp_path / "named", wanted=wanted)
    encode_archives(sources_in(archives), tmp_path / "tested", wanted=wanted.__contains__)
    whole = open_store(tiny_store)
    for name in ("named", "tested"):
        store = open_store(tmp_path / name)
        assert {key: store.raw(key) for key in store} == {key: whole.raw(key) for key in wanted}
    expect_same(tmp_path / "named", tmp_path / "tested")


def test_an_archive_is_read_no_further_than_needed(archives: Path, tiny_store: Path, tmp_path: Path):
    s1 = [key for key in keys_of(tiny_store) if key.startswith("S1")]
    data = (archives / "BigEarthNet-S1.tar.zst").read_bytes()
    (tmp_path / "BigEarthNet-S1.tar.zst").write_bytes(data[: len(data) * 3 // 4])
    encode_archives(sources(s1=tmp_path / "BigEarthNet-S1.tar.zst"), tmp_path / "store", wanted=set(s1[:3]))
    assert keys_of(tmp_path / "store") == s1[:3]
    with pytest.raises(ArchiveError, match="ends in the middle"):
        encode_archives(sources(s1=tmp_path / "BigEarthNet-S1.tar.zst"), tmp_path / "whole")


def test_wanted_keys_must_be_there(archives: Path, tiny_store: Path, tmp_path: Path):
    key = next(key for key in keys_of(tiny_store) if key.startswith("S2") and not key.endswith(REFERENCE_MAP_SUFFIX))
    other = key[: key.index("_R022")] + "_R022_T33UUP_0_0" if "_R022" in key else key.rsplit("_", 2)[0] + "_90_90"
    with pytest.raises(EncodeError, match="1 of the wanted Sentinel-2 patches are not in it"):
        encode_archives(sources_in(archives), tmp_path / "store", wanted={key, other})
    with pytest.raises(EncodeError, match="none of the wanted keys"):
        encode_archives(sources_in(archives), tmp_path / "none", wanted=lambda _: False)


def test_errors_are_those_of_folders(copy: DatasetPaths, tmp_path: Path):
    patches = sorted(copy.s2.glob("*/*"))
    next(patches[1].glob("*_B03.tif")).unlink()
    for file in patches[2].iterdir():
        file.unlink()
    (patches[2] / "notes.txt").touch()
    damaged = next(patches[3].glob("*_B02.tif"))
    damaged.write_bytes(damaged.read_bytes()[:20_000])
    swapped = next(patches[4].glob("*_B02.tif"))
    shutil.copyfile(next(patches[4].glob("*_B01.tif")), swapped)
    for part in PARTS:
        make_archive(copy.root / part, tmp_path)
    with pytest.raises(EncodeError, match=r"_B03.tif: is missing; each of Sentinel-2 patches must have"):
        encode_archives(sources_in(tmp_path), tmp_path / "store")
    assert not (tmp_path / "store").exists()
    result = encode_archives(sources_in(tmp_path), tmp_path / "store", skip_errors=True)
    other = folder_store(copy, tmp_path / "other", skip_errors=True)
    expect_same(tmp_path / "store", other)
    report, expected = report_of(tmp_path / "store"), report_of(other)
    for name in ("samples", "keys_sha256", "values"):
        assert report[name] == expected[name]
    assert list(result.skipped) == list(expected["skipped"])
    for key, message in result.skipped.items():
        assert (
            message.replace(f"{tmp_path}/BigEarthNet-S2.tar.zst/BigEarthNet-S2", str(copy.s2))
            == (expected["skipped"][key])
        )


def test_what_gdal_reads_is_read(copy: DatasetPaths, tmp_path: Path):
    (file,) = list(copy.s2.glob("*/*/*_B04.tif"))[:1]
    band = read_band(file)
    with rasterio.open(file, "w", driver="GTiff", width=120, height=120, count=1, dtype="uint16", compress="lzw",
                       crs="EPSG:32631", transform=rasterio.transform.from_origin(0, 0, 10, 10)) as raster:  # fmt: skip
        raster.write(band, 1)
    make_archive(copy.s2, tmp_path)
    encode_archives(sources(s2=tmp_path / "BigEarthNet-S2.tar.zst"), tmp_path / "store")
    encode(plan_encoding(sources(s2=copy.s2)), tmp_path / "other")
    expect_same(tmp_path / "store", tmp_path / "other")
    file.write_bytes(b"II*\0no TIFF")
    make_archive(copy.s2, tmp_path)
    with pytest.raises(RasterError, match=r"BigEarthNet-S2.tar.zst/.*_B04.tif: cannot be read as a GeoTIFF"):
        encode_archives(sources(s2=tmp_path / "BigEarthNet-S2.tar.zst"), tmp_path / "damaged")


@pytest.mark.parametrize("share", [0, 0.001, 0.3, 0.9, 0.9999])
@pytest.mark.parametrize("ending", [".tar", ".tar.zst"])
def test_an_archive_that_is_cut_short(share: float, ending: str, tiny_dataset: DatasetPaths, tmp_path: Path):
    tar = tar_of(tiny_dataset.s2, tmp_path / "a.tar")
    whole = (tar if ending == ".tar" else zstd_of(tar)).read_bytes()
    end = len(whole.rstrip(b"\0")) + 600
    (tmp_path / f"cut{ending}").write_bytes(whole[: int(share * min(end, len(whole)))])
    with pytest.raises(ArchiveError, match=rf"cut{ending}: "):
        encode_archives(sources(s2=tmp_path / f"cut{ending}"), tmp_path / "store")
    assert not (tmp_path / "store").exists()


def changed_tar(tiny_dataset: DatasetPaths, place: Path, change: Callable[[Path], object]) -> Path:
    shutil.copytree(tiny_dataset.s2, place / "BigEarthNet-S2")
    change(place / "BigEarthNet-S2")
    target = place / "changed.tar"
    folders = sorted(path.name for path in place.iterdir() if path.is_dir())
    subprocess.run(["tar", "--sort=name", "-C", place, "-cf", target, *folders], check=True)
    return target


def linked(folder: Path) -> None:
    (sorted(folder.glob("*/*"))[1] / "link.tif").symlink_to("/etc/passwd")


def doubled(folder: Path) -> None:
    patch = sorted(folder.glob("*/*"))[1]
    tile = folder / "S2B_MSIL2A_20170613T101031_N9999_R022_T33UUP"
    tile.mkdir()
    shutil.copytree(patch, tile / patch.name)


def misnamed(folder: Path) -> None:
    (sorted(folder.glob("*/*"))[1].parent / "zzz").mkdir()
    (max(folder.glob("*/*")) / "a.tif").touch()


def moved(folder: Path) -> None:
    patch = max(folder.glob("*/S2*"))
    (folder.parent / "Other" / patch.parent.name).mkdir(parents=True)
    patch.rename(folder.parent / "Other" / patch.parent.name / patch.name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (linked, "is a symbolic link"),
        (doubled, "occurs twice"),
        (misnamed, "is not a patch of this part"),
        (moved, "lie in two folders"),
    ],
)
def test_archives_with_something_else_in_them(
    change: Callable[[Path], object], message: str, tiny_dataset: DatasetPaths, tmp_path: Path
):
    tar = changed_tar(tiny_dataset, tmp_path, change)
    with pytest.raises(RebenError, match=message):
        encode_archives(sources(s2=tar), tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_archives_that_people_give_by_mistake(archives: Path, tmp_path: Path):
    with pytest.raises(EncodeError, match="is not a patch of this part") as swapped:
        encode_archives(sources(s1=archives / "BigEarthNet-S2.tar.zst"), tmp_path / "store")
    assert "swapped" in swapped.value.hint
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "README").touch()
    tar_of(tmp_path / "empty", tmp_path / "empty.tar")
    with pytest.raises(EncodeError, match="no Sentinel-2 patches found"):
        encode_archives(sources(s2=tmp_path / "empty.tar"), tmp_path / "store")
    with pytest.raises(ArchiveError, match="cannot be read"):
        encode_archives(sources(s2=tmp_path / "missing.tar"), tmp_path / "store")
    with pytest.raises(EncodeError, match="nothing to encode"):
        encode_archives([], tmp_path / "store")
    (tmp_path / "page.tar.zst").write_bytes(b"<html>")
    with pytest.raises(ArchiveError, match="is not zstd data"):
        encode_archives(sources(s2=tmp_path / "page.tar.zst"), tmp_path / "store")


def test_something_else_at_the_target_is_left_alone(archives: Path, tmp_path: Path):
    (tmp_path / "store").write_text("mine")
    with pytest.raises(TargetExistsError):
        encode_archives(sources_in(archives), tmp_path / "store")
    assert (tmp_path / "store").read_text() == "mine"


def test_a_finished_store_is_left_as_it_is_unless_the_archive_changed(archives: Path, tmp_path: Path):
    shutil.copytree(archives, tmp_path / "in")
    first = encode_archives(sources_in(tmp_path / "in"), tmp_path / "store")
    before = (tmp_path / "store" / "data.mdb").stat().st_mtime_ns
    assert encode_archives(sources_in(tmp_path / "in"), tmp_path / "store") == first
    assert (tmp_path / "store" / "data.mdb").stat().st_mtime_ns == before
    (tmp_path / "in" / "BigEarthNet-S1.tar.zst").touch()
    with pytest.raises(TargetExistsError):
        encode_archives(sources_in(tmp_path / "in"), tmp_path / "store")


class _StopError(Exception):
    pass


def interrupted(given: list[Source], target: Path, *, after: int, **options: bool) -> None:
    """Encode until an error comes after some batches."""
    calls = iter(range(after))

    def progress(_: int) -> None:
        if next(calls, None) is None:
            raise _StopError

    with pytest.raises(_StopError):
        encode_archives(given, target, progress=progress, **options)


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("ending", [".tar", ".tar.zst", ".tar.gz"])
@pytest.mark.parametrize("after", [1, 4, 9])
def test_an_interrupted_run_is_resumed(ending: str, after: int, tiny_dataset: DatasetPaths, tmp_path: Path):
    for part in PARTS:
        tar = tar_of(tiny_dataset.root / part, tmp_path / f"{part}.tar")
        if ending == ".tar.zst":  # a frame per chunk, so that even small archives can be entered
            subprocess.run(["zstd", "-q", "-1", "-B512KiB", "--threads=1", "-f", tar], check=True)
        elif ending == ".tar.gz":
            (tmp_path / f"{part}.tar.gz").write_bytes(gzip.compress(tar.read_bytes(), 1))
    other = folder_store(tiny_dataset, tmp_path / "other")
    given = sources_in(tmp_path, ending)
    interrupted(given, tmp_path / "store", after=after)
    interrupted(given, tmp_path / "store", after=after)
    checkpoint = read_checkpoint(tmp_path / ".store.partial", 0)
    if ending == ".tar.zst" and after == 9:  # in the middle of a frame
        assert checkpoint is not None
        assert checkpoint.entry.window > 0
    taken: list[int] = []
    told: list[str] = []
    encode_archives(given, tmp_path / "store", progress=taken.append, tell=told.append)
    expect_same(tmp_path / "store", other)
    assert all("read from its beginning" in line for line in told)
    if ending == ".tar.gz":
        assert told
    assert report_of(tmp_path / "store")["values"] == report_of(other)["values"]
    assert report_of(tmp_path / "store")["keys_sha256"] == report_of(other)["keys_sha256"]
    assert files_in(tmp_path / "store") == ["checksums.bin", "data.mdb", "encode-report.json"]
    if ending != ".tar.gz" and after == 9:
        assert sum(taken) < sum((tmp_path / f"{part}{ending}").stat().st_size for part in PARTS)


@pytest.mark.usefixtures("small_batches")
def test_skipped_samples_outlive_interruptions(copy: DatasetPaths, tmp_path: Path):
    for number, patch in enumerate(sorted(copy.s2.glob("*/*"))):
        if number % 3 == 0:
            next(patch.glob("*_B11.tif")).unlink()
    for part in PARTS:
        tar_of(copy.root / part, tmp_path / f"{part}.tar")
    given = sources_in(tmp_path, ".tar")
    for after in (1, 2, 3, 1):
        interrupted(given, tmp_path / "store", after=after, skip_errors=True)
    result = encode_archives(given, tmp_path / "store", skip_errors=True)
    other = folder_store(copy, tmp_path / "other", skip_errors=True)
    expect_same(tmp_path / "store", other)
    assert list(result.skipped) == list(report_of(other)["skipped"])
    assert report_of(tmp_path / "store")["values"] == report_of(other)["values"]


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize(
    "kind", ["sorted", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("unsorted", "skipping"))]
)
def test_kills_at_every_step(kind: str, copy: DatasetPaths, tmp_path: Path):
    if kind == "skipping":
        next(sorted(copy.s2.glob("*/*"))[2].glob("*_B11.tif")).unlink()
    for part in PARTS:
        files = sorted(path for path in (copy.root / part).rglob("*") if path.is_file())
        if kind == "unsorted" and part == PARTS[1]:
            files.reverse()
        tar_of(copy.root / part, tmp_path / f"{part}.tar", files=files)
    other = folder_store(copy, tmp_path / "other", skip_errors=kind == "skipping")
    given = sources_in(tmp_path, ".tar")

    def work(place: Path) -> None:
        encode_archives(given, place / "store", skip_errors=kind == "skipping")

    step, change = stride(5), 1
    while True:
        place = tmp_path / f"kill-{change}"
        place.mkdir()
        code = run_until(change, lambda place=place: work(place))
        assert code in {0, KILLED}
        assert run_until(change // 2 + 1, lambda place=place: work(place)) in {0, KILLED}
        assert run_until(0, lambda place=place: work(place)) == 0
        expect_same(place / "store", other)
        assert hidden_in(place) == []
        assert files_in(place) == ["store"]
        shutil.rmtree(place)
        if code == 0:
            break
        change += step
    assert change > 20


@pytest.mark.usefixtures("small_batches")
def test_an_archive_that_changed_is_not_gone_on_with(tiny_dataset: DatasetPaths, tmp_path: Path):
    tar = tar_of(tiny_dataset.s2, tmp_path / "s2.tar")
    interrupted(sources(s2=tar), tmp_path / "store", after=3)
    tar.touch()
    with pytest.raises(StoreError, match="begun from something else"):
        encode_archives(sources(s2=tar), tmp_path / "store")


@pytest.mark.usefixtures("small_batches")
def test_a_checkpoint_that_is_damaged_means_another_beginning(tiny_dataset: DatasetPaths, tmp_path: Path):
    tar = tar_of(tiny_dataset.s2, tmp_path / "s2.tar")
    encode(plan_encoding(sources(s2=tiny_dataset.s2)), tmp_path / "other", workers=1)
    for number, change in enumerate((lambda raw: raw[:-5], lambda raw: raw.replace(b'"start": ', b'"start": 1'))):
        target = tmp_path / f"store{number}"
        interrupted(sources(s2=tar), target, after=8)
        note = tmp_path / f".{target.name}.partial" / "checkpoint-0.bin"
        note.write_bytes(change(note.read_bytes()))
        told: list[str] = []
        encode_archives(sources(s2=tar), target, tell=told.append)
        expect_same(target, tmp_path / "other")
    assert "cannot be entered" in told[0]


@pytest.fixture
def published_s2(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, str], None]:
    """Makes a file a published one."""

    def publish(file: Path, md5: str) -> None:
        known = PublishedFile(file.name, "https://host/x", md5, file.stat().st_size)
        monkeypatch.setattr(release, "RELEASE", (known,))

    return publish


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("is_right", [True, False])
@pytest.mark.parametrize("is_resumed", [True, False])
def test_the_md5_of_a_published_archive_is_compared(
    is_right: bool, is_resumed: bool, tiny_dataset: DatasetPaths, tmp_path: Path, published_s2
):
    tar = tar_of(tiny_dataset.s2, tmp_path / "s2.tar")
    md5 = subprocess.run(["md5sum", tar], capture_output=True, check=True).stdout.split()[0].decode()
    published_s2(tar, md5 if is_right else "0" * 32)
    if is_resumed:
        interrupted(sources(s2=tar), tmp_path / "store", after=8)
    if is_right:
        encode_archives(sources(s2=tar), tmp_path / "store")
        (found,) = report_of(tmp_path / "store")["archives"]
        assert (found["md5"], found["verified"]) == (md5, True)
        return
    with pytest.raises(ArchiveError, match="has the MD5"):
        encode_archives(sources(s2=tar), tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_over_http(archives: Path, tiny_store: Path, tmp_path: Path):
    with serve(archives) as server:
        encode_archives(sources_in(server.address), tmp_path / "store")
        assert report_of(tmp_path / "store")["archives"][0]["md5"]
        before = len(server.requests)
        encode_archives(sources_in(server.address), tmp_path / "store")
        assert len(server.requests) - before == 3  # one look at each
    expect_same(tmp_path / "store", tiny_store)


@pytest.mark.usefixtures("small_batches")
def test_faults_of_a_server(tiny_dataset: DatasetPaths, archives: Path, tmp_path: Path):
    other = folder_store(tiny_dataset, tmp_path / "other")
    draw = random.Random(8)  # noqa: S311 - it need not be secret
    faults = [
        lambda: Fault(503), lambda: Fault(429, {"Retry-After": "1"}), lambda: Fault(200, {"Content-Type": "text/html"}),
        lambda: Fault(break_after=draw.randrange(300_000)), lambda: Fault(shift=draw.randrange(1, 99)),
        lambda: Fault(break_after=draw.randrange(300_000), ignore_range=True),
    ]  # fmt: skip
    policy = RetryPolicy(attempts=1_000, sleep=lambda _: None)
    with serve(archives) as server:
        server.every = lambda _: draw.choice(faults)() if draw.random() < 0.8 else None
        encode_archives(sources_in(server.address), tmp_path / "store", policy=policy)
        assert len(server.requests) > 12
    expect_same(tmp_path / "store", other)


@pytest.mark.usefixtures("small_batches")
def test_an_interrupted_run_over_http_is_resumed_by_ranges(tiny_dataset: DatasetPaths, tmp_path: Path):
    tar = tar_of(tiny_dataset.s2, tmp_path / "s2.tar")
    encode(plan_encoding(sources(s2=tiny_dataset.s2)), tmp_path / "other", workers=1)
    with serve(tmp_path) as server:
        interrupted(sources(s2=server.url("s2.tar")), tmp_path / "store", after=8)
        before = len(server.requests)
        encode_archives(sources(s2=server.url("s2.tar")), tmp_path / "store")
        ranges = [asked for _, asked in server.requests[before:] if asked]
    assert [int(asked.removeprefix("bytes=").removesuffix("-")) > 1_000_000 for asked in ranges] == [True]
    assert tar.stat().st_size
    expect_same(tmp_path / "store", tmp_path / "other")
    (found,) = report_of(tmp_path / "store")["archives"]
    assert (found["md5"], found["verified"]) == ("", False)


def test_parts_over_http(tiny_dataset: DatasetPaths, tmp_path: Path):
    data = gzip.compress(tar_of(tiny_dataset.s2, tmp_path / "s2.tar").read_bytes(), 1)
    for name, part in (("aa", data[:400_000]), ("ab", data[400_000:])):
        (tmp_path / f"s2.tar.gz{name}").write_bytes(part)
    encode(plan_encoding(sources(s2=tiny_dataset.s2)), tmp_path / "other", workers=1)
    with serve(tmp_path) as server:
        archive = archive_of([server.url("s2.tar.gzaa"), server.url("s2.tar.gzab")])
        encode_archives([Source(BIGEARTHNET.parts[0], archive)], tmp_path / "store")
    expect_same(tmp_path / "store", tmp_path / "other")


def test_a_stream_made_to_fill_disks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A file of zeros that is no patch's, a thousand times as large as the archive."""
    monkeypatch.setattr(zstd_stream, "_FREE_TEXT", 1 << 20)
    (tmp_path / "BigEarthNet-S2").mkdir()
    with (tmp_path / "BigEarthNet-S2" / "zeros").open("wb") as file:
        file.truncate(200 << 20)
    make_archive(tmp_path / "BigEarthNet-S2", tmp_path)
    with pytest.raises(ArchiveError, match="made to fill disks"):
        encode_archives(sources(s2=tmp_path / "BigEarthNet-S2.tar.zst"), tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_a_patch_file_larger_than_patches_are(copy: DatasetPaths, tmp_path: Path):
    file = next(copy.s2.glob("*/*/*_B04.tif"))
    file.write_bytes(file.read_bytes() + bytes(3 << 20))
    make_archive(copy.s2, tmp_path)
    with pytest.raises(ArchiveError, match=r"_B04.tif: claims 3,"):
        encode_archives(sources(s2=tmp_path / "BigEarthNet-S2.tar.zst"), tmp_path / "store")


def test_a_source_is_a_folder_or_an_archive(tmp_path: Path):
    part = BIGEARTHNET.parts[0]
    assert source_at(part, tmp_path).root == tmp_path
    assert str(source_at(part, tmp_path / "a.tar.zst").root) == str(tmp_path / "a.tar.zst")
    with pytest.raises(EncodeError, match="expected a folder"):
        plan_encoding([source_at(part, tmp_path / "a.tar.zst")])
    assert archives_module.__doc__
