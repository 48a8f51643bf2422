"""ESA's processor sen2cor: where it is, which version, and whether its configuration belongs to it.

sen2cor is a free download from ESA, not a package; `L2A_Process` is the program, and `SEN2COR_HOME` the user's folder
in which it keeps its configuration (`cfg/L2A_GIPP.xml`) from the first run on, also after an upgrade.

Source: Sen2Cor Software Release Note and User Manual, 2.10 and 2.11.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reben.core.errors import CorrectionError
from reben.io.safe.files import parse_xml
from reben.io.small_files import read_bytes

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

EXPECTED_VERSION = "2.11"
_PROGRAM = "L2A_Process"
_VERSION = re.compile(r"Version: (\d+\.\d+)(?:\.\d+)?")
_ANSWER_S = 120
_HINT = (
    "install sen2cor 2.11 from ESA (step.esa.int) and give its L2A_Process by --sen2cor, PATH or SEN2COR_HOME; "
    "or use --engine 6s, an approximation"
)


@dataclass(frozen=True, slots=True)
class Sen2cor:
    """An installation."""

    program: Path
    version: str
    """Such as 2.11."""

    @property
    def is_expected(self) -> bool:
        """Whether it is the version that this module was written for."""
        return self.version == EXPECTED_VERSION


def find_sen2cor(given: Path | None = None) -> Sen2cor:
    """Find the program and ask it for its version.

    Args:
        given: the program, or the folder of the installation; else PATH, then SEN2COR_HOME.

    Raises:
        CorrectionError: if it is not there, does not answer as sen2cor does, or has a stale configuration.
    """
    program = _find_program(given)
    try:
        answer = subprocess.run(  # noqa: S603 - the program that the user named
            [program, "--help"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_ANSWER_S,
            check=False,
        ).stdout.decode(errors="replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CorrectionError(f"{program}: does not run ({error})", hint=_HINT) from error
    version = _VERSION.search(answer)
    if version is None:
        raise CorrectionError(f"{program}: does not say which version it is: {answer[:200]!r}", hint=_HINT)
    _expect_fresh_configuration(program)
    return Sen2cor(program, version[1])


def _find_program(given: Path | None) -> Path:
    """Path of `L2A_Process`.

    Raises:
        CorrectionError: if it is not there.
    """
    if given is not None:
        places = [given, given / _PROGRAM, given / "bin" / _PROGRAM]
    else:
        home = os.environ.get("SEN2COR_HOME")
        places = [Path(found)] if (found := shutil.which(_PROGRAM)) else []
        places += [Path(home) / _PROGRAM, Path(home) / "bin" / _PROGRAM] if home else []
    for place in places:
        if place.is_file() and os.access(place, os.X_OK):
            return place.absolute()
    looked = ", ".join(map(str, places)) or "PATH; SEN2COR_HOME is not set"
    raise CorrectionError(f"no {_PROGRAM} found (looked at {looked})", hint=_HINT)


def _expect_fresh_configuration(program: Path) -> None:
    """Check that the user's configuration has the elements that this installation's template has.

    Raises:
        CorrectionError: if it has others: it was left by another version.
    """
    home = os.environ.get("SEN2COR_HOME")
    used = Path(home) / "cfg" / "L2A_GIPP.xml" if home else None
    roots = (program.parent, program.parent.parent)
    templates = [path for root in roots for path in root.glob("lib/python*/site-packages/sen2cor/cfg/L2A_GIPP.xml")]
    if used is None or not used.is_file() or not templates:
        return
    ours, theirs = (_element_paths(parse_xml(path, path.name, _content(path))) for path in (used, templates[0]))
    if ours != theirs:
        differing = ", ".join(sorted(ours ^ theirs)[:5])
        raise CorrectionError(
            f"{used}: was written by another version of sen2cor (it differs in {differing})",
            hint="move it away, and sen2cor writes a new one; then make your changes again",
        )


def _content(path: Path) -> bytes:
    return read_bytes(path, kind="a configuration of sen2cor", error=CorrectionError, hint="move it away")


def _element_paths(root: "Element", above: str = "") -> frozenset[str]:
    """Paths of all elements: what a version of the configuration consists of, whatever its values."""
    here = f"{above}/{root.tag}"
    return frozenset({here}).union(*(_element_paths(child, here) for child in root))
