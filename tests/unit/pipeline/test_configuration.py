from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from reben.acquire.options import SearchOptions
from reben.acquire.query import ProductKind
from reben.core.errors import PipelineError
from reben.pipeline.configuration import Configuration, Correction, Encoding, read_configuration

BUILD = {"clc": "clc.gpkg"}
STAC = {"stac": "https://catalogue.example/v1", "collection": "sentinel-2-l2a", "tile": "33UUP"}
SCENES = {"stac": "https://catalogue.example/v1", "collection": "sentinel-1-rtc", "area": "area.geojson"}
MINIMAL: dict[str, Any] = {"output": "out", "l2a": ["L2A"], "build": BUILD}


def read(folder: Path, value: object) -> Configuration:
    text = value if isinstance(value, str) else yaml.safe_dump(value)
    (folder / "area.yaml").write_text(text)
    return read_configuration(folder / "area.yaml")


def test_paths_are_relative_to_the_file(tmp_path: Path):
    given = {**MINIMAL, "build": BUILD | {"snow": ["a.csv", "/elsewhere/b.csv"]}}
    configuration = read(tmp_path, given)
    assert configuration.output == tmp_path / "out"
    assert configuration.l2a == (tmp_path / "L2A",)
    assert configuration.build.clc == tmp_path / "clc.gpkg"
    assert configuration.build.snow == (tmp_path / "a.csv", Path("/elsewhere/b.csv"))


def test_skip_is_a_word(tmp_path: Path):
    configuration = read(tmp_path, {**MINIMAL, "correct": "skip", "encode": "skip"})
    assert configuration.correct is not None
    assert configuration.correct.skip
    same = read(tmp_path, {**MINIMAL, "correct": {"engine": "skip"}, "encode": "skip"})
    assert same == configuration
    assert configuration.encode == Encoding(skip=True)
    assert read(tmp_path, {**MINIMAL, "encode": None}).encode == Encoding()


OLD = """
output: area
search: {names: [A], names_file: names.csv, reben: true, type: L1C, from: 2017-06-01, to: 2017-06-30, cloud: 10}
download: {parallel: 2}
correct: {engine: 6s, sen2cor: s, dem: d, adjacency_range: 0, time_limit_h: 1, workers: 2, threads: 1, checksums: false}
build:
  {clc: c, legend: l, s1_scenes: s, s1_unit: linear, s1_dir: d, s1_pairs: p, v1_geometries: v, snow: [a], cloud: [b],
  countries: all, patch_size: 600, min_labelled: 0.5, p: 0.1, q: 0.2, unpaired: keep, keep_raw: true, format: store,
  workers: 2, threads: 1, checksums: false}
encode: {skip: false, shards: 2, workers: 1}
on_error: skip
"""
"""All keys of the first version; files that have them must be read for ever."""


def test_files_of_before_are_read(tmp_path: Path):
    found = read(tmp_path, OLD).model_dump(mode="json", by_alias=True, exclude_unset=True)
    given = yaml.safe_load(OLD)
    for section in ("search", "download", "correct", "build", "encode"):
        assert set(found[section]) == set(given[section])
    assert found["build"]["patch_size"] == 600
    assert found["correct"]["time_limit_h"] == 1


def test_what_happens_after_an_error_is_passed_on(tmp_path: Path):
    given = {**MINIMAL, "on_error": "skip", "build": BUILD, "encode": {"on_error": "stop"}}
    configuration = read(tmp_path, given)
    settled = configuration.settled()
    assert (settled.build.on_error, settled.encode.on_error) == ("skip", "stop")
    assert settled.correct is None
    of_l1c = read(tmp_path, {"output": "out", "l1c": ["L1C"], "build": BUILD, "on_error": "skip"}).settled()
    assert of_l1c.correct == Correction(on_error="skip")


def test_products_are_always_unpacked(tmp_path: Path):
    assert read(tmp_path, MINIMAL).download.unpack
    with pytest.raises(PipelineError, match=r"download\.unpack"):
        read(tmp_path, {**MINIMAL, "download": {"unpack": False}})


def test_which_products_are_corrected_already(tmp_path: Path):
    names = {"names": ["A"]}
    searched = read(tmp_path, {"output": "o", "build": BUILD, "search": names})
    assert not searched.gives_l2a
    assert searched.search is not None
    assert searched.search.type is ProductKind.l1c
    assert read(tmp_path, {"output": "o", "build": BUILD, "search": {**names, "type": "L2A"}}).gives_l2a
    assert read(tmp_path, MINIMAL).gives_l2a


@pytest.mark.parametrize(
    ("changes", "message", "hint"),
    [
        ({"colour": 1}, "colour: there is no such key", "a configuration has the keys output, search, search_s1"),
        ({"build": BUILD | {"clcc": "x"}}, "build.clcc: there is no such key", "build has the keys clc, legend"),
        ({"l2a": [], "search": {"tyle": "33UUP"}}, "search.tyle: there is no such key", "tile, area, from, to"),
        ({"correct": {"engin": "6s"}}, "correct.engin: there is no such key", "correct has the keys engine"),
        ({"encode": {"shard": 1}}, "encode.shard: there is no such key", "encode has the keys shards, workers"),
        ({"build": {}}, "build.clc is missing", "--example"),
        ({"output": None}, "output: ", ""),
        ({"l1c": ["L1C"]}, "exactly one of search, l1c and l2a", ""),
        ({"l2a": []}, "exactly one of search, l1c and l2a", ""),
        ({"correct": {"engine": "6s"}}, "need no correction", ""),
        ({"l2a": [], "l1c": ["x"], "correct": "skip"}, "correct: skip needs L2A", ""),
        ({"l2a": [], "search": {}}, "search: give names", ""),
        ({"l2a": [], "search": {"names": ["A"], "tile": "33UUP"}}, "search: give names", ""),
        ({"l2a": [], "search": {"area": "a.geojson", "type": "GRD"}}, "Sentinel-2", ""),
        ({"l2a": [], "search": STAC | {"collection": ""}}, "stac and collection belong together", ""),
        ({"l2a": [], "search": STAC | {"tile": "", "names": ["A"]}}, "searched by place", ""),
        ({"l2a": [], "search": STAC | {"collection": "sentinel-1-rtc"}}, "builds from Sentinel-2 products", ""),
        ({"l2a": [], "search": STAC, "correct": {"engine": "6s"}}, "need no correction", ""),
        ({"search_s1": STAC}, "search_s1: give stac, and a collection of Sentinel-1", ""),
        ({"search_s1": {"stac": "https://x", "collection": "sentinel-1-rtc"}}, "search_s1: give a place", ""),
        ({"search_s1": SCENES, "build": BUILD | {"s1_scenes": "s1"}}, "leave build.s1_scenes", ""),
        ({"download": {"parallel": 5}}, "download.parallel: 5 should be less than or equal to 4", ""),
        ({"build": BUILD | {"workers": 0}}, "build.workers: 0 should be greater than or equal to 1", ""),
        ({"build": BUILD | {"p": float("nan")}}, "build.p: ", ""),
        ({"on_error": "pray"}, "on_error: 'pray' should be 'stop' or 'skip'", ""),
        ({"encode": "maybe"}, "encode: ", ""),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], message: str, hint: str, tmp_path: Path):
    with pytest.raises(PipelineError) as caught:
        read(tmp_path, MINIMAL | changes)
    assert message in str(caught.value)
    assert hint in caught.value.hint


@pytest.mark.parametrize("text", ["", "- 1", "a: [", "\t", "!!python/object/apply:os.system [true]", "a: \x01"])
def test_what_is_no_configuration(text: str, tmp_path: Path):
    with pytest.raises(PipelineError):
        read(tmp_path, text)


def test_files_that_cannot_be_read(tmp_path: Path):
    with pytest.raises(PipelineError, match="No such file"):
        read_configuration(tmp_path / "missing.yaml")
    (tmp_path / "huge.yaml").write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(PipelineError, match="more than"):
        read_configuration(tmp_path / "huge.yaml")


def test_scenes_are_searched_where_and_when_products_are(tmp_path: Path):
    place = {"area": "area.geojson", "from": "2024-01-01", "to": "2024-12-31", "cloud": 10}
    scenes = {"stac": "https://catalogue.example/v1", "collection": "sentinel-1-rtc"}
    found = read(tmp_path, {"output": "o", "build": BUILD, "search": STAC | place, "search_s1": scenes})
    assert found.gives_l2a
    assert found.search_s1 is not None
    assert found.search_s1.place == SearchOptions(
        tile="33UUP", area=tmp_path / "area.geojson", first=date(2024, 1, 1), last=date(2024, 12, 31)
    )
    own = scenes | {"tile": "33UVP", "to": "2024-06-30"}
    found = read(tmp_path, {"output": "o", "build": BUILD, "search": STAC | place, "search_s1": own})
    assert found.search_s1 is not None
    assert found.search_s1.place == SearchOptions(tile="33UVP", first=date(2024, 1, 1), last=date(2024, 6, 30))
