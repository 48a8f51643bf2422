"""The data sets that can be encoded: one table, and what other packages add to it.

Sources: the layout of each data set as published; keys and tensor names as rico-hdl, the original converter, has them.
"""

from reben.core.registry import Registry
from reben.encode.bigearthnet import BIGEARTHNET
from reben.encode.specification import DatasetSpecification, Part, SampleLayout, raster, stack

_EUROSAT_BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B09", "B10", "B11", "B12", "B08A")
_HYDRO_BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")
_MAJOR_TOM_SIDES = {10: 1068, 20: 534, 60: 178}
_SSL4EO_SIDES = {10: 264, 20: 132, 60: 44}
_SSL4EO_TOLERANCE_PX = 4  # some patches have a row or column more
_UC_MERCED_TOLERANCE_PX = 32  # some images have not 256 x 256 pixels

_RESOLUTIONS = {
    "B01": 60, "B02": 10, "B03": 10, "B04": 10, "B05": 20, "B06": 20, "B07": 20, "B08": 10, "B8A": 20, "B09": 60,
    "B10": 60, "B11": 20, "B12": 20,
}  # fmt: skip
"""Pixel size of every Sentinel-2 band, in metres; B10 exists in L1C only."""

_L2A_BANDS = tuple(name for name in _RESOLUTIONS if name != "B10")


def _unpadded(band: str) -> str:
    """B1 for B01; B8A and B10 stay."""
    return f"B{band[1:].lstrip('0')}"


def _ssl4eo_s2(name: str, folder: str, bands: tuple[str, ...]) -> Part:
    return Part(
        name=name,
        option=f"{folder}-dir",
        folder=folder,
        files=tuple(
            raster(
                f"{_unpadded(band)}.tif",
                _unpadded(band),
                _SSL4EO_SIDES[_RESOLUTIONS[band]],
                "uint16",
                tolerance_px=_SSL4EO_TOLERANCE_PX,
            )
            for band in bands
        ),
        layout=SampleLayout(r"\d{8}T\d{6}_\d{8}T\d{6}_T\w{5}", depth=1, key_parts=3, files_named=False),
        example="0000200/20200604T054639_20200604T054831_T43RCP/B2.tif",
    )


_OWN = {
    dataset.name: dataset
    for dataset in (
        BIGEARTHNET,
        DatasetSpecification(
            "eurosat",
            "EuroSAT MS",
            (
                Part(
                    name="EuroSAT images",
                    option="dir",
                    folder="EuroSAT_MS",
                    files=(stack(".tif", _EUROSAT_BANDS, 64, "uint16"),),
                    layout=SampleLayout(r"[A-Za-z]+_\d+", suffix=".tif"),
                    example="Pasture/Pasture_300.tif",
                ),
            ),
        ),
        DatasetSpecification(
            "hyspecnet-11k",
            "HySpecNet-11k",
            (
                Part(
                    name="HySpecNet-11k patches",
                    option="dir",
                    folder="HySpecNet-11k",
                    files=(stack("-SPECTRAL_IMAGE.TIF", [f"B{i}" for i in range(1, 225)], 128, "int16"),),
                    layout=SampleLayout(r"ENMAP.*-Y\d+_X\d+"),
                    example="<patch>/<patch>-SPECTRAL_IMAGE.TIF",
                ),
            ),
        ),
        DatasetSpecification(
            "hydro",
            "Hydro",
            (
                Part(
                    name="Hydro patches",
                    option="dir",
                    folder="Hydro",
                    files=(stack(".tif", _HYDRO_BANDS, 256, "uint16"),),
                    layout=SampleLayout(r"patch_\d+", suffix=".tif"),
                    example="patch_0.tif",
                ),
            ),
        ),
        DatasetSpecification(
            "major-tom-core",
            "Major TOM Core",
            (
                Part(
                    name="Major TOM Core S2L2A products",
                    option="s2-dir",
                    folder="S2L2A",
                    files=tuple(
                        raster(f"{band}.tif", band, _MAJOR_TOM_SIDES[_RESOLUTIONS[band]], "uint16")
                        for band in _L2A_BANDS
                    ),
                    layout=SampleLayout(r"S2[A-Z]_MSIL2A_\w+", depth=2, key_parts=2, files_named=False),
                    example="0U/0U_199R/S2A_MSIL2A_20220706T085611_N0400_R007_T33NZA_20220706T153419/B02.tif",
                ),
                Part(
                    name="Major TOM Core S1RTC products",
                    option="s1-dir",
                    folder="S1RTC",
                    files=tuple(raster(f"{name}.tif", name, 1068, "float32") for name in ("vv", "vh")),
                    layout=SampleLayout(r"S1[A-Z]_\w+", depth=2, key_parts=2, files_named=False),
                    example="0U/0U_199R/S1A_IW_GRDH_1SDV_20220703T043413_20220703T043438_043931_053E87_rtc/vv.tif",
                ),
            ),
        ),
        DatasetSpecification(
            "ssl4eo-s12",
            "SSL4EO-S12",
            (
                Part(
                    name="SSL4EO-S12 s1 patches",
                    option="s1-dir",
                    folder="s1",
                    files=tuple(
                        raster(f"{name}.tif", name, 264, "float32", tolerance_px=_SSL4EO_TOLERANCE_PX)
                        for name in ("VH", "VV")
                    ),
                    layout=SampleLayout(r"S1[A-Z]_\w+", depth=1, key_parts=3, files_named=False),
                    example="0000200/S1A_IW_GRDH_1SDV_20200607T010800_20200607T010825_032904_03CFBA_D457/VV.tif",
                ),
                _ssl4eo_s2("SSL4EO-S12 s2c patches", "s2c", tuple(_RESOLUTIONS)),
                _ssl4eo_s2("SSL4EO-S12 s2a patches", "s2a", _L2A_BANDS),
            ),
        ),
        DatasetSpecification(
            "uc-merced",
            "UC Merced Land Use",
            (
                Part(
                    name="UC Merced images",
                    option="dir",
                    folder="UCMerced_LandUse",
                    files=(
                        stack(".tif", ("Red", "Green", "Blue"), 256, "uint8", tolerance_px=_UC_MERCED_TOLERANCE_PX),
                    ),
                    layout=SampleLayout(r"[a-z]+\d\d", suffix=".tif"),
                    example="Images/airplane/airplane00.tif",
                ),
            ),
        ),
        DatasetSpecification(
            "spectral-earth",
            "SpectralEarth EnMAP",
            (
                Part(
                    name="SpectralEarth EnMAP patches",
                    option="dir",
                    folder="enmap",
                    files=(stack(".tif", [f"B{i}" for i in range(1, 203)], 128, "int16"),),
                    layout=SampleLayout(r".+", suffix=".tif"),
                    example="<patch>.tif",
                ),
            ),
        ),
    )
}

DATASETS = Registry("reben.datasets", _OWN, kind=DatasetSpecification)
"""Every data set by its name on the command line, with those that other packages add."""
