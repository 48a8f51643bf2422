"""An audit: open a copy, take a sample, make all checks, say what was found."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from reben.audit.checks.table import CHECKS
from reben.audit.copies.band_names import reben_name
from reben.audit.copies.copy import UNNAMED, Copy
from reben.audit.copies.datasets import SizedDataset, open_dataset_copy
from reben.audit.copies.opening import open_copy
from reben.audit.copies.pairing import ground_of
from reben.audit.options import AuditOptions
from reben.audit.reference import Reference, open_reference
from reben.audit.report import AuditReport, worst_first
from reben.audit.subject import Subject, take_sample
from reben.core.bands import BANDS, names_in
from reben.core.errors import AuditError
from reben.core.names import V1PatchName
from reben.core.text import printable
from reben.work.progress import Begin, begin_unseen

AnyPath = str | os.PathLike[str]


def audit(
    copy: AnyPath | SizedDataset,
    reference: AnyPath | None = None,
    *,
    bands: str | Sequence[str] | None = None,
    patches: int = 100,
    seed: int = 0,
    patch_ids: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    start: Begin = begin_unseen,
) -> AuditReport:
    """Audit a copy of reBEN, or of a part of it.

    Args:
        copy: path of a folder of GeoTIFFs, a data folder, a store, an HDF5 or TACO file; or a Python data set with
            samples as mappings or tuples.
        reference: path of published patches, known to be right, or of a metadata table.
        bands: of images in the order of their channels, where the copy does not name them.
        patches: how many are looked at, at most.
        seed: of the choice of patches.
        patch_ids: of a Python data set whose samples and attributes do not name them.
        class_names: of the label vectors of a Python data set, in order.
        start: called with the number of patches; returns the progress callback.

    Raises:
        AuditError: if the copy cannot be opened, nothing in it can be read, or it has nothing to do with reBEN or with
            the reference.
        RebenError: if the reference cannot be read.
    """
    options = AuditOptions(patches=patches, seed=seed)
    named = _named_bands(bands) if bands is not None else None
    opened: Copy
    if isinstance(copy, str | os.PathLike):
        opened, name = open_copy(Path(copy), named), str(copy)
    else:
        opened = open_dataset_copy(copy, bands=named, class_names=class_names, patch_ids=patch_ids)
        name = f"{type(copy).__name__} of {len(copy):,} samples"
    known = None if reference is None else open_reference(Path(reference))
    expect_patches(opened, known)
    subject = take_sample(opened, known, options, start)
    expect_anything(subject)
    findings = [finding for check in CHECKS.values() for finding in check(subject)]
    return AuditReport(
        printable(name),
        opened.form,
        len(subject.patch_ids),
        len(subject.patches),
        len(subject.compared),
        tuple(subject.bands),
        worst_first(findings),
        tuple(_notes(subject)),
    )


def _named_bands(bands: str | Sequence[str]) -> tuple[str, ...]:
    """Bands as a user names them.

    Raises:
        AuditError: if none is a band of reBEN.
    """
    named = names_in(bands)
    if not any(map(reben_name, named)):
        raise AuditError(
            f"--bands names no band of reBEN: {', '.join(named)}",
            hint=f"expected s1, s2, all, or names such as {','.join(BANDS)}",
        )
    return named


def expect_patches(copy: Copy, reference: Reference | None) -> None:
    """Notice a copy that has nothing to do with reBEN, or with the reference.

    Raises:
        AuditError: if no name is a patch id, or the reference knows none of them.
    """
    names = copy.patch_ids
    named = [name for name in names if not name.startswith(UNNAMED)]
    if named and not any(ground_of(name) or V1PatchName.is_name(name) for name in named):
        raise AuditError(
            f"none of {len(named):,} names is a patch id of reBEN; the first is {named[0]!r}",
            hint="expected names like S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57",
        )
    if named and reference is not None and not any(reference.knows(name) for name in named):
        first = next(iter(reference.patch_ids), "nothing")
        raise AuditError(
            f"the reference knows none of the {len(named):,} patches of the copy; it begins with {first}, the copy "
            f"with {named[0]}",
            hint="give a reference that holds the same patches, or none",
        )


def expect_anything(subject: Subject) -> None:
    """Notice a copy in which nothing is called as anything of reBEN.

    Raises:
        AuditError: if no patch has a band, a mask or labels.
    """
    told = any(row.labels is not None or row.split is not None for row in subject.rows.values())
    if not subject.bands and not told and all(patch.mask is None for patch in subject.patches):
        others = sorted({name for patch in subject.patches for name in patch.others})
        found = f"; there are {', '.join(others[:5])}" if others else ""
        raise AuditError(
            f"no band of reBEN is found in the copy{found}",
            hint="say with --bands, or bands= in Python, which bands the channels are: B02,B03,B04 or s2",
        )


def _notes(subject: Subject) -> Iterator[str]:
    """What an audit of this copy cannot say."""
    if not any(ground_of(name) for name in subject.patch_ids):
        yield "where patches lie, their splits and their published values: they have no patch ids"
    if subject.bands and not subject.compared and subject.reference is None:
        yield "what only published values tell, such as flipped images; give them with --reference"
    elif subject.bands and not subject.compared:
        yield "published values: the reference has no pixels of the patches that were looked at"
    if not any(row.labels is not None for row in subject.rows.values()):
        yield "labels: the copy has none"
    if not any(row.split is not None for row in subject.rows.values()):
        yield "splits: the copy has none"
    if all(patch.mask is None for patch in subject.patches):
        yield "reference maps: the copy has none"
    odd = [band for band in subject.bands if not all(p.bands[band].is_square for p in subject.having(band))]
    if odd:
        yield f"what {', '.join(odd)} show: their sizes are not those of patches"
    varied = {p.patch_id for p in subject.patches if any(np.ptp(b.pixels) > 0 for b in p.bands.values())}
    if subject.bands and not varied:
        yield "what the bands show: all pixels are equal"
    for name, reason in list(subject.left_out())[:5]:
        yield f"{name}: {reason}"
