"""Fixtures that many tests share: real data beside the project, small generated data sets and products."""

import ctypes
import gc
import resource
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pyogrio
import pyproj
import pytest
import rasterio
import shapely
from hypothesis import settings
from numpy.typing import NDArray
from rasterio.transform import from_origin

from reben.core.bands import BANDS, S2_BANDS
from reben.core.grid import TileExtent
from reben.correct.engines import ENGINES
from reben.demo.area import make_area
from reben.demo.dataset import write_dataset
from reben.demo.l1c import L1C_PRODUCT, write_l1c_product
from reben.encode.bigearthnet import sources
from reben.encode.datasets import DATASETS
from reben.encode.engine import EncodePlan, encode, plan_encoding
from reben.io.dataset.paths import DatasetPaths
from reben.io.legend_files import LEGENDS
from reben.learn.backbones.table import BACKBONES
from reben.learn.tasks import TASKS
from stand_ins.hub import HubStandIn, running_hub

settings.register_profile("reben", deadline=None)  # tests check behaviour, never the clock
settings.load_profile("reben")

MOST_MEMORY_GB = 2.5
"""Of a test process: two fit on a machine of 8 GB beside what they start."""


_GROWN_BYTES = 40_000_000
_held_bytes = 0
"""What this process held when memory was given back last."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the files of tests that need much memory at once run first, while their process is small."""
    large = {item.path for item in items if item.get_closest_marker("large")}
    items.sort(key=lambda item: item.path not in large)


def pytest_collection_finish() -> None:
    """Spare the collector of garbage what is there for good: libraries and tests, a million objects."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """Give back to the system what a test no longer needs, wherever it has left much, and the C library is glibc."""
    global _held_bytes  # noqa: PLW0603 - of the process
    if _resident_bytes() < _held_bytes + _GROWN_BYTES:
        return
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    _held_bytes = _resident_bytes()


def _resident_bytes() -> int:
    """Memory of this process that is not on the disk, too."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return (int(pages[1]) - int(pages[2])) * resource.getpagesize()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail, in each test process, when it has held too much memory; with xdist its controller gathers them."""
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["peak_gb"] = peak_gb
    else:
        _peaks_gb["this process"] = peak_gb
    if any(peak > MOST_MEMORY_GB for peak in _peaks_gb.values()):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


_peaks_gb: dict[str, float] = {}


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Keep the peak of a worker of xdist."""
    output = getattr(node, "workeroutput", {})
    if "peak_gb" in output:
        _peaks_gb[node.gateway.id] = output["peak_gb"]  # type: ignore[attr-defined]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what each test process has held at most."""
    for name, peak in sorted(_peaks_gb.items()):
        too_much = f", more than the {MOST_MEMORY_GB} GB that a test process may hold" if peak > MOST_MEMORY_GB else ""
        terminalreporter.write_line(f"memory of {name}: at most {peak:.2f} GB{too_much}", red=bool(too_much))


_SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real patches, tables and products; not part of the project."""
    if not _SHARED_DATA.is_dir():
        pytest.skip(f"the real data are not at {_SHARED_DATA}")
    return _SHARED_DATA


def plan_of(paths: DatasetPaths) -> EncodePlan:
    return plan_encoding(sources(s2=paths.s2, s1=paths.s1, reference_maps=paths.reference_maps))


@pytest.fixture(scope="session")
def tiny_dataset(tmp_path_factory: pytest.TempPathFactory) -> DatasetPaths:
    """Some 25 synthetic patches with all three splits; not to be changed."""
    return write_dataset(tmp_path_factory.mktemp("tiny") / "dataset", step=20)


@pytest.fixture(scope="session")
def tiny_store(tiny_dataset: DatasetPaths, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of `tiny_dataset`."""
    target = tmp_path_factory.mktemp("tiny") / "store"
    encode(plan_of(tiny_dataset), target)
    return target


@pytest.fixture(scope="session")
def real_patches(shared_data: Path) -> DatasetPaths:
    """Twelve published patches of tile T33UUP."""
    return DatasetPaths(shared_data / "patches")


@pytest.fixture(scope="session")
def real_store(real_patches: DatasetPaths, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of `real_patches`."""
    target = tmp_path_factory.mktemp("real") / "store"
    encode(plan_of(real_patches), target)
    return target


SMALL_SIDE_M = 4_800  # 4 x 4 patches


@pytest.fixture(scope="session")
def make_product() -> Callable[..., Path]:
    """Write a small L2A product, like a real one in all but its size.

    Its upper left corner is at (300000, 5400000) in UTM zone 33; the patch in column 3, row 0 has an invalid pixel.
    """

    def make(
        folder: Path,
        tile: str,
        *,
        quality: str = "PASSED",
        processed: str = "20240101T000000",
        crs: str = "EPSG:32633",
        side_m: int = SMALL_SIDE_M,
    ) -> Path:
        path = folder / f"{tile}_{processed}.SAFE"
        mgrs = tile.rsplit("_", 1)[1]
        listed = []
        for number, band in enumerate(S2_BANDS):
            resolution = BANDS[band].resolution_m
            side = side_m // resolution
            pixels = np.random.default_rng(number).integers(1, 9000, (side, side)).astype(np.uint16)
            if band == "B12":
                pixels[0, -1] = 0
            file = f"GRANULE/L2A_{mgrs}/IMG_DATA/R{resolution}m/{mgrs}_{tile[11:26]}_{band}_{resolution}m"
            (path / file).parent.mkdir(parents=True, exist_ok=True)
            with rasterio.open(
                path / f"{file}.jp2", "w", driver="JP2OpenJPEG", width=side, height=side, count=1, dtype="uint16",
                crs=crs, transform=from_origin(300_000, 5_400_000, resolution, resolution),
                QUALITY=100, REVERSIBLE="YES",
            ) as target:  # fmt: skip
                target.write(pixels, 1)
            listed.append(f"<IMAGE_FILE>{file}</IMAGE_FILE>")
        checks = "".join(
            f'<quality_check checkType="{name}_QUALITY">{quality if name == "GEOMETRIC" else "PASSED"}</quality_check>'
            for name in ("GENERAL", "GEOMETRIC", "RADIOMETRIC", "SENSOR")
        )
        xml = f"<a><PRODUCT_URI>{path.name}</PRODUCT_URI>{''.join(listed)}{checks}</a>"
        (path / "MTD_MSIL2A.xml").write_text(xml)
        return path

    return make


@pytest.fixture(scope="session")
def small_land_cover(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pastures all over the ground of `make_product`, with a lake in the middle, as the published file has them."""
    path = tmp_path_factory.mktemp("clc") / "clc.gpkg"
    to_laea = pyproj.Transformer.from_crs(32633, 3035, always_xy=True)
    squares = [shapely.box(290_000, 5_390_000, 310_000, 5_410_000), shapely.box(302_000, 5_397_000, 303_000, 5_398_000)]
    outlines = [
        shapely.transform(square.segmentize(100), lambda xy: np.column_stack(to_laea.transform(*xy.T)))
        for square in squares
    ]
    pyogrio.raw.write(
        path, shapely.to_wkb(np.array(outlines)), [np.array(["231", "512"], dtype=object)],
        fields=np.array(["Code_18"]), layer="U2018_CLC2018_V2020_20u1", crs="EPSG:3035", geometry_type="Polygon",
    )  # fmt: skip
    return path


@pytest.fixture
def example_plugin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package in `tests/example_plugin` is installed, with what it adds to the registries."""
    registries = (BACKBONES, DATASETS, ENGINES, LEGENDS, TASKS)
    monkeypatch.syspath_prepend(Path(__file__).parent / "example_plugin")
    for registry in registries:
        registry.forget_plugins()
    yield
    for registry in registries:
        registry.forget_plugins()


@pytest.fixture
def hub(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubStandIn]:
    """A stand-in for the Hugging Face hub, which this process and those it starts use, with an empty cache."""
    home = tmp_path_factory.mktemp("hub")
    with running_hub() as server:
        for name, value in {
            "HF_ENDPOINT": server.url,
            "HF_HOME": str(home),
            "HF_HUB_CACHE": str(home / "hub"),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }.items():
            monkeypatch.setenv(name, value)
        for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {
            "HF_HUB_CACHE": str(home / "hub"),
            "HF_HUB_DISABLE_XET": True,
            "HF_HUB_OFFLINE": False,
            "HF_TOKEN_PATH": str(home / "token"),
            "HF_STORED_TOKENS_PATH": str(home / "stored_tokens"),
        }.items():  # the library has read the environment of this process when it was imported
            monkeypatch.setattr(huggingface_hub.constants, name, value)
        yield server


@dataclass(frozen=True)
class SmallL1c:
    """An L1C product that sees the demo's landscape, and what its ground really reflects."""

    path: Path
    surface: dict[str, NDArray[np.generic]]
    extent: TileExtent


@pytest.fixture(scope="session")
def small_l1c(tmp_path_factory: pytest.TempPathFactory) -> SmallL1c:
    """Not to be changed: copy it first."""
    extent = TileExtent("EPSG:32631", ulx_m=99_960, uly_m=100_020, side_m=9_000)
    surface = make_area(extent, progress=lambda _: None).bands
    folder = tmp_path_factory.mktemp("l1c")
    return SmallL1c(write_l1c_product(folder, L1C_PRODUCT, extent, surface), surface, extent)
