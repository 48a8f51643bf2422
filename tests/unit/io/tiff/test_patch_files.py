from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from reben.core.errors import RasterError
from reben.io.tiff.geotiff import write_reference_map
from reben.io.tiff.patch_files import PatchFileTemplate, ReferenceMapTemplate


@pytest.mark.parametrize("pattern", ["*_B02.tif", "*_B8A.tif", "*_B01.tif", "*_VV.tif"])
def test_files_are_byte_for_byte_the_published_ones(shared_data: Path, tmp_path: Path, pattern: str):
    template = None
    paths = sorted((shared_data / "patches").glob(f"*/*/*/{pattern}"))
    assert len(paths) == 12
    for path in paths:
        with rasterio.open(path) as source:
            pixels, left, top = source.read(1), source.bounds.left, source.bounds.top
            if template is None:
                template = PatchFileTemplate(
                    source.width, source.dtypes[0], int(source.res[0]), crs=str(source.crs), nodata=source.nodata
                )
        template.write(tmp_path / "patch.tif", pixels, left, top)
        assert (tmp_path / "patch.tif").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("pixels", [np.ones((4, 5), np.uint16), np.ones((4, 4), np.int16)])
def test_other_sizes_and_types_are_refused(pixels: np.ndarray):
    template = PatchFileTemplate(4, "uint16", 10, crs="EPSG:32633", nodata=0)
    with pytest.raises(RasterError, match=r"expected \(4, 4\) of uint16"):
        template.file(pixels, 0, 0)


@pytest.mark.parametrize("side_px", [6, 34, 120, 240])
def test_reference_maps_are_byte_for_byte_what_gdal_writes(tmp_path: Path, side_px: int):
    template = ReferenceMapTemplate(side_px, 10, crs="EPSG:32633")
    rows, columns = np.mgrid[:side_px, :side_px]
    maps = [
        np.full((side_px, side_px), 999, np.uint16),
        np.where(rows > columns, 211, 523).astype(np.uint16),
        np.random.default_rng(side_px).choice(np.array([111, 231, 512, 999], np.uint16), (side_px, side_px)),
        np.arange(side_px * side_px, dtype=np.uint16).reshape(side_px, side_px) * 257,
    ]
    for codes in maps:
        template.write(tmp_path / "ours.tif", codes, 331_200, 5_331_600)
        write_reference_map(
            tmp_path / "gdal.tif", codes, crs="EPSG:32633", transform=from_origin(331_200, 5_331_600, 10, 10)
        )
        assert (tmp_path / "ours.tif").read_bytes() == (tmp_path / "gdal.tif").read_bytes()


def test_reference_maps_of_another_size_are_refused():
    with pytest.raises(RasterError, match=r"expected \(12, 12\) of uint16"):
        ReferenceMapTemplate(12, 10, crs="EPSG:32633").file(np.ones((6, 6), np.uint16), 0, 0)


def test_an_unknown_layout_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("reben.io.tiff.patch_files._STRIP_LENGTHS_TAG", 273)
    with pytest.raises((RasterError, rasterio.errors.RasterioError)):
        ReferenceMapTemplate(120, 10, crs="EPSG:32633")


def test_published_reference_maps_are_written_byte_for_byte(shared_data: Path, tmp_path: Path):
    (path,) = (shared_data / "patches" / "Reference_Maps").glob("*/*/*.tif")
    with rasterio.open(path) as source:
        template = ReferenceMapTemplate(source.width, 10, crs=str(source.crs))
        template.write(tmp_path / "map.tif", source.read(1), source.bounds.left, source.bounds.top)
    assert (tmp_path / "map.tif").read_bytes() == path.read_bytes()
