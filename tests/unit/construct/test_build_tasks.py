"""What a worker does with its task, also when it is given it again."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import rasterio

from reben.construct import build as module
from reben.construct.inputs import BuildInputs
from reben.construct.options import BuildOptions
from reben.construct.workspace import Workspace
from reben.core.errors import ProductError
from reben.io.tiff.geotiff import read_band
from reben.work import atomic

TILE = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"


@pytest.fixture
def task(make_product: Callable[..., Path], small_land_cover: Path, tmp_path: Path) -> module._Task:
    product = make_product(tmp_path, TILE)
    inputs = BuildInputs((tmp_path,), BuildOptions(clc=small_land_cover))
    return module._Task(product, TILE, inputs, Workspace(tmp_path / "dataset"), 1, "first")


def with_options(task: module._Task, **changes: object) -> module._Task:
    """The task with some options changed."""
    options = task.inputs.options.model_copy(update=changes)
    return replace(task, inputs=BuildInputs(task.inputs.l2a, options))


def test_a_finished_tile_is_left_alone(task: module._Task):
    """A cluster may run the task of a worker again that it has lost."""
    module._build_one(task)
    files = {path: path.stat().st_mtime_ns for path in task.workspace.root.rglob("*") if path.is_file()}
    assert len(files) > 15 * 13
    module._build_one(task)
    assert {path: path.stat().st_mtime_ns for path in task.workspace.root.rglob("*") if path.is_file()} == files


def test_damaged_images_are_no_tile(task: module._Task):
    image = next(task.product.rglob("*_B12_20m.jp2"))
    (task.product / "manifest.safe").write_text(
        f'<a><byteStream><fileLocation href="./{image.relative_to(task.product)}"/>'
        f'<checksum checksumName="MD5">{"0" * 32}</checksum></byteStream></a>'
    )
    for form in ("geotiff", "store"):
        with pytest.raises(ProductError, match="is damaged: its MD5 is"):
            module._build_one(with_options(task, format=form))
        assert not task.workspace.is_finished(TILE)
        assert not task.workspace.shard(TILE).exists()
    module._build_one(with_options(task, checksums=False))
    assert task.workspace.records([TILE])[TILE].compared_with == ()


def test_the_damage_is_named_rather_than_what_decoding_makes_of_it(task: module._Task):
    archive = Path(shutil.make_archive(str(task.product), "zip", task.product.parent, task.product.name))
    content = archive.read_bytes()
    entry = content.rfind(b"PK\1\2", 0, content.rfind(b"_B12_20m.jp2"))  # its CRC-32 lies 16 bytes behind
    archive.write_bytes(content[: entry + 16] + bytes(4) + content[entry + 20 :])
    with pytest.raises(ProductError, match="Bad CRC-32"):
        module._build_one(replace(task, product=archive))


def test_what_was_compared_is_noted(task: module._Task):
    archive = Path(shutil.make_archive(str(task.product), "zip", task.product.parent, task.product.name))
    module._build_one(replace(task, product=archive))
    record = task.workspace.records([TILE])[TILE]
    assert record.compared_with == ("CRC-32",)
    assert list(record.sha256) == [str(archive)]
    assert module._unchecked({TILE: record}, compared=True) == []
    (said,) = module._unchecked({TILE: record.model_copy(update={"compared_with": ()})}, compared=True)
    assert archive.name in said
    assert "--no-checksums" in module._unchecked({}, compared=False)[0]


def test_a_tile_that_is_split_over_two_products(task: module._Task, make_product: Callable[..., Path], tmp_path: Path):
    """The second product fills the only invalid pixel of the first one, in the patch in column 3, row 0."""
    module._build_one(task)
    assert task.workspace.rows([TILE]).num_rows == 15
    other = make_product(tmp_path / "other", TILE, processed="20240101T010000")
    (image,) = other.rglob("*_B12_20m.jp2")
    with rasterio.open(image) as source:
        profile, pixels = source.profile, source.read(1)
    pixels[0, -1] = 1234
    with rasterio.open(image, "w", QUALITY=100, REVERSIBLE="YES", **profile) as target:
        target.write(pixels, 1)
    workspace = Workspace(tmp_path / "joined")
    module._build_one(replace(task, workspace=workspace, further=(other,)))
    assert workspace.rows([TILE]).num_rows == 16
    (patch,) = workspace.paths.s2.rglob("*_03_00_B12.tif")
    assert read_band(patch)[0, -1] == 1234
    record = workspace.records([TILE])[TILE]
    assert record.joined_with == (str(other),)
    assert any(str(image) == file for file in record.sha256)


def test_a_tile_in_other_hands_is_refused(task: module._Task):
    task.workspace.root.mkdir()
    with (
        atomic.locked(task.workspace.lock_of(TILE)),
        pytest.raises(module.TargetExistsError, match="another process is writing"),
    ):
        module._build_one(task)


def test_inputs_that_changed_are_loaded_again(task: module._Task, monkeypatch: pytest.MonkeyPatch):
    loads: list[BuildInputs] = []

    def note(inputs: BuildInputs) -> None:
        loads.append(inputs)

    monkeypatch.setattr(BuildInputs, "load", note)
    module._settings.cache_clear()
    for fingerprint in ("first", "first", "second"):
        module._settings(task.inputs, fingerprint)
    assert len(loads) == 2
    module._settings.cache_clear()
