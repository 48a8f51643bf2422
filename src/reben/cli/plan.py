"""`reben plan`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from reben.cli import options
from reben.cli.console import STDOUT, print_json, say, stderr
from reben.cli.from_model import options_from, with_options_of
from reben.pipeline.planning import PlanOptions


@with_options_of(PlanOptions)
def plan(
    output: Annotated[
        Path | None,
        typer.Option(help="Configuration for `reben pipeline` to write (YAML).", show_default=False),
    ] = None,
    json: options.Json = None,
    **settings: Any,  # noqa: ANN401 - an option for each field of the model
) -> None:
    """Say what a data set of an area takes: tiles, products, bytes, hours, memory; and write a configuration for it.

    Nothing is asked of any server. Figures per tile are those that were measured.

    Examples:
    reben plan --area alps.geojson --years 2021 --land-cover worldcover-tiles --output alps.yaml
    """
    from reben.pipeline.planning import configuration_of, make_plan
    from reben.work import atomic

    chosen = options_from(PlanOptions, **settings)
    with stderr.status("looking for tiles ..."):
        found = make_plan(chosen)
    if output is not None:
        atomic.write_text(output, configuration_of(chosen, output))
    if json is not None:
        print_json(json, found.as_dict())
    if json != STDOUT:
        for line in found.lines():
            say(line)
        if output is not None:
            say(f"{output}: reben pipeline {output}")
