"""`reben backbones`."""

from reben.cli import options
from reben.cli.console import STDOUT, needs_extra, print_json, say


def backbones(json: options.Json = None) -> None:
    """List the pre-trained models that `reben embed --backbone` and `reben train --backbone` take.

    Any model of timm is one, too, under timm's name: resnet50 for random weights (resnet50@random), resnet50.a1_in1k
    for those that timm names so.
    """
    with needs_extra("learn"):
        from reben.learn.backbones.table import BACKBONES

    rows = [BACKBONES[name] for name in BACKBONES]
    if json is not None:
        print_json(json, [row.as_dict() for row in rows])
    if json != STDOUT:
        for row in rows:
            side = f"{row.side_px} px" if row.side_px else "any size"
            vector = f"{row.dimensions} dimensions" if row.dimensions else ""
            weights = f"{row.parameters / 1e6:.1f} M" if row.parameters else ""
            say("\t".join((row.name, row.library, f"{len(row.channels)} bands", side, vector, weights, row.licence)))
