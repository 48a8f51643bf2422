from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from defusedxml.ElementTree import fromstring, parse

from reben.core.errors import ProductError
from reben.io.safe.grd.annotation import parse_annotation, parse_time
from stand_ins.grd import Grd


def test_a_real_annotation(shared_data: Path):
    (file,) = (shared_data / "s1_grd").glob("*.SAFE/annotation/s1b*.xml")
    found = parse_annotation(str(file), parse(file).getroot())
    assert (found.mission, found.mode, found.product_type, found.polarisation) == ("S1B", "IW", "GRD", "VV")
    assert found.first_line == datetime(2021, 12, 23, 5, 11, 22, 594441, UTC)
    assert (found.lines, found.pixels, found.pixel_spacing_m) == (16_705, 26_102, 10)
    assert (found.orbit_number, found.data_take, found.noise_removed) == (30_148, "235923", False)
    assert found.line_interval_s == pytest.approx(1.49657e-3)
    assert found.vectors.positions_m.shape == (16, 3)
    assert found.vectors.times_s[0] == pytest.approx(-61.565141)
    assert np.linalg.norm(found.vectors.positions_m, axis=1) == pytest.approx(7.07e6, rel=0.01)
    assert found.ground_range.coefficients.shape == (28, 9)
    assert found.ground_range.origins_m[0] == pytest.approx(799_341.4445)


def generated() -> str:
    return Grd()._annotation("VV")


@pytest.mark.parametrize(
    ("part", "instead", "message"),
    [
        ("<numberOfLines>1000", "<numberOfLines>0", "numberOfLines is 0; expected a positive number"),
        ("<numberOfLines>1000", "<numberOfLines>1e9", "numberOfLines is 1e[+]09; expected at most 100,000"),
        ("<numberOfLines>1000", "<numberOfLines>many", "'many' are not numbers"),
        ("<numberOfLines>1000", "<numberOfLines>nan", "'nan' are not finite numbers"),
        ("<azimuthTimeInterval>", "<other>", "not finite numbers|not valid|numbers"),
        ("<productFirstLineUtcTime>2017", "<productFirstLineUtcTime>x", "is not a time"),
        ("<orbit>", "<track>", "0 state vectors of the orbit; expected 5 at least"),
        ("<srgrCoefficients>", "<none>", "polynomials to ground range are missing"),
    ],
)
def test_what_cannot_be_is_refused(part: str, instead: str, message: str):
    text = generated()
    assert part in text
    name, other = part.strip("<>").split(">")[0], instead.strip("<>").split(">")[0]
    text = text.replace(part, instead).replace(f"</{name}>", f"</{other}>")
    with pytest.raises(ProductError, match=message):
        parse_annotation("product: file", fromstring(text))


def test_two_state_vectors_of_one_time_are_refused():
    text = generated()
    first = text[text.index("<orbit>") : text.index("</orbit>") + len("</orbit>")]
    with pytest.raises(ProductError, match="14 state vectors"):
        parse_annotation("it", fromstring(text.replace(first, first + first)))


def test_times_are_read_in_all_forms():
    expected = datetime(2017, 6, 13, 16, 50, 43, tzinfo=UTC)
    assert parse_time("", "2017-06-13T16:50:43.000000") == parse_time("", "UTC=2017-06-13T16:50:43") == expected


def test_a_product_without_thermal_noise_says_so():
    text = replace(Grd(), noise_removed=True)._annotation("VH")
    found = parse_annotation("it", fromstring(text))
    assert found.noise_removed
    assert found.polarisation == "VH"
