import json
from pathlib import Path

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reben.acquire.area import read_area
from reben.core.errors import CatalogueError

SQUARE = [[13.0, 52.0], [14.0, 52.0], [14.0, 53.0], [13.0, 53.0], [13.0, 52.0]]
OTHER = [[x + 5, y] for x, y in SQUARE]


def write(folder: Path, value: object) -> Path:
    (folder / "area.geojson").write_text(json.dumps(value))
    return folder / "area.geojson"


@pytest.mark.parametrize(
    "value",
    [
        {"type": "MultiPolygon", "coordinates": [[SQUARE], [OTHER]]},
        {
            "type": "GeometryCollection",
            "geometries": [{"type": "Polygon", "coordinates": [r]} for r in (SQUARE, OTHER)],
        },
        {
            "type": "FeatureCollection",
            "features": [
                {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [r]}} for r in (SQUARE, OTHER)
            ],
        },
    ],
)
def test_all_forms_of_polygons_are_read(value: object, tmp_path: Path):
    first, second = map(shapely.from_wkt, read_area(write(tmp_path, value)))
    assert first.equals(shapely.Polygon(SQUARE))
    assert second.equals(shapely.Polygon(OTHER))


def test_an_outline_with_many_points_is_thinned_and_still_covers_all(tmp_path: Path):
    star = shapely.union_all([shapely.Point(10, 50).buffer(1, quad_segs=500), shapely.box(9, 49, 10, 52)])
    (text,) = read_area(write(tmp_path, json.loads(shapely.to_geojson(star))))
    assert len(text) < 4000
    assert shapely.covers(shapely.from_wkt(text).buffer(1e-5), star)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "cannot be read"),
        ({"type": "Point", "coordinates": [1, 2]}, "has 0 polygons"),
        ({"type": "FeatureCollection"}, "cannot be read"),
        ({"type": "Polygon", "coordinates": [[[1e6, 0], [1e6, 1], [1e6 + 1, 1], [1e6, 0]]]}, "longitude|spans"),
        ({"type": "Polygon", "coordinates": [["a", "b"]]}, "cannot be read"),
        ({"type": "Nothing"}, "cannot be read"),
    ],
)
def test_what_is_no_area(value: object, message: str, tmp_path: Path):
    with pytest.raises(CatalogueError, match=message):
        read_area(write(tmp_path, value))


def test_files_that_cannot_be_read(tmp_path: Path):
    with pytest.raises(CatalogueError, match="No such file"):
        read_area(tmp_path / "missing.geojson")
    (tmp_path / "binary").write_bytes(b"\xff\xfe{")
    with pytest.raises(CatalogueError, match="cannot be read"):
        read_area(tmp_path / "binary")
    (tmp_path / "huge").write_bytes(b" " * (1 << 22) + b"{}")
    with pytest.raises(CatalogueError, match="more than"):
        read_area(tmp_path / "huge")


KINDS = ["Polygon", "MultiPolygon", "Feature", "FeatureCollection", "GeometryCollection", "Point"]
NESTED = st.recursive(st.floats() | st.none() | st.text(max_size=2), lambda inner: st.lists(inner, max_size=5))
OBJECTS = st.recursive(
    st.fixed_dictionaries({"type": st.sampled_from(KINDS), "coordinates": NESTED}),
    lambda inner: st.fixed_dictionaries(
        {"type": st.sampled_from(KINDS), "geometry": inner, "features": st.lists(inner), "geometries": st.lists(inner)}
    ),
    max_leaves=3,
)


@given(OBJECTS | NESTED)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_anything_is_an_area_or_refused(tmp_path: Path, value: object):
    try:
        polygons = read_area(write(tmp_path, value))
    except CatalogueError:
        return
    assert all(text.startswith("POLYGON") for text in polygons)
