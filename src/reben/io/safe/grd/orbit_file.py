"""Orbit files (`.EOF`): where Sentinel-1 was, more exactly than its products say.

Precise ones (POEORB) come three weeks after the acquisition and cover a day, restituted ones (RESORB) within hours.

Source: ESA, Sentinels POD Service File Format Specification (GMES-GSEG-EOPG-FS-10-0075).
"""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from reben.core.errors import ProductError
from reben.io.safe.files import elements, parse_xml, text_of
from reben.io.safe.grd.annotation import Annotation, StateVectors, number, parse_time, state_vectors
from reben.io.small_files import is_regular

_NAME = re.compile(
    r"(?P<mission>S1[A-Z])_OPER_AUX_(?P<kind>POE|RES)ORB_\w+_\d{8}T\d{6}_V(?P<start>\d{8}T\d{6})_(?P<stop>\d{8}T\d{6})"
    r"(?:\.EOF)?\.EOF",
    re.ASCII,
)
_AROUND = timedelta(seconds=60)
"""How long before and after the image state vectors are taken."""
_LARGEST = 1 << 25  # bytes; those of a day have some 4.5 million
_HINT = "download the orbit file again"


def find_orbit_file(place: Path, annotation: Annotation) -> Path | None:
    """The file that covers an image, precise before restituted, the newest of a kind; None if there is none.

    Args:
        place: file, or folder with files in it or in folders below.
        annotation: of the image.
    """
    files = [place] if place.is_file() else sorted(place.rglob("*.EOF"))
    found = [(match["kind"], path.name, path) for path in files if (match := _covering(path, annotation))]
    return max(found, key=lambda row: (row[0] == "POE", row[1]))[2] if found else None


def read_orbit_file(path: Path, annotation: Annotation) -> StateVectors:
    """State vectors around the time of an image.

    Raises:
        ProductError: if the file cannot be read, or does not cover the image.
    """
    if not is_regular(path):
        raise ProductError(f"{path}: is not a regular file", hint=_HINT)
    with path.open("rb") as file:
        root = parse_xml(path.parent, path.name, file.read(_LARGEST + 1))
    first, last = annotation.first_line - _AROUND, _last_line(annotation) + _AROUND
    rows = []
    for vector in elements(root, "OSV"):
        time = parse_time(str(path), text_of(vector, "UTC"))
        if first <= time <= last:
            place = [number(str(path), vector, axis) for axis in "XYZ"]
            rows.append([(time - annotation.first_line).total_seconds(), *place])
    vectors = state_vectors(f"{path}: around {annotation.first_line:%Y-%m-%dT%H:%M:%S}", np.array(sorted(rows)))
    if vectors.times_s[0] > 0 or vectors.times_s[-1] < (_last_line(annotation) - annotation.first_line).total_seconds():
        raise ProductError(f"{path}: does not cover the image of {annotation.first_line:%Y-%m-%dT%H:%M:%S}")
    return vectors


def _covering(path: Path, annotation: Annotation) -> re.Match[str] | None:
    """What the name of a file says, if it covers the image."""
    match = _NAME.fullmatch(path.name)
    if match is None or match["mission"] != annotation.mission:
        return None
    start, stop = (datetime.strptime(match[key], "%Y%m%dT%H%M%S").replace(tzinfo=UTC) for key in ("start", "stop"))
    return match if start <= annotation.first_line and _last_line(annotation) <= stop else None


def _last_line(annotation: Annotation) -> datetime:
    return annotation.first_line + timedelta(seconds=annotation.lines * annotation.line_interval_s)
