import json
from datetime import date
from pathlib import Path

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reben.acquire.query import ProductKind, Query, read_area
from reben.core.errors import CatalogueError


def test_the_filter_has_the_service_s_own_form():
    (question,) = Query(tile="33UUP", start=date(2017, 6, 1), end=date(2017, 6, 30), cloud_pct=10).filters()
    assert question == (
        "Collection/Name eq 'SENTINEL-2' and Attributes/OData.CSC.StringAttribute/any(att:att/Name eq 'productType' "
        "and att/OData.CSC.StringAttribute/Value eq 'S2MSI1C') and Attributes/OData.CSC.StringAttribute/any("
        "att:att/Name eq 'tileId' and att/OData.CSC.StringAttribute/Value eq '33UUP') and "
        "Attributes/OData.CSC.DoubleAttribute/any(att:att/Name eq 'cloudCover' and "
        "att/OData.CSC.DoubleAttribute/Value le 10.00) and ContentDate/Start ge 2017-06-01T00:00:00.000Z and "
        "ContentDate/Start lt 2017-07-01T00:00:00.000Z"
    )


def test_each_area_is_a_question_of_its_own():
    questions = Query(ProductKind.grd, polygons=("POLYGON ((0 0, 1 0, 1 1, 0 0))", "POLYGON ((5 5, 6 5, 6 6, 5 5))"))
    first, second = questions.filters()
    assert first.endswith("Intersects(area=geography'SRID=4326;POLYGON ((0 0, 1 0, 1 1, 0 0))')")
    assert "POLYGON ((5 5" in second
    assert "Collection/Name eq 'SENTINEL-1'" in second


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "neither a tile nor an area"),
        ({"tile": "33UUP' or true"}, "not an MGRS tile"),
        ({"tile": "33IOP"}, "not an MGRS tile"),
        ({"tile": "33UUP", "start": date(2018, 1, 2), "end": date(2018, 1, 1)}, "before the first"),
        ({"tile": "33UUP", "cloud_pct": 101.0}, "not a share of clouds"),
        ({"tile": "33UUP", "cloud_pct": float("nan")}, "not a share of clouds"),
        ({"tile": "33UUP", "kind": ProductKind.grd}, "neither tiles nor clouds"),
    ],
)
def test_questions_that_cannot_be_asked(changes: dict[str, object], message: str):
    with pytest.raises(CatalogueError, match=message):
        Query(**changes)


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
