from pathlib import Path

import numpy as np
import pytest

from reben.core.bands import MSI_RESOLUTIONS_M
from reben.core.errors import ProductError
from reben.io.safe.angles import read_angles

PATH = Path("product.SAFE")


def grids(tag: str, zenith: str, azimuth: str, step: str = "5000") -> str:
    parts = "".join(
        f"<{name}><COL_STEP>{step}</COL_STEP><ROW_STEP>{step}</ROW_STEP><Values_List>"
        + "".join(f"<VALUES>{row}</VALUES>" for row in values.split(";"))
        + f"</Values_List></{name}>"
        for name, values in (("Zenith", zenith), ("Azimuth", azimuth))
    )
    return f"<{tag}>{parts}</{tag.split(maxsplit=1)[0]}>"


def metadata(
    sun: str = grids("Sun_Angles_Grid", "30 30;30 30", "90 90;180 180"),
    view: tuple[tuple[str, str], ...] = (("5 NaN;5 NaN", "100 NaN;100 NaN"), ("7 7;NaN NaN", "280 280;NaN NaN")),
    bands: int = len(MSI_RESOLUTIONS_M),
) -> bytes:
    views = "".join(
        grids(f'Viewing_Incidence_Angles_Grids bandId="{band}" detectorId="{number}"', *pair)
        for band in range(bands)
        for number, pair in enumerate(view)
    )
    return f"<a><Tile_Angles>{sun}{views}</Tile_Angles></a>".encode()


def degrees(grid):
    return np.degrees(np.arcsin(np.hypot(grid.east, grid.north)))


def test_directions_as_horizontal_components():
    sun = read_angles(PATH, metadata()).sun
    assert sun.east == pytest.approx(np.array([[0.5, 0.5], [0, 0]]))
    assert sun.north == pytest.approx(np.array([[0, 0], [-0.5, -0.5]]))
    assert sun.step_m == 5_000


def test_detectors_are_averaged_where_they_see_and_replaced_where_none_does():
    view = read_angles(PATH, metadata()).view["B02"]
    found = degrees(view)
    assert found[1, 0] == pytest.approx(5)
    assert found[0, 1] == pytest.approx(7)
    assert found[0, 0] == pytest.approx(1, abs=0.01)  # opposite directions nearly cancel
    assert np.isfinite(found[1, 1])


def test_real_angles(shared_data: Path):
    (path,) = (shared_data / "s2_metadata").rglob("compact_safe/*/GRANULE/*/MTD_TL.xml")
    angles = read_angles(path, path.read_bytes())
    assert set(angles.view) == set(MSI_RESOLUTIONS_M)
    mean = np.array([angles.sun.east.mean(), angles.sun.north.mean()])
    # The file's own Mean_Sun_Angle says 52.6712 and 159.6139 degrees.
    assert np.degrees(np.arcsin(np.hypot(*mean))) == pytest.approx(52.6712, abs=0.02)
    assert np.degrees(np.arctan2(*mean)) == pytest.approx(159.6139, abs=0.02)
    assert 2 < degrees(angles.view["B04"]).min() < degrees(angles.view["B04"]).max() < 12.5


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<a/>", "no complete Sun_Angles_Grid"),
        (b"<a>", "not valid XML"),
        (metadata(sun=grids("Sun_Angles_Grid", "30 NaN;30 30", "1 NaN;1 1")), "no complete Sun_Angles_Grid"),
        (metadata(sun=grids("Sun_Angles_Grid", "30 NaN;30 30", "1 1;1 1")), "Sun_Angles_Grid that are not angles"),
        (metadata(sun=grids("Sun_Angles_Grid", "30 30;30 30", "1 nan;1 1")), "Sun_Angles_Grid that are not angles"),
        (metadata(sun=grids("Sun_Angles_Grid", "30 30;30 30", "1 inf;1 1")), "Sun_Angles_Grid that are not angles"),
        (metadata(sun=grids("Sun_Angles_Grid", "90.1 30;30 30", "1 1;1 1")), "Sun_Angles_Grid that are not angles"),
        (metadata(view=(("31 5;5 5", "1 1;1 1"),)), "Viewing_Incidence_Angles_Grids that are not angles"),
        (metadata(view=(("5 5;5 5", "1 NaN;1 1"),)), "Viewing_Incidence_Angles_Grids that are not angles"),
        (metadata(bands=14), "has the bandId '13'; expected 0 to 12"),
        (metadata(sun=grids("Sun_Angles_Grid", "30 30;30 30", "1 1;1 1", "1e9")), "with a step of 1e\\+09 m"),
        (metadata(sun=grids("Sun_Angles_Grid", "30 30;30 30", "1 1;1 1", "nan")), "a damaged grid of Zenith angles"),
        (metadata(sun=grids("Sun_Angles_Grid", "30 x;30 30", "1 1;1 1")), "damaged grid of Zenith"),
        (metadata(sun=grids("Sun_Angles_Grid", "30 30;30", "1 1;1 1")), "damaged grid of Zenith"),
        (metadata(sun=grids("Sun_Angles_Grid", "30", "1")), "of shape"),
        (metadata(sun=grids("Sun_Angles_Grid", "95 30;30 30", "1 1;1 1")), "are not angles"),
        (metadata(sun=grids("Sun_Angles_Grid", "30 30;30 30", "1 1;1 1", step="0")), "of shape"),
        (metadata(bands=12), "no view angles of B12"),
        (metadata(view=(("NaN NaN;NaN NaN", "NaN NaN;NaN NaN"),)), "no view angle of B01 at all"),
        (metadata(view=(("5 5;5 5", "1 1;1 1"), ("5 5 5;5 5 5", "1 1 1;1 1 1"))), "B01 on different grids"),
    ],
)
def test_damaged_angles(content: bytes, message):
    with pytest.raises(ProductError, match=message):
        read_angles(PATH, content)


def test_grids_of_two_shapes():
    with pytest.raises(ProductError, match="not angles"):
        read_angles(PATH, metadata(sun=grids("Sun_Angles_Grid", "30 30;30 30;30 30", "90 90;180 180")))


def test_a_band_of_thousands_of_digits_is_no_band():
    content = metadata().replace(b'bandId="0"', b'bandId="' + b"9" * 5_000 + b'"')
    with pytest.raises(ProductError, match="expected 0 to 12"):
        read_angles(PATH, content)
