import numpy as np
import pytest
import rasterio

from reben.core.bands import MSI_RESOLUTIONS_M
from reben.core.errors import TargetExistsError
from reben.demo.l1c import L1C_PRODUCT, write_l1c_product
from reben.io.safe.angles import read_angles
from reben.io.safe.l1c import open_l1c


def test_the_product_reads_like_a_real_one(small_l1c):
    product = open_l1c(small_l1c.path)
    assert product.name == L1C_PRODUCT
    assert set(product.offsets.values()) == {-1_000}
    angles = read_angles(product.path, product.tile_metadata)
    zenith = np.degrees(np.arcsin(np.hypot(angles.sun.east, angles.sun.north)))
    assert zenith[0, 0] == pytest.approx(33, abs=1e-3)
    for band, resolution in MSI_RESOLUTIONS_M.items():
        with rasterio.open(product.images[band]) as source:
            assert source.shape == (small_l1c.extent.side_m // resolution,) * 2
            assert source.res == (resolution, resolution)


def test_the_atmosphere_is_between(small_l1c):
    """Blue is brighter, water vapour darkens B09, nothing is seen where there is no data, and B10 is dark."""
    images = open_l1c(small_l1c.path).images

    def seen(band: str) -> np.ndarray:
        with rasterio.open(images[band]) as source:
            return source.read(1)

    ground = small_l1c.surface
    valid = ground["B02"] > 0
    assert ((seen("B02") > 0) == valid).all()
    assert seen("B02")[valid].mean() - 1_000 > ground["B02"][valid].mean() + 300
    valid = ground["B09"] > 0
    assert seen("B09")[valid].mean() - 1_000 < 0.6 * ground["B09"][valid].mean()
    assert np.abs(seen("B10")[valid].astype(int) - 1_015).max() < 25


def test_nothing_is_overwritten(small_l1c):
    with pytest.raises(TargetExistsError):
        write_l1c_product(small_l1c.path.parent, L1C_PRODUCT, small_l1c.extent, small_l1c.surface)
