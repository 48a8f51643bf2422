import re
from math import prod
from pathlib import Path

import pytest

from reben.core.bands import S1_BANDS, S2_BANDS
from reben.encode.datasets import DATASETS
from reben.encode.specification import DatasetSpecification, Part
from reben.encode.values import ValueReader

PARTS = [
    pytest.param(dataset, part, id=f"{dataset.name} {part.option}")
    for dataset in DATASETS.values()
    for part in dataset.parts
]

_S2_L1C = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12")

EXPECTED = {
    "bigearthnet s2-dir": (set(S2_BANDS), {20: 2, 60: 6, 120: 4}, {"uint16"}),
    "bigearthnet s1-dir": (set(S1_BANDS), {120: 2}, {"float32"}),
    "bigearthnet reference-maps-dir": ({"Data"}, {120: 1}, {"uint16"}),
    "eurosat dir": (
        {"B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B09", "B10", "B11", "B12", "B08A"}, {64: 13},
        {"uint16"},
    ),
    "hyspecnet-11k dir": ({f"B{i}" for i in range(1, 225)}, {128: 224}, {"int16"}),
    "hydro dir": (
        {"B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12"}, {256: 12}, {"uint16"},
    ),
    "major-tom-core s2-dir": (set(S2_BANDS), {1068: 4, 534: 6, 178: 2}, {"uint16"}),
    "major-tom-core s1-dir": ({"vv", "vh"}, {1068: 2}, {"float32"}),
    "ssl4eo-s12 s1-dir": ({"VV", "VH"}, {264: 2}, {"float32"}),
    "ssl4eo-s12 s2c-dir": (set(_S2_L1C), {264: 4, 132: 6, 44: 3}, {"uint16"}),
    "ssl4eo-s12 s2a-dir": (set(_S2_L1C) - {"B10"}, {264: 4, 132: 6, 44: 2}, {"uint16"}),
    "uc-merced dir": ({"Red", "Green", "Blue"}, {256: 3}, {"uint8"}),
    "spectral-earth dir": ({f"B{i}" for i in range(1, 203)}, {128: 202}, {"int16"}),
}  # fmt: skip
"""Tensors, how many have which side in pixels, and data types; source: `shared/FACTS.md`, encoded format."""


def test_every_part_is_known():
    assert {f"{dataset.name} {part.option}" for dataset in DATASETS.values() for part in dataset.parts} == set(EXPECTED)


@pytest.mark.parametrize(("dataset", "part"), PARTS)
def test_tensors_are_those_of_the_facts(dataset: DatasetSpecification, part: Part):
    names, sides, dtypes = EXPECTED[f"{dataset.name} {part.option}"]
    tensors = [tensor for file in part.files for tensor in file.tensors]
    assert len(tensors) == len(names)
    assert {tensor.name for tensor in tensors} == names
    assert {tensor.dtype.name for tensor in tensors} == dtypes
    assert all(tensor.dtype.str[0] in "<|" for tensor in tensors)
    assert {side: sum(tensor.shape == (side, side) for tensor in tensors) for side in sides} == sides
    assert sum(sides.values()) == len(tensors)


def test_bands_of_stacks_are_in_the_order_of_the_files():
    (eurosat,) = DATASETS["eurosat"].parts
    order = "B01 B02 B03 B04 B05 B06 B07 B08 B09 B10 B11 B12 B08A"
    assert " ".join(tensor.name for tensor in eurosat.files[0].tensors) == order
    (hydro,) = DATASETS["hydro"].parts
    order = "B01 B02 B03 B04 B05 B06 B07 B08 B8A B09 B11 B12"
    assert " ".join(tensor.name for tensor in hydro.files[0].tensors) == order
    (merced,) = DATASETS["uc-merced"].parts
    assert [tensor.name for tensor in merced.files[0].tensors] == ["Red", "Green", "Blue"]
    for name in ("hyspecnet-11k", "spectral-earth"):
        (part,) = DATASETS[name].parts
        assert [tensor.name for tensor in part.files[0].tensors] == [
            f"B{i}" for i in range(1, len(part.files[0].tensors) + 1)
        ]


def test_reben_values_have_the_published_size():
    sizes = [ValueReader(part).most_bytes for part in DATASETS["bigearthnet"].parts]
    assert sizes[:2] == [160_832, 115_344]


def test_only_some_data_sets_vary_in_size():
    varying = {name for name, dataset in DATASETS.items() if not all(part.has_fixed_size for part in dataset.parts)}
    assert varying == {"ssl4eo-s12", "uc-merced"}


def test_names_are_unique_and_fit_for_a_command():
    assert all(name == dataset.name for name, dataset in DATASETS.items())
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in DATASETS)
    assert "custom" not in DATASETS
    assert len({dataset.title for dataset in DATASETS.values()}) == len(DATASETS)
    parts = [part.name for dataset in DATASETS.values() for part in dataset.parts]
    assert len(set(parts)) == len(parts)


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
def test_options_are_unique_and_are_none_that_all_commands_have(dataset: DatasetSpecification):
    options = [part.option for part in dataset.parts]
    assert len(set(options)) == len(options) > 0
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", option) for option in options)
    assert not {"target", "workers", "on-error", "shards", "scheduler", "help"} & set(options)


@pytest.mark.parametrize(("dataset", "part"), PARTS)
def test_tensors_and_files_are_given_once(dataset: DatasetSpecification, part: Part):  # noqa: ARG001
    names = [tensor.name for file in part.files for tensor in file.tensors]
    assert len(set(names)) == len(names)
    suffixes = [file.suffix for file in part.files]
    assert len(set(suffixes)) == len(suffixes)
    assert all(prod(tensor.shape) > 0 for file in part.files for tensor in file.tensors)


@pytest.mark.parametrize(("dataset", "part"), PARTS)
def test_the_example_is_a_file_of_a_sample(dataset: DatasetSpecification, part: Part, tmp_path: Path):
    if "<" in part.example:
        patch = {"hyspecnet-11k": "ENMAP01-____L2A-DT1_20221103T162438Z-Y01460273_X03110438", "spectral-earth": "a"}
        example = part.example.replace("<patch>", patch[dataset.name])
    else:
        example = part.example
    path = tmp_path / part.folder / example
    path.parent.mkdir(parents=True)
    path.touch()
    (sample,) = part.layout.find(tmp_path / part.folder)
    assert str(path) in {sample.stem + file.suffix for file in part.files}


KEYS = {
    "bigearthnet s2-dir": "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57",
    "bigearthnet s1-dir": "S1A_IW_GRDH_1SDV_20170613T165043_33UUP_70_48",
    "bigearthnet reference-maps-dir": "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57_reference_map",
    "eurosat dir": "Pasture_300",
    "hydro dir": "patch_0",
    "major-tom-core s2-dir": "0U_199R_S2A_MSIL2A_20220706T085611_N0400_R007_T33NZA_20220706T153419",
    "major-tom-core s1-dir": "0U_199R_S1A_IW_GRDH_1SDV_20220703T043413_20220703T043438_043931_053E87_rtc",
    "ssl4eo-s12 s1-dir": "s1_0000200_S1A_IW_GRDH_1SDV_20200607T010800_20200607T010825_032904_03CFBA_D457",
    "ssl4eo-s12 s2c-dir": "s2c_0000200_20200604T054639_20200604T054831_T43RCP",
    "ssl4eo-s12 s2a-dir": "s2a_0000200_20200604T054639_20200604T054831_T43RCP",
    "uc-merced dir": "airplane00",
}
"""Of the examples."""


@pytest.mark.parametrize(("dataset", "part"), [case for case in PARTS if case.id in KEYS])
def test_keys_of_the_examples(dataset: DatasetSpecification, part: Part, tmp_path: Path):
    path = tmp_path / part.folder / part.example
    path.parent.mkdir(parents=True)
    path.touch()
    (sample,) = part.layout.find(tmp_path / part.folder)
    assert sample.key == KEYS[f"{dataset.name} {part.option}"]


@pytest.mark.usefixtures("example_plugin")
def test_data_sets_of_other_packages():
    assert list(DATASETS)[-2:] == ["example-broken", "example-tiny"]
    assert DATASETS["example-tiny"].title == "Tiny images of an example"
