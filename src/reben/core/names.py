"""Names of products, tiles and patches: parse, take apart, write again.

Every type here parses with `parse` and writes itself with `str`, and `str(X.parse(text)) == text` for every valid name.

Sources: ESA, Sentinel-2 Products Specification Document, section "Product naming convention"; the names in the
published reBEN and BigEarthNet v1 tables.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self, get_args

from reben.core.errors import NameFormatError

SplitName = Literal["train", "validation", "test"]
SPLIT_NAMES: tuple[SplitName, ...] = get_args(SplitName)
"""Splits of metadata tables, in the order in which a model meets them."""

_TIME_FORMAT = "%Y%m%dT%H%M%S"
_TIME = r"[12]\d{7}T\d{6}"
_INDEX = r"(?:0|[1-9]\d{0,5})"
_TILE = (
    r"(?P<mission>S2[A-Z])_MSI(?P<level>L1C|L2A)"
    rf"_(?P<time>{_TIME})_N(?P<baseline>\d{{4}})_R(?P<orbit>\d{{3}})_T(?P<mgrs>\d{{2}}[A-Z]{{3}})"
)
_PRODUCT = re.compile(rf"{_TILE}_(?P<discriminator>{_TIME})(?:\.SAFE)?", re.ASCII)
_TILE_ID = re.compile(_TILE, re.ASCII)
PATCH_PATTERN = rf"{_TILE}_(?P<column>\d{{2,6}})_(?P<row>\d{{2,6}})"
"""Named parts of a patch id, as a regular expression for whole columns of names."""
S1_PATCH_PATTERN = (
    rf"(?P<scene>S1[A-Z]_[A-Z0-9]{{2}}_[A-Z]{{3}}[A-Z_]_\d[A-Z]{{3}}_(?P<time>{_TIME}))"
    rf"_(?P<mgrs>\d{{2}}[A-Z]{{3}})_(?P<column>{_INDEX})_(?P<row>{_INDEX})"
)
"""Named parts of a Sentinel-1 patch name."""
V1_PATCH_PATTERN = (
    rf"(?P<mission>S2[A-Z])_MSIL2A_(?P<time>[12]\d{{7}}T\d{{5,6}})_(?P<column>{_INDEX})_(?P<row>{_INDEX})"
)
"""Named parts of a BigEarthNet v1 patch name."""
_PATCH, _S1_PATCH, _V1_PATCH = (re.compile(p, re.ASCII) for p in (PATCH_PATTERN, S1_PATCH_PATTERN, V1_PATCH_PATTERN))


CELL_PATTERN = r"_[0-9]+_[0-9]+$"
"""Column and row at the end of a patch id."""

REFERENCE_MAP_SUFFIX = "_reference_map"
"""Follows the patch id in the name of a reference map's file and in its key in a store."""


def tile_of(patch_id: str) -> str:
    """Return the tile id with which a patch id begins, without looking at either.

    >>> tile_of("S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57")
    'S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP'
    """
    return patch_id.rsplit("_", 2)[0]


@dataclass(frozen=True, slots=True)
class TileName:
    """One Sentinel-2 acquisition over one MGRS tile: a product name without processing time and suffix."""

    mission: str
    """Satellite: S2A, S2B, S2C, ..."""
    level: str
    """Processing level: L1C or L2A."""
    sensing_time: datetime
    """Start of the data take, UTC without a time zone, whole seconds."""
    baseline: str
    """Processing baseline, four digits; sen2cor writes 9999."""
    orbit: int
    """Relative orbit, 1 to 143."""
    mgrs: str
    """MGRS tile without the leading T, such as 33UUP."""

    @staticmethod
    def parse(text: str) -> "TileName":
        """Take a tile id apart.

        Raises:
            NameFormatError: if `text` is not a tile id.

        >>> TileName.parse("S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP").mgrs
        '33UUP'
        """
        return _tile(text, _match(_TILE_ID, text, "a tile id", "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"))

    def __str__(self) -> str:
        time = self.sensing_time.strftime(_TIME_FORMAT)
        return f"{self.mission}_MSI{self.level}_{time}_N{self.baseline}_R{self.orbit:03d}_T{self.mgrs}"


@dataclass(frozen=True, slots=True)
class ProductName:
    """A Sentinel-2 product (`.SAFE`) in the compact naming that ESA uses since December 2016."""

    tile: TileName
    discriminator: datetime
    """Last part of the name: time of processing, or another time that tells products of one data take apart."""
    suffix: str = ".SAFE"
    """`.SAFE`, or empty where the name was written without it."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take a product name apart, with or without `.SAFE`.

        Raises:
            NameFormatError: if `text` is not a compact product name.

        >>> str(ProductName.parse("S2A_MSIL1C_20170613T101031_N0205_R022_T33UUP_20170613T101608.SAFE").tile)
        'S2A_MSIL1C_20170613T101031_N0205_R022_T33UUP'
        """
        example = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_20240101T000000.SAFE"
        parts = _match(_PRODUCT, text, "a Sentinel-2 product name", example)
        discriminator = _parse_time(text, parts["discriminator"])
        return cls(_tile(text, parts), discriminator, ".SAFE" if text.endswith(".SAFE") else "")

    def __str__(self) -> str:
        return f"{self.tile}_{self.discriminator.strftime(_TIME_FORMAT)}{self.suffix}"


@dataclass(frozen=True, slots=True)
class PatchName:
    """A reBEN (v2) patch: tile id, column (west to east) and row (north to south), counted from the upper left."""

    tile: TileName
    column: int
    row: int
    index_width: int = 2
    """Digits of column and row: as many as the largest index of the grid has, two at least."""

    def __post_init__(self) -> None:
        """Refuse an index that has no place in the name.

        Raises:
            NameFormatError: if column or row is negative or has more than `index_width` digits.
        """
        if not (0 <= self.column < 10**self.index_width and 0 <= self.row < 10**self.index_width):
            raise NameFormatError(f"column {self.column}, row {self.row}: must have at most {self.index_width} digits")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take a patch id apart.

        Raises:
            NameFormatError: if `text` is not a patch id.

        >>> patch = PatchName.parse("S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57")
        >>> patch.column, patch.row
        (26, 57)
        """
        parts = _match(_PATCH, text, "a patch id", "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57")
        if len(parts["column"]) != len(parts["row"]):
            raise NameFormatError(f"{text!r}: column and row must have equally many digits")
        tile = _tile(text, parts)
        return cls(tile, int(parts["column"]), int(parts["row"]), len(parts["column"]))

    def __str__(self) -> str:
        return f"{self.tile}_{self.column:0{self.index_width}d}_{self.row:0{self.index_width}d}"


@dataclass(frozen=True, slots=True)
class S1PatchName:
    """A Sentinel-1 patch: scene id, MGRS tile, column and row of the Sentinel-2 patch that it covers."""

    scene: str
    """Scene id up to the start time, such as S1A_IW_GRDH_1SDV_20170613T165043."""
    mgrs: str
    column: int
    row: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take a Sentinel-1 patch name apart.

        Raises:
            NameFormatError: if `text` is not a Sentinel-1 patch name.

        >>> S1PatchName.parse("S1A_IW_GRDH_1SDV_20170613T165043_33UUP_70_8").row
        8
        """
        example = "S1A_IW_GRDH_1SDV_20170613T165043_33UUP_70_48"
        parts = _match(_S1_PATCH, text, "a Sentinel-1 patch name", example)
        _parse_time(text, parts["time"])
        return cls(parts["scene"], parts["mgrs"], int(parts["column"]), int(parts["row"]))

    @property
    def mission(self) -> str:
        """Satellite: S1A, S1B, S1C, ..."""
        return self.scene[:3]

    @property
    def sensing_time(self) -> datetime:
        """Start of the acquisition, UTC without a time zone."""
        return datetime.strptime(self.scene.rsplit("_", 1)[1], _TIME_FORMAT)  # noqa: DTZ007 - names carry UTC

    def __str__(self) -> str:
        return f"{self.scene}_{self.mgrs}_{self.column}_{self.row}"


@dataclass(frozen=True, slots=True)
class V1PatchName:
    """A BigEarthNet v1 patch name.

    Two bugs of v1 are read and kept: an hour below 10 may lack its zero (`20170831T95030`), and seconds may be 60 or
    more (`sensing_time` then has 59).
    """

    mission: str
    stamp: str
    """Sensing time as the name has it, bugs included."""
    column: int
    row: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take a v1 patch name apart.

        Raises:
            NameFormatError: if `text` is not a v1 patch name.

        >>> V1PatchName.parse("S2B_MSIL2A_20171219T94160_5_84").sensing_time
        datetime.datetime(2017, 12, 19, 9, 41, 59)
        """
        parts = _match(_V1_PATCH, text, "a BigEarthNet v1 patch name", "S2A_MSIL2A_20170613T101031_26_57")
        _parse_v1_time(text, parts["time"])
        return cls(parts["mission"], parts["time"], int(parts["column"]), int(parts["row"]))

    @classmethod
    def is_name(cls, text: str) -> bool:
        """Whether a text is a v1 patch name.

        >>> V1PatchName.is_name("S2B_MSIL2A_20171219T94160_5_84"), V1PatchName.is_name("S2B_5_84")
        (True, False)
        """
        try:
            cls.parse(text)
        except NameFormatError:
            return False
        return True

    @property
    def sensing_time(self) -> datetime:
        """Start of the data take, UTC without a time zone, with the bugs of the name mended."""
        return _parse_v1_time(str(self), self.stamp)

    def __str__(self) -> str:
        return f"{self.mission}_MSIL2A_{self.stamp}_{self.column}_{self.row}"


def _match(pattern: re.Pattern[str], text: str, kind: str, example: str) -> dict[str, str]:
    """Named parts of `text`.

    Raises:
        NameFormatError: if `text` as a whole does not match `pattern`.
    """
    found = pattern.fullmatch(text)
    if found is None:
        raise NameFormatError(f"{text!r} is not {kind}; expected a name like {example}")
    return found.groupdict()


def _parse_time(text: str, time: str) -> datetime:
    """The UTC time `time`, a part of the name `text`.

    Raises:
        NameFormatError: if there is no such time.
    """
    try:
        return datetime.strptime(time, _TIME_FORMAT)  # noqa: DTZ007 - names carry UTC
    except ValueError as error:
        raise NameFormatError(f"{text!r}: {time} is not a time of the form YYYYMMDDThhmmss") from error


def _parse_v1_time(text: str, stamp: str) -> datetime:
    """`stamp` with the missing zero of the hour put back and impossible seconds read as 59."""
    date, clock = stamp.split("T")
    clock = clock.zfill(6)
    return _parse_time(text, f"{date}T{clock[:4]}{min(int(clock[4:]), 59):02d}")


def _tile(text: str, parts: dict[str, str]) -> TileName:
    """The tile in the parts of the name `text`.

    Raises:
        NameFormatError: if its sensing time is none.
    """
    return TileName(
        mission=parts["mission"],
        level=parts["level"],
        sensing_time=_parse_time(text, parts["time"]),
        baseline=parts["baseline"],
        orbit=int(parts["orbit"]),
        mgrs=parts["mgrs"],
    )
