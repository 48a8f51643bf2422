"""Whatever a file from outside holds, reading it gives a value or a `RebenError` of a moderate length.

Every parser gets whole files that were changed in some places, and files of its format with any content. By default a
second or two per parser, always the same examples; REBEN_TEST_FUZZ=100 tries a hundred times as many, always others.
"""

import io
import json
import os
import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
import torch
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from reben.acquire.archives import unpack
from reben.acquire.folder import Place
from reben.acquire.products import CatalogueProduct, parse_product, read_names, read_products
from reben.acquire.query import read_area
from reben.construct.land_cover.polygons import find_layer
from reben.construct.v1_lists import read_names as read_v1_names
from reben.construct.v1_lists import read_s1_pairs
from reben.core.errors import RebenError
from reben.encode.custom import read_specification
from reben.encode.engine import read_result
from reben.io.dataset.legends import legend_of_tables
from reben.io.dataset.metadata import first_patch, read_metadata
from reben.io.dataset.statistics import read_statistics
from reben.io.dataset.tile_extents import read_tile_extents
from reben.io.legend_files import read_legend
from reben.io.safe.angles import read_angles
from reben.io.safe.l1c import open_l1c
from reben.io.safe.l2a import open_product
from reben.io.store import open_store
from reben.io.store.checksums import read_checksums
from reben.io.store.values import parse_header
from reben.io.tiff.geotiff import read_pixels
from reben.io.tile_bands import read_tile_band
from reben.io.v1_geometries import read_v1_geometries
from reben.learn.models.weights import load_model
from reben.learn.retrieval.embeddings import read_embeddings
from reben.learn.training.checkpoints import SafetensorsCheckpointIO
from reben.learn.training.recipe_files import compose_recipe
from reben.pipeline.configuration import read_configuration
from reben.pipeline.example import example
from reben.rules.country import read_countries

_TIMES = float(os.environ.get("REBEN_TEST_FUZZ", "1"))
_LONGEST = 800

Read = Callable[[Path], object]

L1C = "S2A_MSIL1C_20170613T101031_N0205_R022_T33UUP_20170613T101608"
UUID = "b5ae2fb5-93f1-5b4a-9e7c-0a3f4e7d8a10"
LEGEND = """name = "Mine"
code_column = "code"
crs = "EPSG:25833"
no_polygon = 0
[[codes]]
code = 10
name = "Beech"
colour = "#80ff00"
class = "Forest"
"""
SPECIFICATION = """name = "mine"
[[parts]]
name = "images"
files = "<sample>.tif"
bands = ["B02", "B03"]
dtype = "uint16"
size = 120
"""
AREA = json.dumps(
    {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": {
        "type": "Polygon", "coordinates": [[[10, 50], [11, 50], [11, 51], [10, 50]]]}}]}
)  # fmt: skip
ENTRY = {
    "Id": UUID, "Name": f"{L1C}.SAFE", "ContentLength": 12, "Online": True,
    "Checksum": [{"Algorithm": "MD5", "Value": "0" * 32}], "ContentDate": {"Start": "2017-06-13T10:10:31.026Z"},
    "Attributes": [{"Name": "cloudCover", "Value": 5.25}],
}  # fmt: skip
CONFIG = {"timm_model_name": "test_resnet", "channels": 2, "classes": 19, "image_size": 32, "bands": ["VV", "VH"],
          "mean": [1, 2], "std": [1, 1]}  # fmt: skip
REPORT = {
    "parameters": {"patch_size_m": 1200}, "values": {"images": 3}, "skipped": {"a": "b"}, "sources": ["/a"],
    "shards": 3,
    "bands": {"B02": {"mean": 1, "std": 2}},
    "tiles": {"T33UUP": {"ground": {"crs": "EPSG:32633", "ulx_m": 1, "uly_m": 2, "side_m": 3}}},
}  # fmt: skip


@dataclass(frozen=True)
class Format:
    """A kind of file."""

    name: str
    """With its ending."""
    read: Read
    seeds: tuple[bytes, ...]
    dump: Callable[[Any], bytes] | None = None
    """Any value as a file of this format."""


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


def as_yaml(value: Any) -> bytes:
    return yaml.safe_dump(value).encode("utf-8", "surrogatepass")


def as_csv(value: Any) -> bytes:
    rows = value if isinstance(value, list) else [value]
    cells = (row if isinstance(row, list) else [row] for row in rows)
    return "\n".join(",".join(map(str, row)) for row in cells).encode("utf-8", "surrogatepass")


def read_list(path: Path) -> None:
    product = CatalogueProduct(f"{L1C}.SAFE", UUID)
    place = Place.of(product, path.parent)
    path.rename(place.list)
    place.read_list()


def read_entry(path: Path) -> None:
    parse_product(json.loads(path.read_bytes()))


def read_report(path: Path) -> None:
    path.rename(path.with_name("encode-report.json"))
    read_result(path.parent)


def read_shards(path: Path) -> None:
    (path.parent / "shard-00000").mkdir()
    open_store(path.parent)


def unpack_it(path: Path) -> None:
    unpack(path, path.parent / f"{L1C}.SAFE")


def read_model(path: Path) -> None:
    (path.parent / "model.safetensors").write_bytes(b"")
    load_model(path.parent)


TEXTS = [
    Format("names.csv", read_names, (f"name,id\n{L1C},\n".encode(), f"{L1C}\r\n".encode("utf-16")), as_csv),
    Format("products.csv", read_products, (f"name;id;size;cloud\n{L1C};{UUID};12;3,5\n".encode(),), as_csv),
    Format("area.geojson", read_area, (AREA.encode(),), as_json),
    Format("entry.json", read_entry, (), as_json),
    Format("legend.toml", read_legend, (LEGEND.encode(),)),
    Format("specification.toml", read_specification, (SPECIFICATION.encode(),)),
    Format("pipeline.yaml", read_configuration, (example().encode(),), as_yaml),
    Format("recipe.yaml", lambda path: compose_recipe(file=path), (b"epochs: 3\nbands: [B02, VV]\n",), as_yaml),
    Format("tiles.csv", read_tile_extents, (b"tile,crs,ulx_m,uly_m\nT33UUP,EPSG:32633,1,2\n",), as_csv),
    Format("tiles.json", read_tile_extents, (as_json(REPORT),), as_json),
    Format("snow.csv", lambda path: read_v1_names([path]), (b"S2A_MSIL2A_20170613T101031_0_45\n",), as_csv),
    Format("pairs.csv", read_s1_pairs, (b"S2A_MSIL2A_20170613T101031_0_45,S1A_IW_GRDH_1\n",), as_csv),
    Format("statistics.json", read_statistics, (as_json(REPORT),), as_json),
    Format("report.json", read_report, (as_json(REPORT),), as_json),
    Format("shards.json", read_shards, (as_json(REPORT),), as_json),
    Format("files.json", read_list, (as_json({"a/b": [1, 2]}),), as_json),
    Format("config.json", read_model, (as_json(CONFIG),), as_json),
]

WORDS = [
    b"\0", b"-", b"nan", b"1e999", b"9" * 50, b"9" * 5_000, b"[", b"{", b"[" * 2_000, b'"', b"'", b"\n", b":", b"&a",
    b"*a", b"<<", b"\xff", b"%", b"..", b"/", b"\x1b[31m", "\u202e".encode(), b"<", b"&lt;", b"]]>", b"=", b",", b";",
    b"\t", b"0x", b"-1",
]  # fmt: skip


def changes(seeds: tuple[bytes, ...]) -> st.SearchStrategy[bytes]:
    """Files with some bytes removed, doubled, or replaced by what parsers do not like."""
    place = st.floats(0, 1, exclude_max=True)
    change = st.tuples(place, st.integers(0, 40), st.sampled_from(WORDS) | st.binary(max_size=8))
    return st.tuples(st.sampled_from(seeds), st.lists(change, max_size=6), st.none() | place).map(_changed)


def _changed(drawn: tuple[bytes, list[tuple[float, int, bytes]], float | None]) -> bytes:
    content, edits, end = drawn
    for where, removed, put in edits:
        start = int(where * len(content))
        content = content[:start] + put + content[start + removed :]
    return content if end is None else content[: int(end * len(content))]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([10**60, -(2**80)]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def values_like(draw: st.DrawFn, seed: Any) -> Any:
    """A value of the usual form with some part of it replaced by anything."""
    if draw(st.integers(0, 5)) == 0:
        return draw(VALUES)
    if isinstance(seed, dict):
        return {name: draw(values_like(value)) for name, value in seed.items() if draw(st.integers(0, 15))}
    if isinstance(seed, list):
        return [draw(values_like(value)) for value in seed]
    return seed


def files_of(kind: Format) -> st.SearchStrategy[bytes]:
    found = [changes(kind.seeds)] if kind.seeds else []
    if kind.dump is not None:
        likes = [VALUES, values_like(ENTRY), values_like(REPORT), values_like(CONFIG), values_like(json.loads(AREA))]
        found.append(st.one_of(likes).map(kind.dump))
    return st.one_of(found)


def examples(usual: int) -> settings:
    return settings(
        max_examples=int(usual * _TIMES), deadline=None, derandomize=_TIMES == 1, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip


def expect_no_other_error(read: Read, name: str, content: bytes) -> None:
    """Read a file; only errors of ours may come, and short ones."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # GDAL's, of damaged files
        path = Path(folder) / name
        path.write_bytes(content)
        said = ""
        try:
            read(path)
        except RebenError as error:
            said = str(error)
        assert len(said) <= _LONGEST
        assert said.isprintable() or "\N{NO-BREAK SPACE}" in said or not any(ord(letter) < 32 for letter in said)


@pytest.mark.parametrize("kind", TEXTS, ids=lambda kind: kind.name)
def test_small_texts(kind: Format):
    @examples(200)
    @given(files_of(kind))
    def check(content: bytes) -> None:
        expect_no_other_error(kind.read, kind.name, content)

    check()


def raster(driver: str, ending: str) -> bytes:
    from rasterio.io import MemoryFile  # noqa: PLC0415
    from rasterio.transform import from_origin  # noqa: PLC0415

    pixels = np.arange(900, dtype=np.uint16).reshape(30, 30)
    with MemoryFile(ext=ending) as memory:
        with memory.open(
            driver=driver, width=30, height=30, count=1, dtype="uint16", crs="EPSG:32633",
            transform=from_origin(300_000, 5_400_000, 20, 20),
        ) as file:  # fmt: skip
            file.write(pixels, 1)
        return bytes(memory.read())


def packed(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder.parent))
    return buffer.getvalue()


def tensors() -> bytes:
    return save({"B02": np.zeros((4, 4), np.uint16), "VV": np.zeros((2, 2), np.float32)})


def read_checkpoint(path: Path) -> None:
    SafetensorsCheckpointIO().load_checkpoint(path)


def whole_checkpoint() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoint"
        SafetensorsCheckpointIO().save_checkpoint({"epoch": 3, "state": [torch.zeros(2), {"a": (1, None)}]}, path)
        return path.read_bytes()


BINARY: dict[str, tuple[Read, Callable[[], bytes], int]] = {
    "a.tif": (read_pixels, lambda: raster("GTiff", ".tif"), 200),
    "a.jp2": (lambda path: read_tile_band(str(path), 20), lambda: raster("JP2OpenJPEG", ".jp2"), 100),
    "value": (lambda path: parse_header(path.read_bytes()), tensors, 200),
    "checkpoint": (read_checkpoint, whole_checkpoint, 60),
    "checksums.bin": (lambda path: read_checksums(path.parent, 3), lambda: b"RBCRC32\n" + bytes(range(12)), 60),
}


@pytest.mark.parametrize("name", BINARY)
def test_binary_files(name: str):
    read, make, usual = BINARY[name]

    @examples(usual)
    @given(changes((make(),)))
    def check(content: bytes) -> None:
        expect_no_other_error(read, name, content)

    check()


def test_tables(tiny_dataset, shared_data: Path):
    geometries = sorted((shared_data / "published").glob("**/*v1*spatial*.parquet"))[:1]
    seeds = (tiny_dataset.metadata.read_bytes(), *(path.read_bytes()[:200_000] for path in geometries))

    def read(path: Path) -> None:
        readers = (
            read_metadata,
            first_patch,
            lambda path: legend_of_tables([path]),
            read_embeddings,
            lambda path: read_v1_geometries(path.parent),
        )
        for one in readers:
            try:
                one(path)
            except RebenError as error:
                assert len(str(error)) <= _LONGEST  # noqa: PT017 - both ends are fine

    @examples(80)
    @given(changes(seeds))
    def check(content: bytes) -> None:
        expect_no_other_error(read, "table.parquet", content)

    check()


def test_polygons(small_land_cover: Path):
    @examples(60)
    @given(changes((small_land_cover.read_bytes(), AREA.encode())))
    def check(content: bytes) -> None:
        for name in ("land.gpkg", "land.geojson"):
            expect_no_other_error(find_layer, name, content)
            expect_no_other_error(read_countries, name, content)

    check()


def test_geoparquet(tmp_path: Path):
    frame = geopandas.GeoDataFrame({"Code_18": ["311"]}, geometry=[shapely.box(0, 0, 1, 1)], crs="EPSG:3035")
    frame.to_parquet(tmp_path / "land.parquet")

    @examples(80)
    @given(changes(((tmp_path / "land.parquet").read_bytes(),)))
    def check(content: bytes) -> None:
        expect_no_other_error(find_layer, "land.parquet", content)

    check()


def test_metadata_of_products(small_l1c, make_product: Callable[..., Path], tmp_path: Path):
    l2a = make_product(tmp_path, "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP")
    l1c = Path(shutil.copytree(small_l1c.path, tmp_path / small_l1c.path.name))
    (tile,) = l1c.glob("GRANULE/*/MTD_TL.xml")
    for product, file, read in (
        (l2a, l2a / "MTD_MSIL2A.xml", open_product),
        (l1c, l1c / "MTD_MSIL1C.xml", open_l1c),
        (l1c, tile, lambda path: read_angles(path, open_l1c(path).tile_metadata)),
    ):
        original = file.read_bytes()
        _try_metadata(product, file, read)
        file.write_bytes(original)


def _try_metadata(product: Path, file: Path, read: Read) -> None:
    @examples(60)
    @given(changes((file.read_bytes(),)))
    def check(content: bytes) -> None:
        file.write_bytes(content)
        expect_no_other_error(lambda _: read(product), "unused", b"")

    check()


def test_zip_files(make_product: Callable[..., Path], tmp_path: Path):
    product = make_product(tmp_path, "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP")
    named = tmp_path / f"{L1C}.SAFE"
    named.mkdir()
    (named / "manifest.safe").write_text("x" * 500)

    @examples(80)
    @given(changes((packed(named),)))
    def check(content: bytes) -> None:
        expect_no_other_error(unpack_it, f"{L1C}.zip", content)

    @examples(40)
    @given(changes((packed(product),)))
    def check_product(content: bytes) -> None:
        expect_no_other_error(open_product, f"{product.stem}.zip", content)

    check()
    check_product()
