import pytest

from reben.core.errors import GeocodingError
from reben.geocode.report import GeocodingReport, Parameters, read_report


def report(*, known: int, without_altitude: int = 0, hidden: int = 0) -> GeocodingReport:
    parameters = Parameters(
        products=["a"], orbit_files=[None], dem="dem.tif", above_ellipsoid=False, sea_level=False, mask_hidden=True,
        incidence=False,
    )  # fmt: skip
    return GeocodingReport(
        reben="0", scene="S1A", tile="33UUP", parameters=parameters, pixels=1_000, with_value={"VV": known, "VH": 990},
        without_altitude=without_altitude, hidden=hidden,
    )  # fmt: skip


def test_gaps_are_told_with_their_causes():
    assert report(known=990).gaps() == "S1A, 33UUP: 1.0% of the tile has no value (1.0% is not in the products)"
    assert report(known=900, without_altitude=60, hidden=40).gaps() == (
        "S1A, 33UUP: 10.0% of the tile has no value (6.0% has no altitude, 4.0% lies in layover or shadow)"
    )


def test_a_whole_tile_has_none():
    whole = report(known=1_000).model_copy(update={"with_value": {"VV": 1_000, "VH": 1_000}})
    assert whole.gaps() == ""


def test_a_report_is_read_as_it_was_written(tmp_path):
    written = report(known=900)
    (tmp_path / "geocoding.json").write_text(written.model_dump_json())
    assert read_report(tmp_path) == written
    (tmp_path / "geocoding.json").unlink()
    with pytest.raises(GeocodingError):
        read_report(tmp_path)
