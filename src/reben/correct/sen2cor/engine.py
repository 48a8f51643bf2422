"""The engine sen2cor: ESA's program, watched.

Its exit codes are not documented and some versions end with 0 without a product, so that three things decide: the
code, what it printed, and whether the product is there and complete. It works in a folder of its own, from which the
product is moved when it is found good; what fails leaves its log.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import rasterio
from rasterio.errors import RasterioError

from reben.core.bands import S2_BANDS
from reben.core.errors import CorrectionError, NameFormatError, ProductError
from reben.core.names import ProductName
from reben.correct.l2a_product import BASELINE as OUR_BASELINE
from reben.correct.options import TIME_LIMIT_H, CorrectOptions
from reben.correct.report import CorrectionRecord
from reben.correct.sen2cor.program import EXPECTED_VERSION, Sen2cor, find_sen2cor
from reben.io.safe.checksums import compare_checksums
from reben.io.safe.l1c import open_l1c
from reben.io.safe.l2a import open_product
from reben.rules.quality import quality_failures
from reben.work import atomic
from reben.work.processes import available_cpus

_CRITICAL = re.compile(r"^.*\bCRITICAL\b.*$", re.MULTILINE)
_PROGRESS = re.compile(r"Progress\[%\]:\s*(\d+(?:\.\d+)?)")
_EMPTY_FOLDERS = ("AUX_DATA", "HTML", "rep_info")
_EMPTY_FOLDERS_BELOW = {"DATASTRIP": ("QI_DATA",), "GRANULE": ("AUX_DATA", "QI_DATA")}
"""Folders that sen2cor needs although they may be empty; downloads lack empty folders."""
_POLL_S = 0.2
_TAIL = 300  # characters of the output that an error shows


@dataclass(frozen=True, slots=True)
class Sen2corEngine:
    """What decides how products are corrected."""

    sen2cor: Sen2cor
    time_limit_s: float = TIME_LIMIT_H * 3600
    """After the start."""
    silence_limit_s: float = 3600.0
    """Without any output."""
    checksums: bool = True
    """Whether images are compared with the checksums that products carry."""

    memory_bytes = 8_000_000_000
    """That one product takes, by sen2cor's manual."""

    def find_finished(self, l1c: Path, output: Path) -> Path | None:
        """The finished L2A product of an L1C product, if it is there.

        Raises:
            ProductError: if the L1C product cannot be read.
        """
        name = open_l1c(l1c).name
        found = _finished(output, name)
        if found is not None:
            stem = str(name).removesuffix(".SAFE")
            atomic.remove_attempts(output / stem, _work_name(output, stem), _log_name(output, stem))
        return found

    def correct(self, l1c: Path, output: Path) -> CorrectionRecord:
        """Correct one product; what was run and how long it took.

        Args:
            l1c: product, an unpacked `.SAFE` folder; empty folders that sen2cor needs are made in it.
            output: folder in which the L2A product is made.

        Raises:
            ProductError: if the product is damaged, incomplete, or no L1C product.
            CorrectionError: if its quality indicators failed, or sen2cor did; the log is kept and named.
            TargetExistsError: if another process is correcting it.
        """
        product = open_l1c(l1c)
        if not l1c.is_dir():
            raise CorrectionError(f"{l1c}: sen2cor cannot read zip files", hint="unpack it")
        failures = quality_failures(product.quality)
        if failures:
            raise CorrectionError(f"{product.name}: {', '.join(failures)}", hint="leave this product out")
        images = list(product.members.values()) if self.checksums else []
        compared = compare_checksums(product.path, images, threads=available_cpus())
        repair_empty_folders(l1c)
        stem = str(product.name).removesuffix(".SAFE")
        with atomic.locked(output / stem), _fresh_work(output, stem) as work:
            start = time.monotonic()
            log = _log_name(output, stem)
            self._run(l1c, work, log)
            made = _expect_product(work, product.name, log)
            os.sync()  # what has its final name must be on the disk
            made.rename(output / made.name)
            log.unlink()
        return CorrectionRecord(
            engine=f"sen2cor {self.sen2cor.version}",
            product=made.name,
            source=str(product.name),
            compared_with=tuple(compared),
            seconds={"sen2cor": round(time.monotonic() - start, 1)},
        )

    def _run(self, l1c: Path, work: Path, log: Path) -> None:
        """Run the program to its end.

        Raises:
            CorrectionError: if it takes too long, says that it failed, or ends with another code than 0.
        """
        target, scratch = work / "L2A", work / "scratch"
        target.mkdir()
        scratch.mkdir()
        command = [self.sen2cor.program, "--output_dir", target, l1c.absolute()]
        with (
            log.open("wb") as written,
            subprocess.Popen(  # noqa: S603 - the program that the user named
                [sys.executable, "-m", "reben.correct.sen2cor.child_process", *map(str, command)],
                stdin=subprocess.PIPE,  # closing it kills the program
                stdout=written,
                stderr=subprocess.STDOUT,
                cwd=scratch,
                env=os.environ | {"TMPDIR": str(scratch)},
                start_new_session=True,  # Ctrl-C is ours: it closes standard input
            ) as leash,
        ):
            try:
                code = self._wait(leash, log)
            finally:
                if leash.stdin is not None:
                    leash.stdin.close()
        said = log.read_text(encoding="utf-8", errors="replace")
        critical = _CRITICAL.search(said)
        if code != 0 or critical:
            reason = critical[0].strip() if critical else f"ended with code {code}: {said[-_TAIL:].strip()!r}"
            raise _failure(l1c.name, reason, log)

    def _wait(self, leash: "subprocess.Popen[bytes]", log: Path) -> int:
        """Wait for the end; the exit code.

        Raises:
            CorrectionError: if it takes too long, or says nothing for too long.
        """
        start = last_word = time.monotonic()
        size = 0
        while leash.poll() is None:
            now = time.monotonic()
            if (grown := log.stat().st_size) != size:
                size, last_word = grown, now
            if now - start > self.time_limit_s or now - last_word > self.silence_limit_s:
                known = _PROGRESS.findall(log.read_text(encoding="utf-8", errors="replace"))
                limit = f"{now - start:.0f} s, {now - last_word:.0f} s without a word, at {known[-1] if known else 0} %"
                raise _failure(log.name, f"was stopped after {limit}", log)
            time.sleep(_POLL_S)
        return leash.returncode


def engine_of(options: CorrectOptions, tell: Callable[[str], None]) -> Sen2corEngine:
    """The engine with the settings that options have, and a warning if sen2cor has another version than expected.

    Raises:
        CorrectionError: if it is not there.
    """
    found = find_sen2cor(options.sen2cor)
    if not found.is_expected:
        tell(f"warning: this is sen2cor {found.version}; {EXPECTED_VERSION} was expected")
    return Sen2corEngine(found, options.time_limit_h * 3600, checksums=options.checksums)


def repair_empty_folders(l1c: Path) -> None:
    """Make the folders that sen2cor needs and that downloads may lack.

    Raises:
        CorrectionError: if they cannot be made.
    """
    needed = [l1c / name for name in _EMPTY_FOLDERS]
    for folder, names in _EMPTY_FOLDERS_BELOW.items():
        needed += [child / name for child in sorted((l1c / folder).glob("*")) if child.is_dir() for name in names]
    try:
        for path in needed:
            path.mkdir(exist_ok=True)
    except OSError as error:
        raise CorrectionError(
            f"{error.filename}: sen2cor needs this folder, and it cannot be made ({error.strerror})",
            hint="make the L1C product writable",
        ) from error


def _finished(folder: Path, l1c: ProductName) -> Path | None:
    """The L2A product of an L1C product that sen2cor, whichever version, has made in `folder`."""
    for path in sorted(folder.glob(f"{l1c.tile.mission}_MSIL2A_*.SAFE")):
        try:
            tile = ProductName.parse(path.name).tile
        except NameFormatError:
            continue
        same = (tile.sensing_time, tile.orbit, tile.mgrs) == (l1c.tile.sensing_time, l1c.tile.orbit, l1c.tile.mgrs)
        if same and tile.baseline != OUR_BASELINE:
            return path
    return None


def _expect_product(work: Path, l1c: ProductName, log: Path) -> Path:
    """The product in the work folder, with all bands in their full size.

    Raises:
        CorrectionError: if it is not there, or not complete.
    """
    made = _finished(work / "L2A", l1c)
    if made is None:
        raise _failure(str(l1c), "ended well, but wrote no product", log)
    try:
        product = open_product(made)
        missing = [band for band in S2_BANDS if band not in product.images]
        if missing:
            raise _failure(str(l1c), f"wrote a product without {', '.join(missing)}", log)
        for image in product.images.values():
            with rasterio.open(image, driver="JP2OpenJPEG") as source:
                source.read(1, window=((source.height - 1, source.height), (source.width - 1, source.width)))
    except (ProductError, RasterioError) as error:
        raise _failure(str(l1c), f"wrote a damaged product ({error})", log) from error
    return made


def _log_name(output: Path, stem: str) -> Path:
    return output / f"{stem}.sen2cor.log"


def _work_name(output: Path, stem: str) -> Path:
    return output / f".{stem}.sen2cor"


@contextmanager
def _fresh_work(output: Path, stem: str) -> Iterator[Path]:
    """An empty hidden folder; an existing target makes sen2cor fail with a misleading message."""
    work = _work_name(output, stem).absolute()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _failure(name: str, reason: str, log: Path) -> CorrectionError:
    return CorrectionError(f"{name}: sen2cor {reason}", hint=f"its output is in {log}")
