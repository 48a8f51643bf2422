"""Every format gives the same patches: pixels, labels, splits, partners, maps."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tacoreader.v1

from reben.audit.copies.datasets import open_dataset_copy
from reben.audit.copies.opening import open_copy
from reben.core.classes import CLC2018
from reben.core.errors import AuditError, RebenError
from reben.io.dataset.paths import DatasetPaths
from stand_ins.copies import (
    WRITERS,
    Patches,
    PythonCopy,
    read_patches,
    upsampled,
    with_maps,
    write_geotiffs,
    write_tortilla,
)

ORDER = CLC2018.class_names


@pytest.fixture(scope="module")
def patches(tiny_dataset: DatasetPaths) -> Patches:
    return with_maps(read_patches(tiny_dataset, most=3))


def opened(thing: Any) -> Any:
    return open_copy(thing) if isinstance(thing, Path) else open_dataset_copy(thing)


@pytest.mark.parametrize("form", WRITERS)
def test_all_formats_say_the_same(patches: Patches, tmp_path: Path, form: str):
    copy = opened(WRITERS[form](patches, tmp_path / "copy"))
    assert list(copy.patch_ids) == list(patches)
    for position, (name, patch) in enumerate(patches.items()):
        found = copy.read(position)
        assert set(found.bands) == set(patch.bands)
        for band, pixels in patch.bands.items():
            own = found.bands[band]
            assert np.array_equal(own, pixels if own.shape == pixels.shape else upsampled(pixels)), band
        row = copy.rows.get(name, found.row)
        labels = row.labels
        named = labels if isinstance(labels, tuple) else [n for n, there in zip(ORDER, labels, strict=True) if there]
        assert list(named) == patch.row["labels"]
        assert row.split == patch.row["split"]
        if found.mask is not None:
            assert np.array_equal(found.mask, patch.mask)


def test_the_tortilla_that_we_read_is_one_for_its_own_library(patches: Patches, tmp_path: Path):
    path = write_tortilla(patches, tmp_path)
    assert tacoreader.v1.load(str(path))["tortilla:id"].tolist() == list(patches)


def test_sentinel_1_patches_without_a_table_join_the_patch_of_their_place(patches: Patches, tmp_path: Path):
    root = write_geotiffs(patches, tmp_path)
    DatasetPaths(root).metadata.unlink()
    copy = open_copy(root)
    assert list(copy.patch_ids) == list(patches)
    assert {"VV", "VH", "B02"} <= set(copy.read(0).bands)


def test_files_in_folders_that_are_called_after_patches(patches: Patches, tmp_path: Path):
    root = write_geotiffs(patches, tmp_path)
    for path in sorted(DatasetPaths(root).s2.rglob("*.tif")):
        path.rename(path.with_name(path.stem.rsplit("_", 1)[1] + ".tif"))
    assert set(open_copy(root).read(0).bands) == {*next(iter(patches.values())).bands}


def test_links_out_of_an_hdf5_file_are_not_followed(patches: Patches, tmp_path: Path):
    first = next(iter(patches))
    with h5py.File(tmp_path / "secret.h5", "w") as secret:
        secret["B04"] = np.ones((120, 120))
    with h5py.File(tmp_path / "copy.h5", "w") as file:
        group = file.create_group(first)
        group["B02"] = patches[first].bands["B02"]
        group["B04"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/B04")
        group["B03"] = h5py.SoftLink("/nowhere")
    assert set(open_copy(tmp_path / "copy.h5").read(0).bands) == {"B02"}


def test_an_hdf5_file_that_claims_huge_arrays(patches: Patches, tmp_path: Path):
    with h5py.File(tmp_path / "copy.h5", "w") as file:
        file.create_dataset(f"{next(iter(patches))}/B02", shape=(1 << 20, 1 << 20), dtype="u2", chunks=(64, 64))
    with pytest.raises(AuditError, match="bytes at most"):
        open_copy(tmp_path / "copy.h5").read(0)


def read_all(path: Path) -> None:
    copy = open_copy(path)
    for position in range(len(copy.patch_ids)):
        copy.read(position)


@pytest.mark.parametrize("name", ["labels", "patch_id", "split"])
def test_an_hdf5_file_that_claims_huge_columns(patches: Patches, tmp_path: Path, name: str):
    path = WRITERS["HDF5 arrays"](patches, tmp_path)
    with h5py.File(path, "a") as file:
        del file[name]
        file.create_dataset(name, shape=(3,), dtype=f"S{1 << 27}", chunks=(1,))
    with pytest.raises(AuditError, match="claims"):
        open_copy(path).rows  # noqa: B018 - read when they are asked for


DAMAGES = {
    "truncated": lambda data: data[: len(data) // 3],
    "empty": lambda data: data[:0],
    "of zeros": lambda data: bytes(len(data)),
    "without an end": lambda data: data[:-5000],
}


@pytest.mark.parametrize("form", ["HDF5 groups", "HDF5 arrays", "tortilla", "tacozip"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_files_end_in_errors_that_say_so(patches: Patches, tmp_path: Path, form: str, damage: str):
    path = WRITERS[form](patches, tmp_path)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    with pytest.raises(RebenError):
        read_all(path)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("form", ["HDF5 groups", "tortilla", "tacozip"])
def test_files_with_wrong_bytes_end_in_errors_or_in_patches(patches: Patches, tmp_path: Path, form: str, seed: int):
    path = WRITERS[form](patches, tmp_path)
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(seed)
    for place in rng.integers(0, len(data), 40).tolist() + rng.integers(0, 300, 10).tolist():
        data[place] = int(rng.integers(256))
    path.write_bytes(data)
    try:
        copy = open_copy(path)
    except RebenError:
        return
    for position in range(len(copy.patch_ids)):
        try:
            copy.read(position)
        except RebenError:
            continue


def test_paths_that_are_no_copies(tmp_path: Path):
    (tmp_path / "readme.txt").write_text("nothing")
    empty = tmp_path / "empty"
    empty.mkdir()
    for path, reason in (
        (tmp_path / "none", "does not exist"),
        (tmp_path / "readme.txt", "not known"),
        (empty, "empty"),
    ):
        with pytest.raises(AuditError, match=reason):
            open_copy(path)
    with pytest.raises(AuditError, match="there is no GeoTIFF"):
        open_copy(tmp_path)


class Sample:
    """As some libraries have samples: attributes."""

    def __init__(self, image: np.ndarray) -> None:
        self.image = image
        self.label = np.array([1, 0, 0])


def image() -> np.ndarray:
    return np.random.default_rng(0).integers(1, 3000, (3, 120, 120))


@pytest.mark.parametrize(
    "sample",
    [
        {"image": image(), "label": np.array([1, 0, 0])},
        (image(), np.array([1, 0, 0])),
        [image(), np.array([1.0, 0, 0])],
        (np.moveaxis(image(), 0, 2), np.array([1, 0, 0])),
        Sample(image()),
    ],
    ids=["mapping", "tuple", "list", "channels last", "attributes"],
)
def test_samples_of_any_usual_form(sample: object):
    copy = open_dataset_copy([sample], bands=["B04", "B03", "B02"])
    found = copy.read(0)
    assert list(found.bands) == ["B04", "B03", "B02"]
    assert np.array_equal(found.bands["B03"], image()[1])
    assert found.row.labels is not None
    assert found.row.labels.tolist() == [True, False, False]


def test_data_sets_that_cannot_be_read():
    class Broken:
        def __len__(self) -> int:
            return 2

        def __getitem__(self, position: int) -> object:
            raise OSError("the disk is gone")

    with pytest.raises(AuditError, match="the disk is gone"):
        open_dataset_copy(Broken()).read(0)
    with pytest.raises(AuditError, match="no samples"):
        open_dataset_copy([])
    with pytest.raises(AuditError, match="no length"):
        open_dataset_copy(iter([1]))
    with pytest.raises(AuditError, match="no names of bands"):
        open_dataset_copy([(image(), 1)]).read(0)
    with pytest.raises(AuditError, match="3, 120, 120"):
        open_dataset_copy([(image(), 1)], bands=["B02"]).read(0)
    with pytest.raises(AuditError, match="expected a mapping"):
        open_dataset_copy([3]).read(0)
    with pytest.raises(AuditError, match="2 samples and 1 patch ids"):
        open_dataset_copy([1, 2], patch_ids=["a"])
    with pytest.raises(AuditError, match="expected numbers"):
        open_dataset_copy([{"B02": np.array([["a"]])}]).read(0)


def test_a_data_set_says_itself_what_it_has(patches: Patches):
    copy = PythonCopy(patches)
    copy.bands = ["B02", "B03"]
    copy.split = "test"
    opened_copy = open_dataset_copy(copy)
    assert list(opened_copy.bands) == ["B02", "B03"]
    assert opened_copy.split == "test"


def test_images_of_a_sensor_each_and_bands_as_a_mapping_in_a_sample(patches: Patches):
    first = next(iter(patches.values()))
    s1, s2 = (np.stack([upsampled(first.bands[b]) for b in names]) for names in (("VV", "VH"), ("B02", "B8A")))
    stacks = open_dataset_copy([{"s1": s1, "s2": s2}], bands=["VV", "VH", "B02", "B8A"]).read(0)
    assert list(stacks.bands) == ["VV", "VH", "B02", "B8A"]
    mapping = open_dataset_copy([({"B02": first.bands["B02"]}, ["Pastures"], "an id", np.zeros((120, 120)))]).read(0)
    assert set(mapping.bands) == {"B02"}
    assert (mapping.row.labels, mapping.patch_id) == (("Pastures",), "an id")
    assert mapping.mask is not None
    assert set(open_dataset_copy([s1], bands=["VV", "VH"]).read(0).bands) == {"VV", "VH"}


def test_an_hdf5_file_with_an_image_per_patch_that_names_its_bands(patches: Patches, tmp_path: Path):
    with h5py.File(tmp_path / "copy.h5", "w") as file:
        for name, patch in patches.items():
            file[name] = np.stack([patch.bands["B04"], patch.bands["B03"]])
            file[name].attrs["bands"] = "B04, B03"
            file[name].attrs["split"] = patch.row["split"]
            file[f"{name}_reference_map"] = patch.mask
        file["readme"] = 3
    copy = open_copy(tmp_path)  # the only file in its folder
    found = copy.read(0)
    first = next(iter(patches))
    assert np.array_equal(found.bands["B03"], patches[first].bands["B03"])
    assert np.array_equal(found.mask, patches[first].mask)
    assert copy.rows[first].split == patches[first].row["split"]
    (tmp_path / "copy.h5").rename(tmp_path / "one.h5")
    (tmp_path / "two.h5").write_bytes((tmp_path / "one.h5").read_bytes())
    with pytest.raises(AuditError, match="holds 2 files"):
        open_copy(tmp_path)


def test_an_hdf5_file_of_something_else(tmp_path: Path):
    with h5py.File(tmp_path / "copy.h5", "w") as file:
        file["measurements"] = np.arange(3)
    with pytest.raises(AuditError, match="no patches are found"):
        open_copy(tmp_path / "copy.h5")


def test_tables_as_csv_and_tables_that_are_none(patches: Patches, tmp_path: Path):
    root = write_geotiffs(patches, tmp_path)
    DatasetPaths(root).metadata.unlink()
    first = next(iter(patches))
    (root / "labels.csv").write_text(f"patch_id,labels,split\n{first},Pastures; Arable land,train\n")
    row = open_copy(root).rows[first]
    assert (row.labels, row.split) == (("Pastures", "Arable land"), "train")
    (root / "labels.csv").rename(root / "labels.parquet")
    with pytest.raises(AuditError, match="cannot be read as a table"):
        open_copy(root)
