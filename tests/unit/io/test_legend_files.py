import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely

from reben.construct.build import build
from reben.construct.inputs import BuildInputs
from reben.construct.options import BuildOptions
from reben.construct.plan import plan_build
from reben.core.classes import CLC2018, UNLABELLED
from reben.core.errors import LandCoverError, LegendError, MetadataError
from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.io.legend_files import CLC2018_FORMAT, LEGENDS, legend_file, read_legend
from reben.io.tiff.geotiff import read_band
from reben.work.processes import worker_pool

TILE = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"

GOOD = """
name = "My land cover"
code_column = "Code"
crs = "EPSG:32633"
no_polygon = 0
ignored_layers = ["_old"]

[[codes]]
code = 10
name = "Beech"
colour = "#80ff00"
class = "Forest"

[[codes]]
code = 11
name = "Spruce"
colour = "#00A600"
class = "Forest"

[[codes]]
code = 20
name = "Lake"
colour = "#80F2E6"
class = "Water"

[[codes]]
code = 30
name = "Quarry"
colour = "#A600CC"
"""


@pytest.fixture
def legend(tmp_path: Path) -> Path:
    """The file that the module describes, with some more codes."""
    path = tmp_path / "legend.toml"
    path.write_text(GOOD)
    return path


def test_a_legend(legend: Path):
    found = read_legend(legend)
    assert (found.code_column, found.crs, found.no_polygon, found.ignored_layers) == (
        "Code",
        "EPSG:32633",
        0,
        ("_old",),
    )
    assert found.legend.name == "My land cover"
    assert found.legend.class_names == ("Forest", "Water")
    assert found.legend.class_colours == ((0x80, 0xFF, 0x00), (0x80, 0xF2, 0xE6))
    codes = np.array([0, 10, 11, 20, 30], np.uint16)
    assert found.legend.class_map(codes).tolist() == [UNLABELLED, 0, 0, 1, UNLABELLED]


def test_ignored_layers_may_be_left_out_and_the_code_of_no_polygon_may_be_listed(legend: Path):
    text = GOOD.replace('ignored_layers = ["_old"]\n', "").replace("no_polygon = 0", "no_polygon = 30")
    legend.write_text(text)
    found = read_legend(legend)
    assert found.ignored_layers == ()
    assert [entry.code for entry in found.legend.entries] == [10, 11, 20, 30]


def test_the_example_in_the_description_is_a_legend(legend: Path):
    text = read_legend.__globals__["__doc__"].split("::\n")[1]
    legend.write_text("\n".join(line.strip() for line in text.splitlines()))
    assert read_legend(legend).legend.class_names == ("Forest",)


def test_clc2018():
    assert CLC2018_FORMAT.legend is CLC2018
    assert (CLC2018_FORMAT.crs, CLC2018_FORMAT.no_polygon) == ("EPSG:3035", 999)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("no_polygon = 0", "no_polygon = 0\ncolour = 1", r"colour: Extra inputs are not permitted"),
        ('name = "Beech"', 'name = "Beech"\nshade = 1', r"codes\.0\.shade: Extra inputs are not permitted"),
        ("no_polygon = 0\n", "", r"no_polygon: Field required"),
        ("code = 10", "code = 10.0", r"codes\.0\.code: Input should be a valid integer"),
        ("code = 10", "code = true", r"codes\.0\.code: Input should be a valid integer"),
        ("code = 10", "code = -1", r"codes\.0\.code: Input should be greater than or equal to 0"),
        ("code = 10", "code = 65536", r"codes\.0\.code: Input should be less than or equal to 65535"),
        ("no_polygon = 0", "no_polygon = 65536", r"no_polygon: Input should be less than or equal to 65535"),
        ('ignored_layers = ["_old"]', 'ignored_layers = "_old"', r"ignored_layers: Input should be a valid list"),
        ("#80ff00", "#80ff0", r"codes\.0\.colour: String should match pattern"),
        ("#80ff00", "green", r"codes\.0\.colour: String should match pattern"),
        ("#80ff00", "#80ff00\\n", r"codes\.0\.colour: String should match pattern"),
        ('class = "Water"', 'class = ""', r"codes\.2\.class: String should have at least 1 character"),
        ("EPSG:32633", "EPSG:99999999", r"crs 'EPSG:99999999' is unknown"),
        ("EPSG:32633", "", r"crs '' is unknown"),
        ("no_polygon = 0", "no_polygon = 10", r"no_polygon 10 is the code of class 'Forest'"),
        ("code = 11", "code = 10", r"code 10 occurs twice"),
        ('class = "Forest"', "", "Water"),
        ("name =", "name", r"cannot be read as a TOML file"),
        ("[[codes]]", "[codes]", r"cannot be read as a TOML file"),
    ],
)
def test_what_is_no_legend(legend: Path, old: str, new: str, message: str):
    assert old in GOOD
    legend.write_text(GOOD.replace(old, new))
    if message == "Water":  # a legend may have one class only
        assert read_legend(legend).legend.class_names == ("Water",)
        return
    with pytest.raises(LegendError, match=message) as caught:
        read_legend(legend)
    assert str(legend) in str(caught.value)
    assert caught.value.hint


def test_several_errors_are_named_at_once(legend: Path):
    legend.write_text(GOOD.replace("#80ff00", "green").replace("code = 20", "code = -20"))
    with pytest.raises(LegendError, match=r"codes\.0\.colour: .*; codes\.2\.code: "):
        read_legend(legend)


def test_no_code_and_no_class(legend: Path):
    head = GOOD[: GOOD.index("[[codes]]")]
    legend.write_text(head)
    with pytest.raises(LegendError, match="codes: Field required"):
        read_legend(legend)
    legend.write_text(head + "codes = []\n")
    with pytest.raises(LegendError, match="codes: List should have at least 1 item"):
        read_legend(legend)
    legend.write_text(GOOD.replace('class = "Forest"', "").replace('class = "Water"', ""))
    with pytest.raises(LegendError, match="no code belongs to a class"):
        read_legend(legend)


def test_unreadable_files(tmp_path: Path):
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"name = \xff\xfe")
    for path in (tmp_path, binary):
        with pytest.raises(LegendError, match="cannot be read as a TOML file") as caught:
            read_legend(path)
        assert str(path) in str(caught.value)


@pytest.fixture
def polygons(tmp_path: Path) -> Path:
    """Beeches with a lake on the ground of `make_product`; an older layer is to be ignored."""
    path = tmp_path / "polygons.gpkg"
    squares = [shapely.box(290_000, 5_390_000, 310_000, 5_410_000), shapely.box(302_000, 5_397_000, 303_000, 5_398_000)]
    for layer, codes in (("land_cover", [10, 20]), ("land_cover_OLD", [11, 30])):
        pyogrio.raw.write(
            path, shapely.to_wkb(np.array(squares)), [np.array(codes, np.int32)], fields=np.array(["CODE"]),
            layer=layer, crs="EPSG:32633", geometry_type="Polygon", append=path.exists(),
        )  # fmt: skip
    return path


def build_with(inputs: BuildInputs, target: Path) -> None:
    with worker_pool(1) as executor:
        build(plan_build(inputs.l2a), inputs, target, executor=executor)


def test_a_data_set_with_another_legend(
    make_product: Callable[..., Path], legend: Path, polygons: Path, tmp_path: Path
):
    product = make_product(tmp_path, TILE)
    build_with(BuildInputs((product,), BuildOptions(clc=polygons, legend=legend)), tmp_path / "dataset")
    paths = DatasetPaths(tmp_path / "dataset")
    assert paths.legend.read_bytes() == legend.read_bytes()
    found = read_legend(paths.legend).legend
    rows = read_metadata(paths.metadata, legend=found).to_pylist()
    assert len(rows) == 15
    assert {tuple(row["labels"]) for row in rows} == {("Forest",), ("Forest", "Water")}
    codes = read_band(next(paths.reference_maps.glob(f"*/{TILE}_02_02/*.tif")))
    assert set(np.unique(codes).tolist()) == {10, 20}
    report = json.loads(paths.report.read_text())
    assert report["parameters"]["legend"] == str(legend)
    assert str(legend) in report["inputs"]
    assert report["kept_per_label"]["Forest"] == 15
    with pytest.raises(MetadataError, match="'Forest' is not a class of CLC2018"):
        read_metadata(paths.metadata)


def test_polygons_that_do_not_fit_the_legend(
    make_product: Callable[..., Path], legend: Path, polygons: Path, tmp_path: Path
):
    inputs = BuildInputs((make_product(tmp_path, TILE),), BuildOptions(clc=polygons, legend=legend))
    legend.write_text(GOOD.replace("code = 20", "code = 21"))
    with pytest.raises(LandCoverError, match=r"column CODE: '?20'? is not a code of legend My land cover"):
        build_with(inputs, tmp_path / "dataset")
    legend.write_text(GOOD.replace("EPSG:32633", "EPSG:25833"))
    inputs.load()  # the file itself says its CRS
    legend.write_text(GOOD.replace('["_old"]', "[]"))
    with pytest.raises(LandCoverError, match="2 layers have a column Code; expected one"):
        inputs.load()


def test_codes_of_two_kinds_and_texts_given_twice(legend: Path):
    content = legend.read_text()
    legend.write_text(content.replace("code = 10", 'code = "BE"'))
    with pytest.raises(LegendError, match="some codes are numbers, some are texts"):
        read_legend(legend)
    numbers = ("10", "11", "20", "30")
    texts = content
    for number in numbers:
        texts = texts.replace(f"code = {number}\n", f'code = "T{number}"\n')
    legend.write_text(texts)
    found = read_legend(legend)
    assert [found.codes[f"T{number}"] for number in numbers] == [1, 2, 3, 4]
    assert found.legend.class_names == ("Forest", "Water")
    legend.write_text(texts.replace('"T11"', '"T10"'))
    with pytest.raises(LegendError, match="given twice"):
        read_legend(legend)
    legend.write_text(texts.replace("no_polygon = 0", "no_polygon = 3"))
    with pytest.raises(LegendError, match=r"class 'Water' \(texts are numbered as they are listed, from 1\)"):
        read_legend(legend)


@pytest.mark.usefixtures("example_plugin")
def test_legends_have_names(tmp_path: Path):
    assert legend_file(None) is legend_file("clc2018") is legend_file(Path("CLC2018")) is None
    assert read_legend(legend_file("example-crops")).legend.class_names == ("Cereals", "Oil plants")
    assert legend_file(tmp_path / "mine.toml") == tmp_path / "mine.toml"
    with pytest.raises(LegendError, match="no legend is called so") as caught:
        read_legend(legend_file("example-corps"))
    assert "from-glc10, example-crops" in caught.value.hint


@pytest.mark.usefixtures("example_plugin")
def test_the_options_of_a_build_take_names():
    crops = BuildOptions(clc="c.gpkg", legend="example-crops").legend
    assert crops is not None
    assert crops.name == "crops.toml"
    assert BuildOptions(clc="c.gpkg", legend="clc2018").legend is None


@pytest.mark.parametrize("name", LEGENDS.own)
def test_the_legends_of_this_package(name: str):
    found = read_legend(LEGENDS[name])
    assert len(found.legend.class_names) >= 7
    assert len(set(found.legend.class_colours)) > len(found.legend.class_names) * 0.8
    assert found.no_polygon in {entry.code for entry in found.legend.entries}
    assert "source = " in LEGENDS[name].read_text()
