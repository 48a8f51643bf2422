"""`reben demo`."""

import time
from pathlib import Path
from typing import Annotated

import typer

from reben.cli.console import needs_extra, progress, say, stderr
from reben.cli.evaluate import print_scores
from reben.cli.train import print_epoch


def demo(
    output: Annotated[Path, typer.Option(help="Folder to make; must not exist.")] = Path("reben-demo"),
) -> None:
    """Run the main job on a synthetic area: make L1C products, correct, build, encode, label and map, test, draw."""
    with needs_extra("learn,report"):
        from reben.demo import job

    start = time.perf_counter()
    result = job.run_demo(output, progress=progress, report_stage=stderr.print, report_epoch=print_epoch)
    print_scores(result.scores, "test")
    print_scores(result.map_scores, "test")
    say(f"picture: {result.picture}")
    say("explore it, with the model's errors and embeddings:")
    say(
        f"  reben explore {output / 'dataset'} --predictions {output / job.PREDICTIONS_FILE} "
        f"--embeddings {output / job.EMBEDDINGS_FILE}"
    )
    say(f"done in {time.perf_counter() - start:.0f} s; all files are in {output}")
