"""`reben export`."""

from pathlib import Path
from typing import Annotated

import typer

from reben.cli import options
from reben.cli.console import needs_extra, say


def export(
    checkpoint: options.Checkpoint,
    onnx: Annotated[Path, typer.Option("--output", help="ONNX file to write.", show_default=False)],
    with_normalisation: Annotated[
        bool, typer.Option("--with-normalisation", help="Let the file take raw images and normalise them itself.")
    ] = False,
) -> None:
    """Export a trained model as an ONNX file, for use without PyTorch.

    The file gets its name only if ONNX Runtime computes with it what PyTorch computes. Its metadata name bands, means,
    standard deviations and classes.
    """
    options.expect_ending(onnx, (".onnx",), "--output")
    with needs_extra("learn,export"):
        from reben.learn.inference.onnx_export import export_onnx
        from reben.learn.models.weights import load_model

    exported = export_onnx(load_model(checkpoint), onnx, with_normalisation=with_normalisation)
    say(
        f"{exported.path}: {exported.nbytes:,} bytes; logits of {exported.images} images differ from PyTorch's by "
        f"{exported.largest_difference:.1e} at most"
    )
