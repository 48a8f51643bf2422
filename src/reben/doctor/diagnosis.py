"""What a machine and an installation have: found once, told to people and to programs."""

import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from reben.core.wording import in_bytes
from reben.doctor.disk_speed import DiskSpeed, measure_disk
from reben.doctor.extras import BASE, PURPOSES, Extra, extras_of
from reben.version import __version__
from reben.work.memory import free_memory_bytes, memory_bytes

_DISTRIBUTION = "reben"
_JPEG2000_DRIVER = "JP2OpenJPEG"
_OK, _NOTE, _BAD = "ok", "--", "!!"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at."""

    mark: str
    """`ok`, `--` for what is missing and need not be there, `!!` for what must be put right."""
    text: str
    advice: str = ""
    """What to do about it."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that was looked at."""

    reben: str
    python: str
    system: str
    processors: int
    """That this process may use."""
    memory_bytes: int
    free_memory_bytes: int
    gpus: tuple[str, ...]
    """As PyTorch names them; none without PyTorch."""
    has_nvidia: bool
    """Whether the machine has NVIDIA's driver, whatever PyTorch says."""
    reads_jpeg2000: bool
    extras: tuple[Extra, ...]
    """Empty where reben runs from a folder and is not installed."""
    disk: DiskSpeed | None
    """None if it was not to be measured."""

    @property
    def healthy(self) -> bool:
        """Whether nothing must be put right."""
        return all(line.mark != _BAD for line in self.lines())

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        disk = None if self.disk is None else asdict(self.disk) | {"folder": str(self.disk.folder)}
        extras = {extra.name or "base": {"ready": extra.ready, "problems": extra.problems} for extra in self.extras}
        return asdict(self) | {"extras": extras, "disk": disk, "healthy": self.healthy}

    def lines(self) -> Iterator[Line]:
        """What is said to people."""
        yield Line(_OK, f"reben {self.reben}, Python {self.python}, {self.system}")
        yield Line(
            _OK,
            f"{self.processors} processors, {in_bytes(self.memory_bytes)} of memory, "
            f"{in_bytes(self.free_memory_bytes)} of it free",
        )
        yield self._gpu_line()
        if self.reads_jpeg2000:
            yield Line(_OK, "Sentinel-2 images (JPEG 2000) can be read")
        else:
            yield Line(_BAD, f"GDAL has no driver {_JPEG2000_DRIVER}", "pip install --force-reinstall rasterio")
        if self.disk is not None:
            yield Line(
                _OK,
                f"{self.disk.folder}: {in_bytes(self.disk.free_bytes)} free, writes {self.disk.write_mb_s:,.0f} MB/s, "
                f"reads {self.disk.read_mb_s:,.0f} MB/s, {self.disk.pieces_s:,.0f} patches/s from anywhere",
            )
        if not self.extras:
            yield Line(_NOTE, "reben is not installed, it runs from a folder", "pip install .")
        for extra in self.extras:
            yield _extra_line(extra)

    def _gpu_line(self) -> Line:
        if self.gpus:
            return Line(_OK, f"GPU: {', '.join(self.gpus)}")
        if self.has_nvidia:
            advice = "install PyTorch for its CUDA version: https://pytorch.org/get-started/locally"
            return Line(_BAD, "there is an NVIDIA driver, but PyTorch finds no GPU", advice)
        return Line(_NOTE, "no GPU was found; training works on processors, more slowly")


def diagnose(folder: Path | None) -> Diagnosis:
    """Look at everything.

    Args:
        folder: whose disk is measured; None to leave that out.

    Raises:
        DiskFullError: if there is too little room to measure.
        OSError: if nothing can be written there.
    """
    try:
        requirements = metadata.requires(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        requirements = []
    gpus = _gpus()
    return Diagnosis(
        reben=__version__,
        python=platform.python_version(),
        system=platform.platform(),
        processors=len(os.sched_getaffinity(0)),
        memory_bytes=memory_bytes(),
        free_memory_bytes=free_memory_bytes(),
        gpus=gpus or (),
        has_nvidia=gpus is not None and shutil.which("nvidia-smi") is not None,
        reads_jpeg2000=_reads_jpeg2000(),
        extras=tuple(extras_of(requirements)) if requirements else (),
        disk=None if folder is None else measure_disk(folder),
    )


def _extra_line(extra: Extra) -> Line:
    if extra.name == BASE:
        if extra.ready:
            return Line(_OK, f"base install: all {len(extra.packages)} packages")
        return Line(_BAD, f"base install: {', '.join(extra.problems)}", f"pip install --upgrade {_DISTRIBUTION}")
    title = f"{extra.name} ({PURPOSES[extra.name]})"
    if extra.ready:
        return Line(_OK, title)
    advice = f"pip install '{_DISTRIBUTION}[{extra.name}]', or, in a checkout, pip install '.[{extra.name}]'"
    return Line(_NOTE, f"{title}: {', '.join(extra.problems)}", advice)


def _gpus() -> tuple[str, ...] | None:
    """Names of GPUs; None without PyTorch."""
    try:
        from reben.learn.training.hardware import gpu_names  # noqa: PLC0415 - imports torch, if it is there
    except ModuleNotFoundError:
        return None
    return gpu_names()


def _reads_jpeg2000() -> bool:
    from rasterio.env import Env  # noqa: PLC0415 - takes a moment

    with Env() as env:
        return _JPEG2000_DRIVER in env.drivers()
