"""The table of backbones: rows of this package, rows that others add, and any model of timm.

A package adds rows by the entry point group `reben.backbones`, whose names are those of the rows and whose values are
`Backbone` objects.
"""

import difflib

from reben.core.errors import BackboneError
from reben.core.published_models import ARCHITECTURES, MODALITIES, published_weights
from reben.core.registry import Registry
from reben.learn.backbones import own_rows, satlas, ssl4eo_s12, terratorch_rows, torchgeo_rows
from reben.learn.backbones.row import Backbone

_PAPER_ROWS = tuple(
    own_rows.paper_row(name, modality, published_weights(name, modality))
    for name in ARCHITECTURES
    for modality in MODALITIES
)

BACKBONES: Registry[Backbone] = Registry(
    "reben.backbones",
    {
        row.name: row
        for rows in (
            own_rows.RAW_ROWS,
            _PAPER_ROWS,
            ssl4eo_s12.ROWS,
            satlas.ROWS,
            torchgeo_rows.ROWS,
            terratorch_rows.ROWS,
        )
        for row in rows
    },
    kind=Backbone,
)
"""By name; timm's models have no rows of their own."""


def find_backbone(name: str) -> Backbone:
    """The row of this name, or one made for a model of timm.

    Raises:
        BackboneError: if there is neither.
        PluginError: if another package adds the row and cannot be loaded.
    """
    if name in BACKBONES:
        return BACKBONES[name]
    import timm  # noqa: PLC0415 - takes seconds, and the base install lacks it

    if timm.is_model(name.partition(".")[0]):
        return own_rows.timm_row(name)
    similar = difflib.get_close_matches(name, [*BACKBONES, *timm.list_models()], n=3)
    raise BackboneError(
        f"there is no backbone {name!r}",
        hint=f"did you mean {', '.join(similar)}?" if similar else "`reben backbones` lists all",
    )
