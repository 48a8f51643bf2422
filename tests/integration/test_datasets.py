"""Every data set of the table -> store, through the command line, compared with what rasterio reads."""

import json
import os
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import TYPE_CHECKING, Any

import lmdb
import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import from_origin
from safetensors.numpy import load, save

from reben.core.errors import KeyNotFoundError
from reben.encode.datasets import DATASETS
from reben.encode.engine import REPORT_FILE
from reben.io.store import open_store, shard_name
from stand_ins.archives import archive_of
from stand_ins.command import run_reben

if TYPE_CHECKING:
    from tests.integration.conftest import Cluster

Arrays = dict[str, NDArray[Any]]
Values = dict[str, Arrays]


def encode(dataset: "Folders", target: Path, *options: object, code: int = 0) -> CompletedProcess[str]:
    return run_reben("encode", dataset.name, *dataset.options, "--target", target, *options, code=code)


def failure(dataset: "Folders", target: Path, *options: object) -> str:
    """What the command says when it fails: an error and a hint."""
    said = encode(dataset, target, *options, code=1).stderr
    assert re.search("^error: .*^hint: ", said, re.DOTALL | re.MULTILINE), said
    return said


# What there is to encode: real samples, and generated ones where there is none


@dataclass(frozen=True)
class Folders:
    """A data set on disk, and what its store must hold."""

    name: str
    folders: Mapping[str, Path]
    """By option."""
    expected: Callable[[], Values]

    @property
    def options(self) -> list[object]:
        return [text for option, folder in self.folders.items() for text in (f"--{option}", folder)]


def read(path: Path) -> NDArray[Any]:
    with warnings.catch_warnings(action="ignore", category=NotGeoreferencedWarning), rasterio.open(path) as source:
        return source.read()


def write(path: Path, shape: tuple[int, int, int], dtype: str, **profile: Any) -> None:
    """A GeoTIFF of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(sum(path.name.encode()))
    noise = random.normal(-12, 5, shape) if dtype == "float32" else random.integers(0, 250, shape)
    with rasterio.open(
        path, "w", driver="GTiff", count=shape[0], height=shape[1], width=shape[2], dtype=dtype,
        transform=from_origin(300_000, 5_400_000, 10, 10), **profile,
    ) as target:  # fmt: skip
        target.write(noise.astype(dtype))


def bands_of(files: list[Path], tensor: Callable[[str], str] = str) -> Arrays:
    """The only band of each file."""
    arrays = {}
    for file in files:
        (arrays[tensor(file.stem)],) = read(file)
    return arrays


def stack_of(file: Path, names: list[str]) -> Arrays:
    return dict(zip(names, read(file), strict=True))


def numbered(count: int) -> list[str]:
    return [f"B{i}" for i in range(1, count + 1)]


def real(folder: Path, name: str) -> Path:
    return folder / "other_datasets" / name


def eurosat(shared: Path, _: Path) -> Folders:
    root = real(shared, "EuroSAT_MS")
    names = ["B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B09", "B10", "B11", "B12", "B08A"]
    return Folders(
        "eurosat", {"dir": root}, lambda: {file.stem: stack_of(file, names) for file in root.glob("*/*.tif")}
    )


def hydro(shared: Path, _: Path) -> Folders:
    root = real(shared, "Hydro")
    names = ["B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12"]
    return Folders("hydro", {"dir": root}, lambda: {file.stem: stack_of(file, names) for file in root.glob("*.tif")})


def hyspecnet(shared: Path, _: Path) -> Folders:
    root = real(shared, "HySpecNet-11k")

    def expected() -> Values:
        files = root.rglob("*-SPECTRAL_IMAGE.TIF")
        return {file.parent.name: stack_of(file, numbered(224)) for file in files}

    return Folders("hyspecnet-11k", {"dir": root}, expected)


def spectral_earth(_: Path, folder: Path) -> Folders:
    """Generated: one deflated and tiled, one plain; in folders of their patches, and beside them."""
    root = folder / "enmap"
    tiled = {"compress": "deflate", "tiled": True, "blockxsize": 64, "blockysize": 64}
    write(root / "ENMAP01-A" / "ENMAP01-A-Y0_X0.tif", (202, 128, 128), "int16", **tiled)
    write(root / "ENMAP01-A-Y128_X0.tif", (202, 128, 128), "int16", interleave="band")
    return Folders(
        "spectral-earth",
        {"dir": root},
        lambda: {file.stem: stack_of(file, numbered(202)) for file in root.rglob("*.tif")},
    )


def uc_merced(shared: Path, folder: Path) -> Folders:
    """With images that have not 256 x 256 pixels, as there are some among the published ones."""
    root = folder / "UCMerced_LandUse"
    shutil.copytree(real(shared, "UCMerced_LandUse"), root)
    for number, shape in enumerate([(256, 257), (247, 256), (242, 288)]):
        write(root / "Images" / "tennis" / f"tennis{number:02}.tif", (3, *shape), "uint8", photometric="rgb")
    return Folders(
        "uc-merced",
        {"dir": root},
        lambda: {file.stem: stack_of(file, ["Red", "Green", "Blue"]) for file in root.rglob("*.tif")},
    )


def major_tom(shared: Path, folder: Path) -> Folders:
    """With generated backscatter: of S1RTC there are the folders only."""
    s2, s1 = real(shared, "Major-TOM-Core") / "S2L2A", folder / "S1RTC"
    for product in (real(shared, "Major-TOM-Core") / "S1RTC").glob("*/*/*"):
        for name in ("vv", "vh"):
            write(s1 / product.relative_to(s2.parent / "S1RTC") / f"{name}.tif", (1, 1068, 1068), "float32")

    def expected() -> Values:
        products = [*s2.glob("*/*/*"), *s1.glob("*/*/*")]
        return {
            f"{product.parent.name}_{product.name}": bands_of([*product.glob("B*.tif"), *product.glob("v?.tif")])
            for product in products
        }

    return Folders("major-tom-core", {"s2-dir": s2, "s1-dir": s1}, expected)


def ssl4eo(shared: Path, folder: Path) -> Folders:
    """With a generated patch that has a row more in one band, and a column less in another."""
    root = folder / "SSL4EO-S12"
    shutil.copytree(real(shared, "SSL4EO-S12"), root)
    for kind in ("s2c", "s2a"):
        patch = root / kind / "0000201" / "20200604T054639_20200604T054831_T43RCP"
        shutil.copytree(next((root / kind).glob("*/*")), patch)
        write(patch / "B2.tif", (1, 265, 264), "uint16")
        write(patch / "B5.tif", (1, 132, 131), "uint16")

    def expected() -> Values:
        return {
            "_".join(patch.relative_to(root).parts): bands_of(sorted(patch.glob("*.tif")))
            for patch in root.glob("*/*/*")
        }

    return Folders("ssl4eo-s12", {f"{kind}-dir": root / kind for kind in ("s1", "s2c", "s2a")}, expected)


def bigearthnet(shared: Path, _: Path) -> Folders:
    root = shared / "patches"
    folders = {
        "s2-dir": root / "BigEarthNet-S2",
        "s1-dir": root / "BigEarthNet-S1",
        "reference-maps-dir": root / "Reference_Maps",
    }

    def expected() -> Values:
        values: Values = {}
        for file in root.glob("*/*/*/*.tif"):
            key, band = (file.stem, "Data") if "reference_map" in file.stem else file.stem.rsplit("_", 1)
            values.setdefault(key, {})[band] = read(file)[0]
        return values

    return Folders("bigearthnet", folders, expected)


MAKERS = {
    "bigearthnet": bigearthnet,
    "eurosat": eurosat,
    "hyspecnet-11k": hyspecnet,
    "hydro": hydro,
    "major-tom-core": major_tom,
    "ssl4eo-s12": ssl4eo,
    "uc-merced": uc_merced,
    "spectral-earth": spectral_earth,
}
COUNTS = {
    "bigearthnet": 25,
    "eurosat": 3,
    "hyspecnet-11k": 2,
    "hydro": 7,
    "major-tom-core": 4,
    "ssl4eo-s12": 8,
    "uc-merced": 7,
    "spectral-earth": 2,
}


@pytest.fixture(scope="module")
def made(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Folders]:
    """Data sets by name; not to be changed."""
    found: dict[str, Folders] = {}

    def make(name: str) -> Folders:
        if name not in found:
            found[name] = MAKERS[name](shared_data, tmp_path_factory.mktemp(name))
        return found[name]

    return make


def test_the_list_has_every_data_set_with_its_options():
    lines = run_reben("encode", "--list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(DATASETS)
    assert set(DATASETS) == set(MAKERS)
    for line, dataset in zip(lines, DATASETS.values(), strict=True):
        for part in dataset.parts:
            assert f"--{part.option} {part.folder}" in line
            assert f"--{part.option}" in run_reben("encode", dataset.name, "--help").stdout


@pytest.mark.parametrize("name", MAKERS)
def test_archives_give_the_same_store(name: str, made: Callable[[str], Folders], tmp_path: Path):
    dataset = made(name)
    archives = {option: archive_of(folder.resolve(), tmp_path) for option, folder in dataset.folders.items()}
    encode(dataset, tmp_path / "folders", "--workers", 1)
    result = encode(Folders(name, archives, dataset.expected), tmp_path / "store")
    assert f"{COUNTS[name]:,} values" in result.stdout
    for file in ("data.mdb", "checksums.bin"):
        assert (tmp_path / "store" / file).read_bytes() == (tmp_path / "folders" / file).read_bytes()


def test_archives_in_a_data_folder(made: Callable[[str], Folders], tmp_path: Path):
    dataset = made("bigearthnet")
    for folder in dataset.folders.values():
        archive_of(folder, tmp_path)
    run_reben("encode", "bigearthnet", "--data", tmp_path)
    assert set(open_store(tmp_path / "store")) == set(dataset.expected())


def test_archives_become_one_store(made: Callable[[str], Folders], tmp_path: Path):
    dataset = made("hydro")
    archives = {option: archive_of(folder.resolve(), tmp_path) for option, folder in dataset.folders.items()}
    said = failure(Folders("hydro", archives, dataset.expected), tmp_path / "store", "--shards", 2)
    assert "one store" in said


def plain(path: Path) -> dict[str, bytes]:
    with lmdb.open(str(path), readonly=True, lock=False) as environment, environment.begin() as transaction:
        return {key.decode(): value for key, value in transaction.cursor()}


def expect_equal(found: Arrays, expected: Arrays) -> None:
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert (found[name].shape, found[name].dtype) == (array.shape, array.dtype)
        assert np.array_equal(found[name], array, equal_nan=array.dtype.kind == "f")


@pytest.mark.parametrize("name", MAKERS)
def test_every_value_is_what_rasterio_reads(name: str, made: Callable[[str], Folders], tmp_path: Path):
    dataset = made(name)
    result = encode(dataset, tmp_path / "store")
    expected = dataset.expected()
    assert len(expected) == COUNTS[name]
    values, store = plain(tmp_path / "store"), open_store(tmp_path / "store")
    assert list(values) == list(store) == sorted(expected)
    for key, arrays in expected.items():
        expect_equal(load(values[key]), arrays)
        expect_equal(store[key], arrays)
        assert values[key] == save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    report = json.loads((tmp_path / "store" / REPORT_FILE).read_text())
    assert sum(report["values"].values()) == len(expected)
    assert report["skipped"] == {}
    for part, count in report["values"].items():
        assert f"{count} {part}" in result.stdout


@pytest.mark.parametrize("name", ["ssl4eo-s12", "major-tom-core"])
def test_some_parts_of_a_data_set(name: str, made: Callable[[str], Folders], tmp_path: Path):
    dataset = made(name)
    whole: set[str] = set()
    for option, folder in dataset.folders.items():
        part = Folders(name, {option: folder}, dataset.expected)
        encode(part, tmp_path / option)
        whole |= set(open_store(tmp_path / option))
    assert whole == set(dataset.expected())
    assert "nothing to encode" in run_reben("encode", name, "--target", tmp_path / "x", code=1).stderr


def test_the_folder_above_is_named(made: Callable[[str], Folders], tmp_path: Path):
    folder = made("ssl4eo-s12").folders["s2c-dir"]
    said = failure(Folders("ssl4eo-s12", {"s2c-dir": folder.parent}, dict), tmp_path / "store")
    assert f"hint: did you mean {folder}?" in said


def test_more_than_the_tolerance_is_an_error(made: Callable[[str], Folders], tmp_path: Path):
    root = tmp_path / "s2a"
    shutil.copytree(made("ssl4eo-s12").folders["s2a-dir"], root)
    file = min(root.rglob("B2.tif"))
    write(file, (1, 269, 264), "uint16")
    said = failure(Folders("ssl4eo-s12", {"s2a-dir": root}, dict), tmp_path / "store")
    assert f"{file}: has 269 x 264 pixels of uint16; expected 264 x 264 pixels of uint16" in said


# Skipping, shards, clusters


@pytest.fixture
def damaged(made: Callable[[str], Folders], tmp_path: Path) -> Folders:
    """Hydro, with one sample that is cut off and one with a band less."""
    root = tmp_path / "damaged"
    shutil.copytree(made("hydro").folders["dir"], root)
    cut = root / "patch_10.tif"
    cut.write_bytes(cut.read_bytes()[:100_000])
    write(root / "patch_1.tif", (11, 256, 256), "uint16")
    return Folders("hydro", {"dir": root}, made("hydro").expected)


@pytest.mark.usefixtures("example_plugin")
def test_a_data_set_of_another_package_is_a_command(tmp_path: Path):
    """In a process of its own: commands are made when the command line is imported."""
    pixels = np.arange(32, dtype=np.uint8).reshape(2, 4, 4)
    (tmp_path / "Tiny").mkdir()
    with rasterio.open(
        tmp_path / "Tiny" / "tiny_1.tif", "w", driver="GTiff", width=4, height=4, count=2, dtype="uint8",
        crs="EPSG:32633", transform=rasterio.Affine(10, 0, 300_000, 0, -10, 5_400_000),
    ) as target:  # fmt: skip
        target.write(pixels)
    plugin = str(Path(__file__).parents[1] / "example_plugin")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([plugin, os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-m", "reben", "encode"]
    options = ["example-tiny", "--dir", tmp_path / "Tiny", "--output", tmp_path / "store"]
    subprocess.run([*command, *options], check=True, env=environment)
    assert np.array_equal(open_store(tmp_path / "store")["tiny_1"]["Green"], pixels[1])
    listed = subprocess.run([*command, "--list"], check=True, env=environment, capture_output=True, text=True)
    assert "example-tiny" in listed.stdout
    assert "warning: reben.datasets 'example-broken'" in listed.stderr


@pytest.mark.parametrize("options", [(), ("--shards", 3, "--workers", 2), ("--workers", 2)], ids=str)
def test_what_is_damaged_is_skipped_and_listed(damaged: Folders, tmp_path: Path, options: tuple[object, ...]):
    result = encode(damaged, tmp_path / "store", *options, "--on-error", "skip", code=1)
    skipped: dict[str, str] = {}
    for report in (tmp_path / "store").rglob(REPORT_FILE):
        skipped |= json.loads(report.read_text())["skipped"]
    assert skipped.keys() == {"patch_1", "patch_10"}
    for key, message in skipped.items():
        assert f"{key}.tif" in message
        assert f"skipped: {key}: " in result.stderr
    assert "11 bands of 256 x 256 pixels of uint16; expected 12 bands" in skipped["patch_1"]
    store, expected = open_store(tmp_path / "store"), damaged.expected()
    assert set(store) == expected.keys() - skipped.keys()
    for key in store:
        expect_equal(store[key], expected[key])


def test_without_skipping_the_first_error_stops(damaged: Folders, tmp_path: Path):
    for options in ((), ("--shards", 3, "--workers", 1)):
        assert "patch_1" in failure(damaged, tmp_path / "store", *options)
        assert not (tmp_path / "store").exists()
        shutil.rmtree(tmp_path / ".store.partial")


@pytest.mark.parametrize("name", ["hydro", "ssl4eo-s12"])
def test_shards_are_opened_as_one_store(name: str, made: Callable[[str], Folders], tmp_path: Path):
    dataset = made(name)
    encode(dataset, tmp_path / "single")
    encode(dataset, tmp_path / "shards", "--shards", 3, "--workers", 2)
    assert {path.name for path in (tmp_path / "shards").glob("shard-*")} == {shard_name(i) for i in range(3)}
    parts: dict[str, bytes] = {}
    for number in range(3):
        parts |= plain(tmp_path / "shards" / shard_name(number))
    assert list(parts.items()) == list(plain(tmp_path / "single").items())

    single, shards = open_store(tmp_path / "single"), open_store(tmp_path / "shards")
    assert list(shards) == list(single) == list(parts)
    assert len(shards) == len(single) == COUNTS[name]
    assert {key: shards.raw(key) for key in shards} == {key: single.raw(key) for key in single} == parts
    assert all(key in shards for key in single)
    for key in single:
        assert f"{key}x" not in shards
        with pytest.raises(KeyNotFoundError, match=f"has no key '{key}x'") as caught:
            shards[f"{key}x"]
        assert caught.value.hint.startswith(f"the nearest key is '{key}")
    assert "" not in shards
    assert "zzz" not in shards


def test_interrupted_shards_are_gone_on_with(made: Callable[[str], Folders], damaged: Folders, tmp_path: Path):
    options = ("--shards", 3, "--workers", 1)
    (root,) = damaged.folders.values()
    shutil.copy(made("hydro").folders["dir"] / "patch_1.tif", root)
    whole = root / "patch_100000.tif"
    content = whole.read_bytes()
    shutil.copy(made("hydro").folders["dir"] / "patch_10.tif", root)
    whole.write_bytes(content[:100_000])
    assert "patch_1" in failure(damaged, tmp_path / "store", *options)
    partial = tmp_path / ".store.partial"
    before = {path.parent.name: path.stat() for path in partial.glob("shard-*/data.mdb")}
    assert 0 < len(before) < 3
    whole.write_bytes(content)

    said = failure(damaged, tmp_path / "store", "--shards", 2, "--workers", 1)
    assert "another number of shards" in said
    other = Folders("hydro", made("hydro").folders, dict)
    assert "other data" in failure(other, tmp_path / "store", *options)

    encode(damaged, tmp_path / "store", *options)
    for name, state in before.items():
        after = (tmp_path / "store" / name / "data.mdb").stat()
        assert (after.st_mtime_ns, after.st_ino) == (state.st_mtime_ns, state.st_ino)
    store, expected = open_store(tmp_path / "store"), damaged.expected()
    assert list(store) == sorted(expected)
    for key, arrays in expected.items():
        expect_equal(store[key], arrays)
    assert not list(tmp_path.glob(".store*"))


@pytest.fixture
def command() -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    def run(*arguments: object, cwd: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
        """The command line in a process of its own."""
        result = subprocess.run(
            [sys.executable, "-m", "reben", *map(str, arguments)],
            capture_output=True, text=True, check=False, cwd=cwd, timeout=90,
        )  # fmt: skip
        assert result.returncode == code, result.stdout + result.stderr
        assert "Traceback" not in result.stderr
        return result

    return run


@pytest.mark.slow
def test_a_cluster_gives_the_same_values(
    cluster: "Cluster", made: Callable[[str], Folders], tmp_path: Path, command: Callable[..., Any]
):
    dataset = made("ssl4eo-s12")
    encode(dataset, tmp_path / "single")
    result = command(
        "encode", dataset.name, *dataset.options, "--target", "shards", "--shards", 3, "--scheduler", cluster.address,
        cwd=tmp_path,
    )  # fmt: skip
    assert result.stderr == ""
    single, shards = open_store(tmp_path / "single"), open_store(tmp_path / "shards")
    assert len(list((tmp_path / "shards").glob("shard-*"))) == 3
    assert [(key, shards.raw(key)) for key in shards] == [(key, single.raw(key)) for key in single]


def test_a_cluster_takes_relative_paths_and_skips_what_is_damaged(
    cluster: "Cluster", damaged: Folders, tmp_path: Path, command: Callable[..., Any]
):
    """Its workers have another current folder."""
    result = command(
        "encode", "hydro", "--dir", "damaged", "--target", "shards", "--shards", 2, "--on-error", "skip",
        "--scheduler", cluster.address, cwd=tmp_path, code=1,
    )  # fmt: skip
    assert "skipped: patch_1: " in result.stderr
    store, expected = open_store(tmp_path / "shards"), damaged.expected()
    assert set(store) == expected.keys() - {"patch_1", "patch_10"}
    for key in store:
        expect_equal(store[key], expected[key])
