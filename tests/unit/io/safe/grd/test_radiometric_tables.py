from pathlib import Path

import numpy as np
import pytest
from defusedxml.ElementTree import fromstring, parse

from reben.core.errors import ProductError
from reben.io.safe.grd.radiometric_tables import Table, Vector, parse_calibration, parse_noise


def real(shared_data: Path, kind: str):
    (file,) = (shared_data / "s1_grd").glob(f"*.SAFE/annotation/calibration/{kind}-*.xml")
    return parse(file).getroot()


def test_real_factors_of_calibration(shared_data: Path):
    table = parse_calibration("it", real(shared_data, "calibration"))
    assert len(table.vectors) == 27
    assert table.on(np.array([0.0]), np.array([0.0, 20.0, 40.0])) == pytest.approx(
        np.array([[663.8558, (663.8558 + 663.5805) / 2, 663.5805]])
    )


def test_real_thermal_noise_is_the_product_of_both_vectors(shared_data: Path):
    noise = parse_noise("it", real(shared_data, "noise"))
    assert noise.is_known
    assert len(noise.along_azimuth) == 3
    assert noise.on(np.array([0.0, 10.0]), np.array([0.0, 40.0])) == pytest.approx(
        np.array([[2375.788 * 1.091791, 2330.880 * 1.091791], [2375.788 * 1.094198, 2330.880 * 1.094198]]), rel=2e-3
    )


def test_between_vectors_values_are_linear_and_beyond_constant():
    pixels = np.array([0.0, 100.0])
    table = Table((Vector(0, pixels, np.array([1.0, 2.0])), Vector(10, pixels, np.array([3.0, 4.0]))))
    found = table.on(np.array([-5.0, 0.0, 5.0, 10.0, 20.0]), np.array([0.0, 50.0, 100.0]))
    assert found[:, 0].tolist() == [1, 1, 2, 3, 3]
    assert found[2].tolist() == [2, 2.5, 3]
    assert Table(table.vectors[:1]).on(np.array([3.0]), np.array([25.0])).tolist() == [[1.25]]


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        ("<a/>", "has no calibrationVector"),
        ("<a><calibrationVector><line>0</line><pixel>0 9</pixel><sigmaNought>1</sigmaNought></calibrationVector></a>",
         "sigmaNought has 1 values at 2 places"),
        ("<a><calibrationVector><line>0</line><pixel>9 0</pixel><sigmaNought>1 1</sigmaNought></calibrationVector></a>",
         "in ascending order"),
        ("<a><calibrationVector><line>0</line><pixel>0 9</pixel><sigmaNought>1 0</sigmaNought></calibrationVector></a>",
         "not positive"),
        ("<a><calibrationVector><line>0</line><pixel>0 9</pixel><sigmaNought>1 x</sigmaNought></calibrationVector></a>",
         "are not numbers"),
        ("<a>" + 2 * "<calibrationVector><line>0</line><pixel>0 9</pixel><sigmaNought>1 1</sigmaNought>"
         "</calibrationVector>" + "</a>", "two calibrationVector of one line"),
    ],
)  # fmt: skip
def test_damaged_tables_are_refused(xml: str, message: str):
    with pytest.raises(ProductError, match=message):
        parse_calibration("it", fromstring(xml))


def test_noise_may_be_zero_but_not_negative():
    vector = "<a><noiseVector><line>0</line><pixel>0 9</pixel><noiseLut>{}</noiseLut></noiseVector></a>"
    assert not parse_noise("it", fromstring(vector.format("0 0"))).is_known
    with pytest.raises(ProductError, match="negative thermal noise"):
        parse_noise("it", fromstring(vector.format("0 -1")))
