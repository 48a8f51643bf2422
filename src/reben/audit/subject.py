"""What checks are given: a sample of a copy's patches, what is said of all of them, and the reference beside."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from reben.audit.copies.copy import UNNAMED, Copy, CopyRow
from reben.audit.copies.tables import merged
from reben.audit.matching import Matches, match
from reben.audit.options import AuditOptions
from reben.audit.reference import Reference, Truth
from reben.audit.seen import SeenPatch, seen_patch
from reben.core.bands import BANDS
from reben.core.errors import AuditError, RebenError
from reben.work.progress import Begin, begin_unseen


@dataclass(frozen=True)
class Subject:
    """A copy as its audit sees it."""

    copy: Copy
    reference: Reference | None
    patches: Sequence[SeenPatch]
    """Those that were looked at, in the order of the copy."""
    rows: Mapping[str, CopyRow]
    """What the copy says of its patches beside pixels: of all where it has tables, else of those looked at."""
    unreadable: Mapping[str, str]
    """Why patches could not be read, by id."""
    patch_ids: Sequence[str]
    """Of all patches; of a data set whose samples alone name them, of those looked at."""
    repeated_ids: Sequence[str] = ()
    reference_errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def named_ids(self) -> list[str]:
        """Ids of all patches that have any."""
        return [name for name in self.patch_ids if not name.startswith(UNNAMED)]

    @property
    def bands(self) -> list[str]:
        """The bands that some patch has, in reBEN's order."""
        return [band for band in BANDS if any(band in patch.bands for patch in self.patches)]

    def having(self, *bands: str) -> list[SeenPatch]:
        """The patches that have all of these bands."""
        return [patch for patch in self.patches if all(band in patch.bands for band in bands)]

    @property
    def compared(self) -> list[SeenPatch]:
        """The patches with published bands beside them."""
        return [patch for patch in self.patches if patch.truth]

    @property
    def alone(self) -> list[SeenPatch]:
        """The patches of which only the copy itself can tell something."""
        return [patch for patch in self.patches if not patch.truth]

    def left_out(self) -> Iterator[tuple[str, str]]:
        """What was not looked at in the copy and in the reference, and why."""
        yield from self.copy.left_out.items()
        yield from self.reference_errors.items()

    @cached_property
    def matches(self) -> Matches:
        """What the patches with published bands beside them show."""
        return match(self.compared)


def sampled(count: int, most: int, seed: int) -> list[int]:
    """Positions spread over all of them: one at random from each of `most` equal stretches.

    >>> sampled(3, 5, 0)
    [0, 1, 2]
    """
    if count <= most:
        return list(range(count))
    edges = np.linspace(0, count, most + 1).astype(np.int64)
    chosen: list[int] = np.random.default_rng(seed).integers(edges[:-1], edges[1:]).tolist()
    return chosen


def take_sample(copy: Copy, reference: Reference | None, options: AuditOptions, start: Begin = begin_unseen) -> Subject:
    """Read a sample of a copy, and the same patches of the reference.

    Args:
        copy: to audit.
        reference: published values; None if there are none.
        options: how many patches, and which.
        start: called with the number of patches; returns the progress callback.

    Raises:
        AuditError: if no patch of the sample can be read.
    """
    positions = sampled(len(copy.patch_ids), options.patches, options.seed)
    progress = start(len(positions))
    rows = dict(copy.rows)
    unreadable: dict[str, str] = {}
    reference_errors: dict[str, str] = {}
    seen: list[SeenPatch] = []
    ids = list(copy.patch_ids)
    for position in positions:
        name = copy.patch_ids[position]
        try:
            patch = copy.read(position)
        except RebenError as error:
            unreadable[name] = str(error)
        else:
            name = ids[position] = patch.patch_id or name
            rows[name] = merged(patch.row, rows.get(name))
            truth = _truth(reference, name, reference_errors)
            seen.append(seen_patch(name, patch, rows[name], truth.bands, truth.reference_map))
        progress(1)
    if not seen:
        first, reason = next(iter(unreadable.items()))
        raise AuditError(
            f"none of {len(positions)} patches can be read; the first, {first}: {reason}",
            hint="is this a copy of reBEN, and is it whole?",
        )
    repeated = [name for name, count in Counter(ids).items() if count > 1]
    return Subject(copy, reference, seen, rows, unreadable, ids, repeated, reference_errors)


def _truth(reference: Reference | None, name: str, errors: dict[str, str]) -> Truth:
    if reference is None:
        return Truth()
    try:
        return reference.find(name)
    except RebenError as error:
        errors[name] = str(error)
        return Truth()


def ids_of(patches: Iterable[SeenPatch]) -> tuple[str, ...]:
    """Ids of patches."""
    return tuple(patch.patch_id for patch in patches)
