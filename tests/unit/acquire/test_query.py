from datetime import date

import pytest

from reben.acquire.query import ProductKind, Query
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
