"""`reben release` and `reben verify --release`, as a user runs them."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import rasterio

from reben.core.errors import ReleaseError
from reben.io.archives.place import archive_at
from reben.io.archives.reading import open_text
from reben.io.archives.source import ArchiveSource
from reben.io.archives.tar_form import PUBLISHED_TIME, TarForm
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import open_store
from reben.release import stage
from reben.release.claims import Claims, form_in
from reben.release.data import find_release_data
from reben.release.options import ReleaseOptions
from reben.release.proof import prove
from reben.work.context import Context
from stand_ins.command import run_reben
from stand_ins.data_folders import make_data_folder

RECORDS = ("--license", "CC-BY-4.0", "--author", "Doe, Jane", "--issued", "2026-11-26", "--title", "Nowhere, once")


def reben(*arguments: object, code: int = 0) -> str:
    return run_reben(*arguments, code=code).stdout


def text_of(archive: Path) -> bytes:
    found = archive_at(archive)
    assert found is not None
    with ArchiveSource(found) as source, open_text(source) as pieces:
        return b"".join(pieces)


def gnu_tar(root: Path, folder: str) -> bytes:
    """What GNU tar makes of a published folder."""
    if shutil.which("tar") is None:
        pytest.skip("GNU tar is not installed")
    names = sorted(os.fsencode(path.relative_to(root)) for path in (root / folder).rglob("*") if path.is_file())
    command = ["tar", "--create", "--format=gnu", "--no-recursion", "--null", "--files-from=-", "--owner=0",
               "--group=0", "--numeric-owner", "--mode=0644", f"--mtime=@{PUBLISHED_TIME}"]  # fmt: skip
    return subprocess.run(command, input=b"\0".join(names), capture_output=True, cwd=root, check=True).stdout


@pytest.fixture(scope="module")
def data_folder(tiny_dataset: DatasetPaths, tiny_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generated data set as a data folder with a store; not to be changed."""
    return make_data_folder(tmp_path_factory.mktemp("data"), tiny_dataset, tiny_store)


@pytest.fixture(scope="module")
def released(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of it; not to be changed."""
    target = tmp_path_factory.mktemp("released") / "release"
    reben("release", data_folder, *RECORDS, "--output", target)
    return target


@pytest.fixture
def copy(tiny_dataset: DatasetPaths, tmp_path: Path) -> DatasetPaths:
    """A copy of the generated data set, to be spoilt."""
    shutil.copytree(tiny_dataset.root, tmp_path / "copy")
    return DatasetPaths(tmp_path / "copy")


def test_archives_of_real_patches_are_those_of_gnu_tar(real_patches: DatasetPaths, real_store: Path, tmp_path: Path):
    folder = make_data_folder(tmp_path / "data", real_patches, real_store)
    for source in (real_patches.root, folder):
        target = tmp_path / f"release-{source.name}"
        reben("release", source, "--parts", "s2,s1,metadata", "--no-records", "--output", target)
        for name in ("BigEarthNet-S2", "BigEarthNet-S1"):
            assert text_of(target / f"{name}.tar.zst") == gnu_tar(real_patches.root, name)
    one, other = (tmp_path / f"release-{name}" for name in (real_patches.root.name, "data"))
    assert (one / "hashes.txt").read_text() == (other / "hashes.txt").read_text()


def test_all_parts_of_folders_and_of_their_store(tiny_dataset: DatasetPaths, released: Path, tmp_path: Path):
    reben("release", tiny_dataset.root, "--no-records", "--output", tmp_path / "folders")
    for name in ("BigEarthNet-S2", "BigEarthNet-S1", "Reference_Maps"):
        assert text_of(released / f"{name}.tar.zst") == gnu_tar(tiny_dataset.root, name)
    there = set((released / "hashes.txt").read_text().splitlines())
    assert set((tmp_path / "folders" / "hashes.txt").read_text().splitlines()) < there
    for line in (released / "hashes.txt").read_text().splitlines():
        md5, _, name = line.partition("  ")
        file = released / name
        content = file.read_bytes() if file.exists() else text_of(released / f"{name}.zst")
        assert hashlib.md5(content, usedforsecurity=False).hexdigest() == md5, name
    assert not [path for path in released.iterdir() if path.name.startswith(".")]


def test_a_release_can_be_encoded_again(released: Path, data_folder: Path, tmp_path: Path):
    archives = [released / f"{name}.tar.zst" for name in ("BigEarthNet-S2", "BigEarthNet-S1", "Reference_Maps")]
    reben("encode", "bigearthnet", "--s2", archives[0], "--s1", archives[1], "--reference-maps", archives[2],
          "--output", tmp_path / "store")  # fmt: skip
    one, other = open_store(tmp_path / "store"), open_store(data_folder / "store")
    assert list(one) == list(other)
    assert all(one.raw(key) == other.raw(key) for key in one)


def test_the_store_as_a_part_and_archives_in_parts(data_folder: Path, tmp_path: Path):
    reben(
        "release",
        data_folder,
        "--parts",
        "store",
        "--split-gb",
        "0.001",
        "--no-records",
        "--output",
        tmp_path / "release",
    )
    parts = sorted(path.name for path in (tmp_path / "release").glob("store.tar.zst*"))
    assert parts[:2] == ["store.tar.zstaa", "store.tar.zstab"]
    (tmp_path / "store.tar").write_bytes(text_of(tmp_path / "release" / parts[0]))
    shutil.unpack_archive(tmp_path / "store.tar", tmp_path / "unpacked", filter="data")
    content = (tmp_path / "unpacked" / "store" / "data.mdb").read_bytes()
    assert content == (data_folder / "store" / "data.mdb").read_bytes()
    names = sorted(path.name for path in (tmp_path / "unpacked" / "store").iterdir())
    assert names == ["checksums.bin", "data.mdb"]  # nothing that was noted on this machine


def test_a_release_is_found_again_and_never_overwritten(released: Path, data_folder: Path, tiny_dataset: DatasetPaths):
    before = {path.name: path.stat().st_mtime_ns for path in released.iterdir()}
    assert "BigEarthNet-S2.tar.zst" in reben("release", data_folder, *RECORDS, "--output", released)
    said = run_reben("release", tiny_dataset.root, *RECORDS, "--output", released, code=1).stderr
    assert "holds a release of other data or in another form" in said
    assert {path.name: path.stat().st_mtime_ns for path in released.iterdir()} == before


def test_a_release_that_was_damaged_since_is_not_called_finished(copy: DatasetPaths, tmp_path: Path):
    command = ("release", copy.root, "--parts", "metadata", "--no-records", "--output", tmp_path / "release")
    reben(*command)
    (tmp_path / "release" / "metadata.parquet").write_bytes(b"PAR1")
    assert "has another size, though the release was finished" in run_reben(*command, code=1).stderr
    (tmp_path / "release" / "metadata.parquet").unlink()
    assert "is missing, though the release was finished" in run_reben(*command, code=1).stderr


def test_an_interrupted_release_keeps_the_archives_that_were_finished(
    tiny_dataset: DatasetPaths, released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    data, target = find_release_data(tiny_dataset.root), tmp_path / "release"
    write, written = stage.write_archive, []

    def failing(text: object, folder: Path, name: str, **options: object) -> object:
        if len(written) == 1:
            raise OSError(28, "No space left on device")
        written.append(name)
        return write(text, folder, name, **options)

    with monkeypatch.context() as patched:
        patched.setattr(stage, "write_archive", failing)
        with pytest.raises(OSError, match="No space"):
            stage.release(data, target, ReleaseOptions(), Context())
    assert not target.exists()
    assert written == ["BigEarthNet-S2.tar"]

    again: list[str] = []
    monkeypatch.setattr(
        stage,
        "write_archive",
        lambda text, folder, name, **options: (again.append(name), write(text, folder, name, **options))[1],
    )
    stage.release(data, target, ReleaseOptions(), Context())
    assert again == ["BigEarthNet-S1.tar", "Reference_Maps.tar"]
    there = set((released / "hashes.txt").read_text().splitlines())
    assert set((target / "hashes.txt").read_text().splitlines()) < there


def test_what_was_finished_of_other_data_is_not_taken(
    copy: DatasetPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    target = tmp_path / "release"
    with monkeypatch.context() as patched:
        patched.setattr(stage, "write_hashes", lambda *_: (_ for _ in ()).throw(OSError(5, "Input/output error")))
        with pytest.raises(OSError, match="Input/output"):
            stage.release(find_release_data(copy.root), target, ReleaseOptions(), Context())
    stage.release(find_release_data(copy.root), target, ReleaseOptions(level=1), Context())
    other = tmp_path / "other"
    stage.release(find_release_data(copy.root), other, ReleaseOptions(level=1), Context())
    assert (target / "hashes.txt").read_text() == (other / "hashes.txt").read_text()


def test_incomplete_data_are_not_released(copy: DatasetPaths, tmp_path: Path):
    patches = sorted(copy.s2.glob("*/*"))
    (patches[0] / f"{patches[0].name}_B09.tif").unlink()
    said = run_reben("release", copy.root, "--no-records", "--output", tmp_path / "release", code=1).stderr
    assert f"lacks {patches[0].name}_B09.tif" in said
    shutil.rmtree(patches[0])
    said = run_reben("release", copy.root, "--no-records", "--output", tmp_path / "release", code=1).stderr
    assert "Sentinel-2 patches are missing" in said
    assert patches[0].name in said
    copy.snow_and_cloud_metadata.unlink()
    said = run_reben(
        "release", copy.root, "--parts", "s1", "--no-records", "--output", tmp_path / "release", code=1
    ).stderr
    assert "the metadata tables do not name" in said
    assert not (tmp_path / "release").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--parts", "s2,images"], "'images' is not a part"),
        (["--parts", "store"], "has no part store"),
        (["--split-gb", "0"], "split"),
    ],
)
def test_wrong_parts(arguments: list[str], said: str, tiny_dataset: DatasetPaths, tmp_path: Path):
    code = 2 if "--split-gb" in arguments else 1
    output = run_reben(
        "release", tiny_dataset.root, *arguments, "--no-records", "--output", tmp_path / "release", code=code
    ).stderr
    assert said in output


def test_right_is_right(tiny_dataset: DatasetPaths, data_folder: Path, released: Path, tmp_path: Path):
    for data in (tiny_dataset.root, data_folder, data_folder / "store"):
        if data.name == "store":  # tables are looked for beside what a link points to
            continue
        output = reben("verify", data, "--release", released / "hashes.txt", "--json", tmp_path / "found.json")
        assert "all is well" in output
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["differences"] == 0
    assert "BigEarthNet-S1.tar: the headers have mode 0644, owners by number" in found["notes"]


def test_one_changed_pixel_is_found_and_named(copy: DatasetPaths, released: Path):
    file = sorted(copy.s2.glob("*/*/*_B03.tif"))[3]
    with rasterio.open(file, "r+") as raster:
        pixels = raster.read(1)
        pixels[7, 5] += 1
        raster.write(pixels, 1)
    output = reben("verify", copy.root, "--release", released / "hashes.txt", code=1)
    assert f"{file.relative_to(copy.root)}: differs from the file of the release" in output
    assert "BigEarthNet-S2.tar: has the MD5" in output
    assert "2 differences in 2 of" in output


def test_one_missing_patch_is_found_and_named(copy: DatasetPaths, released: Path):
    patch = sorted(copy.s1.glob("*/*"))[2]
    shutil.rmtree(patch)
    output = reben("verify", copy.root, "--release", released / "hashes.txt", code=1)
    assert f"{patch.relative_to(copy.root)}: is missing" in output
    assert f"{patch.relative_to(copy.root)}/{patch.name}_VH.tif: is in the release, and not here" in output


def test_one_renamed_file_is_found_and_named(copy: DatasetPaths, released: Path):
    file = min(copy.s2.glob("*/*/*_B8A.tif"))
    file.rename(file.with_name(file.name.replace("B8A", "B08A")))
    output = reben("verify", copy.root, "--release", released / "hashes.txt", code=1)
    assert f"lacks {file.name}; has {file.name.replace('B8A', 'B08A')}, which is not a file of its" in output


def test_a_changed_table_is_found_and_named(copy: DatasetPaths, released: Path):
    content = copy.metadata.read_bytes()
    copy.metadata.write_bytes(content)
    assert "all is well" in reben("verify", copy.root, "--release", released / "hashes.txt")
    shutil.copy(released / "hashes.txt", copy.root.parent / "other.md5")
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    text = (released / "hashes.txt").read_text().replace(md5, md5[::-1])
    (copy.root.parent / "other.md5").write_text(text)
    output = reben("verify", copy.root, "--release", copy.root.parent / "other.md5", code=1)
    assert f"metadata.parquet: has the MD5 {md5}; expected {md5[::-1]}" in output


def test_a_part_of_reben_is_called_so_and_checked_as_far_as_it_can_be(copy: DatasetPaths):
    done = run_reben("verify", copy.root, "--release")
    assert "reBEN as published" in done.stderr
    assert "has 549,488" in done.stderr
    assert "all is well" in done.stdout
    file = min(copy.s2.glob("*/*/*_B03.tif"))
    with rasterio.open(file) as raster:
        pixels, profile = raster.read(1), {**raster.profile, "compress": "deflate"}
    with rasterio.open(file, "w", **profile) as raster:
        raster.write(pixels, 1)
    assert "has other bytes than a published file with its pixels" in reben("verify", copy.root, "--release", code=1)


@pytest.fixture
def list_of_sums(released: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(released / "hashes.txt", tmp_path))


def test_a_list_that_was_cut_off_says_what_it_does_not_name(tiny_dataset: DatasetPaths, list_of_sums: Path):
    lines = list_of_sums.read_text().splitlines()
    list_of_sums.write_text("\n".join(line for line in lines if "Reference_Maps" not in line))
    done = run_reben("verify", tiny_dataset.root, "--release", list_of_sums)
    assert "does not name Reference_Maps.tar, so reference maps were not compared" in " ".join(done.stderr.split())
    assert "nothing differs in" in done.stdout
    assert "not compared: Reference_Maps.tar" in done.stdout


def test_a_part_that_is_not_here_is_never_called_well(copy: DatasetPaths, released: Path):
    shutil.rmtree(copy.s1)
    output = reben("verify", copy.root, "--release", released)
    assert "all is well" not in output
    assert "not compared: BigEarthNet-S1.tar" in output


def test_the_folder_of_a_release_stands_for_its_list(tiny_dataset: DatasetPaths, released: Path):
    assert "all is well" in reben("verify", tiny_dataset.root, "--release", released)
    said = run_reben("verify", released, "--release", code=2).stderr
    assert "--release takes a data set" in " ".join(said.replace("│", " ").split())


def test_a_list_of_other_files_proves_nothing(tiny_dataset: DatasetPaths, list_of_sums: Path):
    list_of_sums.write_text(f"{'0' * 32}  holiday.jpg\n")
    said = run_reben("verify", tiny_dataset.root, "--release", list_of_sums, code=1).stderr
    assert "names nothing that" in said
    said = run_reben("verify", tiny_dataset.root, "--release", list_of_sums.with_name("no.md5"), code=1).stderr
    assert "expected lines of an MD5" in said


def test_what_is_no_archive_has_no_form(tiny_dataset: DatasetPaths):
    with pytest.raises(ReleaseError, match="is not called like an archive"):
        form_in(tiny_dataset.metadata)


@pytest.mark.parametrize("form", [TarForm(0o664), TarForm(0o644, "root"), TarForm(0o640)], ids=str)
def test_the_form_of_the_headers_is_found(
    form: TarForm, tiny_dataset: DatasetPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    data = find_release_data(tiny_dataset.root)
    with monkeypatch.context() as patched:
        patched.setattr(stage, "FORM", form)
        report = stage.release(data, tmp_path / "release", ReleaseOptions(), Context())
    claims = Claims("a release of unknown form", report.md5(), patches=data.expected.rows.num_rows)
    proof = prove(data, claims, Context(), threads=2)
    assert sum(check.differences for check in proof.checks) == 0
    assert proof.notes == [
        f"{name}.tar: the headers have {form}" for name in ("Reference_Maps", "BigEarthNet-S1", "BigEarthNet-S2")
    ]
    assert form_in(tmp_path / "release" / "BigEarthNet-S2.tar.zst") == form
    output = run_reben("verify", tiny_dataset.root, "--release", tmp_path / "release" / "hashes.txt", "--like",
                       tmp_path / "release" / "Reference_Maps.tar.zst")  # fmt: skip
    assert str(form) in output.stderr


def test_wrong_content_has_no_form(tiny_dataset: DatasetPaths):
    data = find_release_data(tiny_dataset.root)
    proof = prove(data, Claims("another release", {"BigEarthNet-S1.tar": "0" * 32}), Context(), threads=1)
    (found,) = [finding for check in proof.checks for finding in check.findings]
    assert found.where == "BigEarthNet-S1.tar"
    assert "other forms of headers; expected 00000000000000000000000000000000" in found.what


def test_hostile_files_are_refused(copy: DatasetPaths, tmp_path: Path):
    file = min(copy.s2.glob("*/*/*_B03.tif"))
    file.unlink()
    with file.open("wb") as huge:
        huge.truncate(1 << 40)
    said = run_reben("release", copy.root, "--no-records", "--output", tmp_path / "release", code=1).stderr
    assert "which is too large for a patch" in said
    file.unlink()
    file.mkdir()
    said = run_reben("release", copy.root, "--no-records", "--output", tmp_path / "release", code=1).stderr
    assert "cannot be read (Is a directory)" in said


def test_files_that_are_no_whole_images_are_not_released(copy: DatasetPaths, tmp_path: Path):
    """Neither a file that was cut off, nor a link to another one that is nobody's business."""
    file = min(copy.s2.glob("*/*/*_B03.tif"))
    whole = file.read_bytes()
    secret = tmp_path / "secret.txt"
    secret.write_text("not for the public")
    for content in (whole[:3000], None):
        file.unlink()
        file.symlink_to(secret) if content is None else file.write_bytes(content)
        said = run_reben("release", copy.root, "--no-records", "--output", tmp_path / "release", code=1).stderr
        assert file.name in said
        assert not (tmp_path / "release").exists()


def test_pixels_of_the_release_are_those_of_the_store(released: Path, data_folder: Path):
    """Nothing of what is above could be right by comparing nothing with nothing."""
    text = text_of(released / "BigEarthNet-S2.tar.zst")
    store = open_store(data_folder / "store")
    key = next(key for key in store if key.startswith("S2"))
    assert text.count(np.ascontiguousarray(store[key]["B02"]).tobytes()) == 1


def test_records_name_the_files_of_the_release(released: Path):
    report = json.loads((released / "release.json").read_text())
    names = {record["name"] for record in report["records"]}
    assert {
        "patches.parquet",
        "collection.json",
        "items.parquet",
        "croissant.json",
        "README.md",
        "CITATION.cff",
    } <= names
    assets = json.loads((released / "collection.json").read_text())["assets"]
    by_name = {asset["href"].removeprefix("./"): asset for asset in assets.values()}
    for archive in report["archives"]:
        for file in archive["files"]:
            assert by_name[file["name"]]["file:size"] == file["nbytes"]
            assert by_name[file["name"]]["file:checksum"] == f"1220{file['sha256']}"
    assert "Nowhere, once" in (released / "README.md").read_text()


def test_records_that_cannot_be_written_are_refused_before_there_are_archives(
    tiny_dataset: DatasetPaths, tmp_path: Path
):
    said = run_reben("release", tiny_dataset.root, "--output", tmp_path / "release", code=1).stderr
    assert "give --license" in said
    assert "--no-records" in said
    wrong = ("--license", "CC BY", "--output", tmp_path / "release")
    said = run_reben("release", tiny_dataset.root, *wrong, code=2).stderr
    assert "'CC BY' does not have the form that is expected; an example: CC-BY-4.0" in " ".join(
        said.replace("│", " ").split()
    )
    said = run_reben("release", tiny_dataset.root, "--reben", "--output", tmp_path / "release", code=1).stderr
    assert "reBEN" in said
    assert list(tmp_path.iterdir()) == []
