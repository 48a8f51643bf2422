"""What an audit finds: one fault each, in a sentence, with the evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from reben.core.bands import S2_BANDS

Evidence = str | int | float | bool | None | Sequence["Evidence"] | Mapping[str, "Evidence"]
"""What JSON can hold."""

SENSOR_NAMES = {"s1": "Sentinel-1", "s2": "Sentinel-2"}
"""By the short names that bands have for their sensors."""
_MOST_IDS = 20


class Severity(IntEnum):
    """How much a fault matters to whoever trains on the copy."""

    minor = 1
    """Values are slightly other ones, or something is missing that can be looked up."""
    serious = 2
    """Models trained on the copy see something else than reBEN."""
    grave = 3
    """Results on the copy mean something else than they say."""


class Certainty(StrEnum):
    """How sure a finding is."""

    certain = "certain"
    """It follows from the values themselves: nothing else could have made them."""
    very_likely = "very likely"
    """No real patch that we know looks like this."""
    likely = "likely"
    """Few real patches look like this."""


class Kind(StrEnum):
    """What is wrong."""

    wrong_band = "wrong band"
    swapped_bands = "swapped bands"
    repeated_band = "repeated band"
    missing_band = "missing band"
    unknown_band = "unknown band"
    unit = "unit"
    scaled = "scaled"
    standardised = "standardised"
    offset = "offset"
    rounded = "rounded"
    precision = "precision"
    clipped = "clipped"
    changed = "changed pixels"
    level = "product level"
    processing = "other processing"
    resampling = "resampling"
    size = "size"
    orientation = "orientation"
    shift = "shift"
    other_patch = "other patch"
    duplicate = "duplicate"
    not_a_number = "not a number"
    nodata = "nodata"
    constant = "constant"
    labels = "labels"
    class_order = "class order"
    nomenclature = "nomenclature"
    no_labels = "no labels"
    map_labels = "labels and map"
    map_codes = "map codes"
    map_indices = "map indices"
    other_map = "other map"
    wrong_split = "split"
    split_overlap = "overlap of splits"
    unknown_split = "unknown split"
    snow_and_cloud = "snow and cloud"
    foreign = "foreign patches"
    malformed = "malformed ids"
    v1 = "version 1"
    pairing = "pairing"
    repeated_id = "repeated id"
    unreadable = "unreadable"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of a copy."""

    kind: Kind
    severity: Severity
    sentence: str
    """What is wrong, for people."""
    certainty: Certainty = Certainty.certain
    bands: tuple[str, ...] = ()
    """Bands concerned, by reBEN's names."""
    patches: tuple[str, ...] = ()
    """Ids of the patches concerned, of those that were looked at; empty if all are."""
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    """Numbers and names that the sentence rests on."""

    def as_dict(self) -> dict[str, Evidence]:
        """For JSON; of many patches the first are named."""
        return {
            "kind": self.kind.value,
            "severity": self.severity.name,
            "certainty": self.certainty.value,
            "sentence": self.sentence,
            "bands": list(self.bands),
            "patches": list(self.patches[:_MOST_IDS]),
            "number_of_patches": len(self.patches),
            "evidence": dict(self.evidence),
        }


def listed(names: Sequence[str], most: int = 14) -> str:
    """Names as a part of a sentence.

    >>> listed(["VV", "VH"]), listed(["B01", "B02", "B03"]), listed(["a", "b", "c"], most=2)
    ('VV and VH', 'B01, B02 and B03', 'a, b and 1 more')
    """
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most:,} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def band_names(bands: Sequence[str]) -> str:
    """Bands as a part of a sentence; a whole sensor by its name.

    >>> band_names(["VV", "B02"]), band_names(S2_BANDS)
    ('VV and B02', 'All bands of Sentinel-2')
    """
    if set(bands) >= {*S2_BANDS}:
        return listed(["All bands of Sentinel-2", *(band for band in bands if band not in S2_BANDS)])
    return listed(bands)


def counted(number: int, of: int, noun: str) -> str:
    """A share in words.

    >>> counted(12, 12, "patches"), counted(2, 12, "patches"), counted(1, 1, "patches")
    ('all 12 patches', '2 of 12 patches', '1 of 1 patches')
    """
    return f"all {of:,} {noun}" if number == of > 1 else f"{number:,} of {of:,} {noun}"


def merged_evidence(by_band: Mapping[str, Mapping[str, Evidence]]) -> dict[str, Evidence]:
    """Evidence of several bands: what is the same of all as it is, what differs by band.

    >>> merged_evidence({"B01": {"unit": "power", "n": 1}, "B02": {"unit": "power", "n": 2}})
    {'unit': 'power', 'n': {'B01': 1, 'B02': 2}}
    """
    first = next(iter(by_band.values()), {})
    merged: dict[str, Evidence] = {}
    for key in dict.fromkeys(key for evidence in by_band.values() for key in evidence):
        values = {band: evidence.get(key) for band, evidence in by_band.items()}
        merged[key] = first.get(key) if all(value == first.get(key) for value in values.values()) else values
    return merged


def plural(names: Sequence[object], verb: str, verbs: str) -> str:
    """The form of a verb for one or several."""
    return verb if len(names) == 1 else verbs
