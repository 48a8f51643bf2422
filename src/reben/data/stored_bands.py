"""Which bands a store has: reBEN's, or those with which another data set was encoded."""

from collections.abc import Sequence

from reben.core.bands import BANDS, Band, bands_of_tensors, select_bands
from reben.core.errors import BandError
from reben.io.store import Store, parse_header


def bands_of(store: Store, patch_id: str, selection: str | Sequence[str]) -> tuple[Band, ...]:
    """The chosen bands of a store; one of its patches tells which bands there are.

    Args:
        store: where the patch is.
        patch_id: which patch; the store may lack it, and is taken to have reBEN's bands then.
        selection: a set (`s1`, `s2`, `all`, `rgb`), band names, or band names joined by commas.

    Raises:
        BandError: if the store has no such band.
        StoreError: if the value of the patch is damaged.
    """
    stored = _bands_of_value(store, patch_id)
    if stored is None:
        return select_bands(selection)
    try:
        return select_bands(selection, stored)
    except BandError as error:
        raise BandError(f"{store.path}: {error}", hint=error.hint) from error


def is_foreign(band: Band) -> bool:
    """Whether it is a band of another data set than reBEN."""
    return BANDS.get(band.name) != band


def _bands_of_value(store: Store, patch_id: str) -> dict[str, Band] | None:
    """Bands of a patch's value; None if they are reBEN's, or if there is no such value."""
    if patch_id not in store:
        return None  # a store of Sentinel-1 alone, or one that lacks patches, which has an error message of its own
    tensors = parse_header(store.buffer(patch_id))
    rows = {name: (place.shape[0], place.dtype) for name, place in tensors.items() if place.shape}
    bands = bands_of_tensors(rows) if rows else {}
    known = [name for name in bands if name in BANDS]
    if not known or any(is_foreign(bands[name]) for name in known):
        return bands
    return None if len(known) == len(bands) else {**BANDS, **bands}
