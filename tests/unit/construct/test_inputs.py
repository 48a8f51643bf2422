import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from reben.construct.inputs import BuildInputs
from reben.construct.options import BuildOptions
from reben.core.classes import CLC2018
from reben.core.errors import BandError, BuildError, CountryError, LandCoverError, LegendError, RebenError, SplitError
from reben.tile.sentinel1.patch_folder import S1PatchFolder
from reben.tile.sentinel1.scenes import S1Scenes

SCENE = "S1A_IW_GRDH_1SDV_20170613T165043"


@pytest.fixture
def inputs(small_land_cover: Path, tmp_path: Path) -> BuildInputs:
    """The fewest that a build needs."""
    path = tmp_path / "clc.gpkg"
    shutil.copyfile(small_land_cover, path)
    return BuildInputs((tmp_path,), BuildOptions(clc=path))


def replace(inputs: BuildInputs, **changes: object) -> BuildInputs:
    """The same with some options changed."""
    return BuildInputs(inputs.l2a, inputs.options.model_copy(update=changes))


def test_the_fewest_inputs(inputs: BuildInputs):
    settings = inputs.load()
    assert settings.sentinel1 is settings.v1_regions is None
    assert settings.land_cover.format.legend is CLC2018
    assert settings.snow == settings.cloud == frozenset()
    assert len(settings.countries.names) > 100


def test_countries(inputs: BuildInputs, shared_data: Path):
    assert len(replace(inputs, countries="reben").load().countries.names) == 10
    with_v1 = replace(inputs, v1_geometries=shared_data / "v1_geometries")
    assert len(with_v1.load().countries.names) == 10
    assert len(replace(with_v1, countries="all").load().countries.names) > 100
    with pytest.raises(CountryError, match=r"nowhere\.gpkg"):
        replace(inputs, countries="nowhere.gpkg").load()


def test_lists_and_pairs_of_v1(inputs: BuildInputs, shared_data: Path, tmp_path: Path):
    v1_name, s1_name = "S2A_MSIL2A_20170613T101031_1_0", f"{SCENE}_33UUP_1_0"
    (tmp_path / "pairs.csv").write_text(f"{v1_name},{s1_name}\n")
    (tmp_path / "list.csv").write_text(f"{v1_name}\n")
    (tmp_path / "s1").mkdir()
    chosen = replace(
        inputs, s1_dir=tmp_path / "s1", s1_pairs=tmp_path / "pairs.csv", snow=(tmp_path / "list.csv",),
        v1_geometries=shared_data / "v1_geometries", unpaired="keep", patch_size=600, min_labelled=0.5,
        p=0.1, q=0.2, keep_raw=True,
    )  # fmt: skip
    settings = chosen.load()
    assert settings.sentinel1 == S1PatchFolder(tmp_path / "s1", {v1_name: s1_name})
    assert (settings.snow, settings.cloud) == (frozenset({v1_name}), frozenset())
    assert settings.v1_regions is not None
    assert len(settings.v1_regions) == 2
    assert (settings.keep_unpaired, settings.patch_size_m, settings.min_labelled) == (True, 600, 0.5)
    assert (settings.split.p, settings.split.q, settings.keep_raw) == (0.1, 0.2, True)


def test_scenes(
    inputs: BuildInputs, write_scene: Callable[..., None], decibels: Callable[..., np.ndarray], tmp_path: Path
):
    write_scene(tmp_path / "scenes", SCENE, decibels(10))
    found = replace(inputs, s1_scenes=tmp_path / "scenes").load().sentinel1
    assert isinstance(found, S1Scenes)
    assert [scene.name for scene in found.scenes] == [SCENE]


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"s1_dir": Path()}, BuildError, "--s1-dir and --s1-pairs belong together"),
        ({"s1_pairs": Path("pairs.csv")}, BuildError, "--s1-dir and --s1-pairs belong together"),
        ({"s1_dir": Path(), "s1_pairs": Path("pairs.csv")}, BuildError, "--s1-pairs names v1 patches"),
        (
            {"s1_dir": Path(), "s1_pairs": Path("pairs.csv"), "s1_scenes": Path()},
            BuildError,
            "--s1-dir and --s1-scenes exclude each other",
        ),
        ({"s1_scenes": Path("missing")}, BuildError, "missing: is not a directory"),
        ({"patch_size": 1210}, BandError, "patch size 1210 m"),
        ({"p": 0.8, "q": 0.3}, SplitError, "training ground remains"),
        ({"legend": Path("missing.toml")}, LegendError, "missing.toml: does not exist"),
        ({"clc": Path("missing.gpkg")}, LandCoverError, "missing.gpkg: does not exist"),
        ({"snow": (Path("missing.csv"),)}, BuildError, "--snow-list and --cloud-list name v1 patches"),
        ({"unpaired": "keep"}, BuildError, "--unpaired keep needs Sentinel-1"),
    ],
)
def test_what_does_not_fit_together(
    inputs: BuildInputs, changes: dict[str, object], kind: type[RebenError], message: str
):
    with pytest.raises(kind, match=message):
        replace(inputs, **changes).load()


def test_the_folder_of_patches_must_be_there(inputs: BuildInputs, shared_data: Path, tmp_path: Path):
    with pytest.raises(BuildError, match="missing: is not a directory"):
        replace(
            inputs, s1_dir=tmp_path / "missing", s1_pairs=tmp_path / "x", v1_geometries=shared_data / "v1_geometries"
        ).load()


def test_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    options = BuildOptions(clc=Path("clc.gpkg"), snow=(Path("a.csv"), Path("b.csv")), countries="countries.gpkg")
    resolved = BuildInputs((Path("l2a"),), options).resolved()
    found = resolved.options
    assert resolved.l2a == (tmp_path / "l2a",)
    assert found.clc == tmp_path / "clc.gpkg"
    assert found.snow == (tmp_path / "a.csv", tmp_path / "b.csv")
    assert found.countries == str(tmp_path / "countries.gpkg")
    assert found.legend is None
    for name in ("", "all", "reben"):
        assert replace(resolved, countries=name).resolved().options.countries == name


def test_parameters_are_json_and_name_all_inputs(inputs: BuildInputs, tmp_path: Path):
    (tmp_path / "list.csv").write_text("")
    found = replace(inputs, snow=(tmp_path / "list.csv",)).parameters()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert list(found) == [
        "l2a", "clc", "legend", "s1_dir", "s1_pairs", "s1_scenes", "s1_unit", "keep_unpaired", "v1_geometries", "snow",
        "cloud", "countries", "patch_size_m", "min_labelled", "p", "q", "keep_raw", "input files", "Sentinel-1 scenes",
    ]  # fmt: skip
    assert set(found["input files"]) == {str(tmp_path / "clc.gpkg"), str(tmp_path / "list.csv")}


@pytest.mark.parametrize("name", ["clc", "legend", "s1_pairs", "snow", "cloud", "countries", "v1_geometries"])
def test_a_changed_input_file_is_noticed(inputs: BuildInputs, tmp_path: Path, name: str):
    file = tmp_path / "v1" / "bigearthnet_v1_spatial_32633.parquet"
    file.parent.mkdir()
    file.write_text("some text")
    value = {"snow": (file,), "cloud": (file,), "countries": str(file), "v1_geometries": file.parent}.get(name, file)
    chosen = replace(inputs, **{name: value})
    before = chosen.parameters()
    assert chosen.parameters() == before
    assert file in chosen.files()
    file.write_text("some text, and more")
    longer = chosen.parameters()
    assert longer != before
    state = file.stat()
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    assert chosen.parameters() != longer


def test_a_further_scene_is_noticed(
    inputs: BuildInputs, write_scene: Callable[..., None], decibels: Callable[..., np.ndarray], tmp_path: Path
):
    """Tiles before and after would else take partners by different rules."""
    write_scene(tmp_path / "scenes", SCENE, decibels(10))
    chosen = replace(inputs, s1_scenes=tmp_path / "scenes")
    before = chosen.parameters()
    write_scene(tmp_path / "scenes", SCENE.replace("0613", "0614"), decibels(10))
    assert chosen.parameters() != before


def test_another_elevation_model_is_another_build(inputs: BuildInputs, tmp_path: Path):
    (tmp_path / "dem").mkdir()
    (tmp_path / "dem" / "a.tif").write_bytes(b"1")
    chosen = replace(inputs, s1_dem=tmp_path / "dem")
    before = chosen.parameters()
    (tmp_path / "dem" / "a.tif").write_bytes(b"12")
    assert chosen.parameters() != before
