import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin
from safetensors.numpy import save

from reben.core.errors import EncodeError
from reben.encode.custom import read_specification
from reben.encode.engine import read_result
from reben.encode.specification import raster, stack
from reben.io.store import open_store
from stand_ins.command import run_reben

WHOLE = r"""
name = "my-data"

[[parts]]
name = "patches"
sample = 'patch_\d+'
suffix = ".tif"
depth = 1

[[parts.files]]
suffix = ".tif"
bands = ["red", "green"]
side_px = 16
dtype = "uint16"
tolerance_px = 1

[[parts]]
name = "height models"
sample = 'patch_\d+'
key_parts = 2
key_suffix = "_height"
files_named = false

[[parts.files]]
suffix = "dsm.tif"
bands = ["dsm"]
side_px = 8
dtype = "float32"

[[parts.files]]
suffix = "mask.tif"
bands = ["mask"]
side_px = 16
dtype = "uint8"
"""

SMALL = r"""
name = "small"
[[parts]]
name = "images"
sample = '\d+'
suffix = ".tif"
[[parts.files]]
suffix = ".tif"
bands = ["grey"]
side_px = 4
dtype = "uint8"
"""


def specification(folder: Path, text: str = WHOLE) -> Path:
    path = folder / "specification.toml"
    path.write_text(text)
    return path


def write(path: Path, shape: tuple[int, int, int], dtype: str) -> NDArray[Any]:
    path.parent.mkdir(parents=True, exist_ok=True)
    bands = np.random.default_rng(len(str(path))).integers(0, 255, shape).astype(dtype)
    with rasterio.open(
        path, "w", driver="GTiff", count=shape[0], height=shape[1], width=shape[2], dtype=dtype,
        transform=from_origin(300_000, 5_400_000, 10, 10),
    ) as target:  # fmt: skip
        target.write(bands)
    with rasterio.open(path) as source:
        return source.read()


@pytest.fixture
def expected(tmp_path: Path) -> dict[str, Mapping[str, NDArray[Any]]]:
    """Samples of both parts of `WHOLE`, by key."""
    found: dict[str, Mapping[str, NDArray[Any]]] = {}
    for i in range(4):
        red, green = write(tmp_path / "images" / f"site_{i % 2}" / f"patch_{i}.tif", (2, 16 + i % 2, 16), "uint16")
        found[f"patch_{i}"] = {"red": red, "green": green}
        folder = tmp_path / "heights" / "2024" / f"patch_{i}"
        (dsm,), (mask,) = (
            write(folder / "dsm.tif", (1, 8, 8), "float32"),
            write(folder / "mask.tif", (1, 16, 16), "uint8"),
        )
        found[f"2024_patch_{i}_height"] = {"dsm": dsm, "mask": mask}
    return found


def test_a_specification_is_read_as_it_stands(tmp_path: Path):
    dataset = read_specification(specification(tmp_path))
    assert dataset.name == dataset.title == "my-data"
    patches, heights = dataset.parts
    assert (patches.name, patches.has_fixed_size) == ("patches", False)
    assert patches.files == (stack(".tif", ("red", "green"), 16, "uint16", tolerance_px=1),)
    layout = patches.layout
    assert (layout.pattern, layout.suffix, layout.depth, layout.strict) == (r"patch_\d+", ".tif", 1, "")
    assert (layout.key_parts, layout.key_suffix, layout.files_named) == (1, "", True)
    assert heights.files == (raster("dsm.tif", "dsm", 8, "float32"), raster("mask.tif", "mask", 16, "uint8"))
    assert heights.has_fixed_size
    layout = heights.layout
    assert (layout.suffix, layout.depth) == ("", None)
    assert (layout.key_parts, layout.key_suffix, layout.files_named) == (2, "_height", False)


@pytest.mark.parametrize("shards", [None, 3])
def test_a_specification_is_encoded(
    tmp_path: Path, expected: Mapping[str, Mapping[str, NDArray[Any]]], shards: int | None
):
    result = run_reben(
        "encode", "custom", specification(tmp_path), "--dir", tmp_path / "images", "--dir", tmp_path / "heights",
        "--target", tmp_path / "store", *(() if shards is None else ("--shards", shards, "--workers", 1)),
    )  # fmt: skip
    assert "4 patches" in result.stdout
    assert "4 height models" in result.stdout
    store = open_store(tmp_path / "store")
    assert {key: store.raw(key) for key in store} == {key: save(dict(arrays)) for key, arrays in expected.items()}


@pytest.mark.usefixtures("expected")
def test_the_number_of_folders_must_be_that_of_the_parts(tmp_path: Path):
    target = tmp_path / "store"
    for folders in (["images"], ["images", "heights", "images"]):
        options = [text for folder in folders for text in ("--dir", str(tmp_path / folder))]
        result = run_reben("encode", "custom", specification(tmp_path), *options, "--target", target, code=2)
        said = " ".join(result.stderr.replace("│", " ").split())
        assert f"my-data needs one --dir for each of its parts (patches, height models); {len(folders)} w" in said
    run_reben("encode", "custom", specification(tmp_path), "--target", target, code=2)
    assert not target.exists()


@pytest.mark.usefixtures("expected")
def test_folders_in_the_wrong_order_have_no_samples(tmp_path: Path):
    result = run_reben(
        "encode", "custom", specification(tmp_path), "--dir", tmp_path / "heights", "--dir", tmp_path / "images",
        "--target", tmp_path / "store", code=1,
    )  # fmt: skip
    assert "no patches found" in result.stderr
    hint = " ".join(result.stderr.partition("hint:")[2].split())
    assert rf"{tmp_path / 'heights'}/<sample>.tif, where patch_\d+ describes <sample>" in hint


@pytest.mark.parametrize(
    ("old", "new", "example"),
    [
        ("", "", "<sample>.tif"),
        ('suffix = ".tif"\n[[', "[[", "<sample>/<sample>.tif"),
        ('suffix = ".tif"\n[[', "files_named = false\n[[", "<sample>/.tif"),
    ],
)
def test_the_hint_says_where_samples_are_looked_for(tmp_path: Path, old: str, new: str, example: str):
    """People forget one of the two suffixes: their files are then taken for folders."""
    (part,) = read_specification(specification(tmp_path, SMALL.replace(old, new, 1))).parts
    assert part.example == example


def test_another_size_than_the_description_says(tmp_path: Path):
    write(tmp_path / "images" / "1.tif", (1, 5, 5), "uint8")
    options = ("--dir", tmp_path / "images", "--target", tmp_path / "store")
    said = run_reben("encode", "custom", specification(tmp_path, SMALL), *options, code=1).stderr
    assert "hint: check bands, side_px and dtype in the description of the data set" in " ".join(said.split())


def test_what_cannot_be_read_can_be_skipped(tmp_path: Path):
    for i in range(3):
        write(tmp_path / "images" / f"{i}.tif", (1, 4 + (i == 1), 4), "uint8")
    options = ("--dir", tmp_path / "images", "--target", tmp_path / "store")
    result = run_reben("encode", "custom", specification(tmp_path, SMALL), *options, code=1)
    assert "1.tif: has 5 x 4 pixels of uint8; expected 4 x 4 pixels of uint8" in result.stderr
    run_reben("encode", "custom", tmp_path / "specification.toml", *options, "--on-error", "skip", code=1)
    assert list(open_store(tmp_path / "store")) == ["0", "2"]
    assert set(read_result(tmp_path / "store").skipped) == {"1"}


def expect_refused(path: Path, *texts: str) -> EncodeError:
    with pytest.raises(EncodeError) as caught:
        read_specification(path)
    for text in (str(path), *texts):
        assert text in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('name = "small"', 'name = "small"\nversion = 1', "version: "),
        ('name = "images"', 'name = "images"\nroot = "x"', "parts.0.root: "),
        ('bands = ["grey"]', 'bands = ["grey"]\nnodata = 0', "parts.0.files.0.nodata: "),
        ('name = "small"', "", "name: "),
        ('name = "small"', 'name = ""', "name: "),
        ('name = "small"', "name = 3", "name: "),
        (r"sample = '\d+'", "", "parts.0.sample: "),
        (r"sample = '\d+'", "sample = ''", "parts.0.sample: "),
        (r"sample = '\d+'", "sample = ['a']", "parts.0.sample: "),
        (r"sample = '\d+'", "sample = '(a'", "parts.0.sample: Value error, '(a' is not a regular expression ("),
        (r"sample = '\d+'", "sample = '*'", "parts.0.sample: Value error, '*' is not a regular expression ("),
        (r"sample = '\d+'", "sample = 'a{99999999999999}'", "parts.0.sample: "),
        (r"sample = '\d+'", "sample = '(?u)a'", "parts.0.sample: "),
        ("[[parts]]", "depth = -1\n[[parts]]", "depth: "),
        ('name = "images"', 'name = "images"\ndepth = -1', "parts.0.depth: "),
        ('name = "images"', 'name = "images"\ndepth = "1"', "parts.0.depth: "),
        ('name = "images"', 'name = "images"\ndepth = 1.0', "parts.0.depth: "),
        ('name = "images"', 'name = "images"\nkey_parts = 0', "parts.0.key_parts: "),
        ('name = "images"', 'name = "images"\nfiles_named = 1', "parts.0.files_named: "),
        ("side_px = 4", "side_px = 0", "parts.0.files.0.side_px: "),
        ("side_px = 4", "side_px = 1000000000", "parts.0.files.0.side_px: "),
        ("side_px = 4", "side_px = 16385", "parts.0.files.0.side_px: "),
        (
            "side_px = 4",
            "side_px = 16384\ntolerance_px = 1",
            "parts.0.files.0: Value error, has up to 268,468,225 bytes",
        ),
        ("side_px = 4", "side_px = 4\ntolerance_px = 1000000000", "parts.0.files.0.tolerance_px: "),
        ('bands = ["grey"]', f"bands = {[f'b{i}' for i in range(4097)]}", "parts.0.files.0.bands: "),
        ('name = "images"', 'name = "images"\ndepth = 1000000000', "parts.0.depth: "),
        ('name = "images"', 'name = "images"\nkey_parts = 1000000000', "parts.0.key_parts: "),
        ("side_px = 4", 'side_px = "4"', "parts.0.files.0.side_px: "),
        ("side_px = 4", "", "parts.0.files.0.side_px: "),
        ("side_px = 4", "side_px = 4\ntolerance_px = -1", "parts.0.files.0.tolerance_px: "),
        ('dtype = "uint8"', 'dtype = "complex64"', "parts.0.files.0.dtype: "),
        ('dtype = "uint8"', 'dtype = "U8"', "parts.0.files.0.dtype: "),
        ('bands = ["grey"]', "bands = []", "parts.0.files.0.bands: "),
        ('bands = ["grey"]', 'bands = [""]', "parts.0.files.0.bands.0: "),
        ('bands = ["grey"]', 'bands = "grey"', "parts.0.files.0.bands: "),
    ],
)
def test_a_wrong_entry_is_named_with_its_place(tmp_path: Path, old: str, new: str, place: str):
    assert old in SMALL
    error = expect_refused(specification(tmp_path, SMALL.replace(old, new, 1)), place)
    assert "shows a whole specification" in error.hint


def test_the_hint_names_a_document_that_exists(tmp_path: Path):
    error = expect_refused(specification(tmp_path, 'name = "small"'), "parts: ")
    assert (Path(__file__).parents[3] / error.hint.split()[0]).is_file()


@pytest.mark.parametrize("text", ['name = "x"\nparts = []', SMALL.partition("[[parts.files]]")[0]])
def test_there_must_be_parts_and_files(tmp_path: Path, text: str):
    expect_refused(specification(tmp_path, text), "parts")


def test_a_tensor_cannot_be_given_twice(tmp_path: Path):
    write(tmp_path / "images" / "1.tif", (2, 4, 4), "uint8")
    path = specification(tmp_path, SMALL.replace('["grey"]', '["grey", "grey"]'))
    command = ("encode", "custom", path, "--dir", tmp_path / "images", "--target", tmp_path / "store")
    said = run_reben(*command, code=1).stderr
    assert f"{path}: parts.0: Value error, band grey is given twice" in said
    assert "shows a whole specification" in said
    assert not (tmp_path / "store").exists()


def test_parts_must_have_different_names(tmp_path: Path):
    """Counts and reports are by name."""
    second = SMALL.partition("[[parts]]")[2].replace("grey", "other")
    expect_refused(specification(tmp_path, f"{SMALL}\n[[parts]]{second}"), "images")


@pytest.mark.parametrize("content", [b"name = ", b"\xff\xfe", b"[[parts]]\nname = 'a'\nname = 'b'"])
def test_what_is_no_toml_is_named(tmp_path: Path, content: bytes):
    (tmp_path / "specification.toml").write_bytes(content)
    expect_refused(tmp_path / "specification.toml", "cannot be read as a TOML file (")


def test_missing_and_unreadable_files_are_named(tmp_path: Path):
    expect_refused(tmp_path / "nowhere.toml", "cannot be read", "No such file")
    expect_refused(tmp_path, "cannot be read", "directory")
    run_reben("encode", "custom", tmp_path / "no.toml", "--dir", tmp_path, "--target", tmp_path / "store", code=1)
    assert not (tmp_path / "store").exists()


def test_an_interrupted_store_of_other_folders_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("reben.io.store.writer.TRANSACTION_BYTES", 1)  # a transaction for each value
    write(tmp_path / "one" / "1.tif", (1, 4, 4), "uint8")
    write(tmp_path / "one" / "2.tif", (1, 5, 4), "uint8")
    command = ("encode", "custom", specification(tmp_path, SMALL), "--target", tmp_path / "store", "--dir")
    run_reben(*command, tmp_path / "one", code=1)
    shutil.copytree(tmp_path / "one", tmp_path / "other")
    assert "begun from something else" in run_reben(*command, tmp_path / "other", code=1).stderr


def test_a_first_attempt_that_wrote_nothing_does_not_block_the_next(tmp_path: Path):
    write(tmp_path / "one" / "1.tif", (1, 5, 4), "uint8")
    write(tmp_path / "other" / "1.tif", (1, 4, 4), "uint8")
    command = ("encode", "custom", specification(tmp_path, SMALL), "--target", tmp_path / "store", "--dir")
    run_reben(*command, tmp_path / "one", code=1)
    run_reben(*command, tmp_path / "other")
