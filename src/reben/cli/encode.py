"""`reben encode`: GeoTIFF data sets to LMDB+safetensors stores; one command per data set of the table."""

import time
from inspect import Parameter, Signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reben.cli.commands import add_command
from reben.cli.console import context, say, stderr
from reben.cli.from_model import options_from, with_options_of
from reben.core.errors import PluginError
from reben.encode.datasets import DATASETS
from reben.encode.options import EncodeOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from reben.encode.engine import EncodeResult
    from reben.encode.specification import DatasetSpecification, Part, Source

app = typer.Typer(help="Encode a GeoTIFF data set as an LMDB+safetensors store.", no_args_is_help=True)


def _print_table(wanted: bool) -> None:  # noqa: FBT001 - typer's signature
    if wanted:
        for dataset in _datasets(broken=lambda error: stderr.print(f"warning: {error}", markup=False)):
            folders = " ".join(f"--{part.option} {part.folder}" for part in dataset.parts)
            say(f"{dataset.name:<16} {dataset.title:<26} {folders}")
        raise typer.Exit


def _datasets(*, broken: "Callable[[PluginError], None]" = lambda _: None) -> "Iterator[DatasetSpecification]":
    """Every data set that can be loaded: a package that does not work takes away its own data sets only."""
    for name in DATASETS:
        try:
            yield DATASETS[name]
        except PluginError as error:
            broken(error)


@app.callback()
def _options(
    listing: Annotated[
        bool, typer.Option("--list", callback=_print_table, is_eager=True, help="List all data sets and exit.")
    ] = False,
) -> None:
    pass


_ARCHIVE_ENDINGS = (".tar.zst", ".tar.gz", ".tar.gzaa", ".tar")
_RENAMED = {"--target": "--output"}
_Target = Annotated[Path, typer.Option("--output", help="Store to create; must not exist.", show_default=False)]
_TargetOrData = Annotated[
    Path | None,
    typer.Option("--output", help="Store to create; by default `store` in the data folder.", show_default=False),
]
_Data = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Data folder: the parts in it are encoded, and the store becomes part of it.", show_default=False
    ),
]


def _add_command(dataset: "DatasetSpecification") -> None:
    """Make a command of a data set: an option for the folder of each of its parts."""

    def run(**given: Any) -> None:  # noqa: ANN401 - whatever the signature below says
        from reben.encode.specification import source_at

        roots = {part: given.pop(_variable(part.option)) for part in dataset.parts}
        if not only:
            _complete(roots, given)
        target = given.pop("target")
        _encode([source_at(part, root) for part, root in roots.items() if root is not None], target, **given)

    only = len(dataset.parts) == 1
    parameters: dict[str, tuple[Any, Any]] = {
        _variable(part.option): (
            Annotated[str if only else str | None, _root_option(part)],
            Parameter.empty if only else None,
        )
        for part in dataset.parts
    }
    parameters |= (
        {"target": (_Target, Parameter.empty)}
        if only
        else {
            "target": (_TargetOrData, None),
            "data": (_Data, None),
        }
    )
    run.__signature__ = Signature(  # type: ignore[attr-defined]
        [
            Parameter(name, Parameter.KEYWORD_ONLY, annotation=kind, default=default)
            for name, (kind, default) in parameters.items()
        ]
    )
    run.__doc__ = f"Encode {dataset.title}{'' if only else ', or some of its parts'}."
    add_command(app, dataset.name, with_options_of(EncodeOptions)(run), renamed=_RENAMED)


def _root_option(part: "Part") -> Any:  # noqa: ANN401 - typer has no type for options
    """The option for the folder or archive of a part; without `-dir`, too, since archives are none."""
    names = [f"--{part.option}"]
    if part.option.endswith("-dir"):
        names.append(f"--{part.option.removesuffix('-dir')}")
    content = f"{part.folder}: the folder, its archive, or the address of one."
    return typer.Option(*names, help=content, show_default=False, metavar="PATH|URL")


def _complete(roots: "dict[Part, str | None]", options: dict[str, Any]) -> None:
    """Take folders and target that are not given from the data folder, if there is one.

    Raises:
        BadParameter: if there is no target.
    """
    from reben.io.dataset.paths import DatasetPaths

    data = options.pop("data")
    if data is not None and not any(roots.values()):
        roots |= {part: _part_in(data, part) for part in roots}
        if not any(roots.values()):
            folders = ", ".join(part.folder for part in roots)
            raise typer.BadParameter(f"{data} has none of the folders or archives {folders}")
    if options["target"] is None:
        if data is None:
            raise typer.BadParameter("--output is missing; give --output, or --data")
        options["target"] = DatasetPaths(data).store


def _part_in(data: Path, part: "Part") -> str | None:
    """The folder of a part in a data folder, or its archive; None if there is neither."""
    names = (part.folder, *(part.folder + ending for ending in _ARCHIVE_ENDINGS))
    return next((str(data / name) for name in names if (data / name).exists()), None)


def _variable(option: str) -> str:
    return option.replace("-", "_")


for _dataset in _datasets():
    _add_command(_dataset)


@with_options_of(EncodeOptions)
def custom(
    specification: Annotated[Path, typer.Argument(help="Specification of the data set (TOML).", show_default=False)],
    roots: Annotated[
        list[str],
        typer.Option(
            "--dir", help="Folder or archive of each part, in their order.", show_default=False, metavar="PATH|URL"
        ),
    ],
    target: _Target,
    **settings: Any,  # noqa: ANN401 - an option for each field of the model
) -> None:
    """Encode a data set of your own, as a specification describes it."""
    from reben.encode.custom import read_specification
    from reben.encode.specification import source_at

    dataset = read_specification(specification)
    if len(roots) != len(dataset.parts):
        raise typer.BadParameter(
            f"{dataset.name} needs one --dir for each of its parts ({', '.join(part.name for part in dataset.parts)}); "
            f"{len(roots)} {'was' if len(roots) == 1 else 'were'} given"
        )
    sources = [source_at(part, root) for part, root in zip(dataset.parts, roots, strict=True)]
    _encode(sources, target, **settings)


add_command(app, "custom", custom, renamed=_RENAMED)


def _encode(sources: "Sequence[Source]", target: Path, **settings: Any) -> None:  # noqa: ANN401 - as above
    """Encode, and say what was done.

    Raises:
        Exit: with code 1 if samples were skipped.
    """
    from reben.encode.stage import encode_sources

    start = time.perf_counter()
    encoded = encode_sources(sources, target, options_from(EncodeOptions, **settings), context())
    _print_result(encoded.result, encoded.found, target, time.perf_counter() - start)


def _print_result(result: "EncodeResult", samples: dict[str, int], target: Path, seconds: float) -> None:
    """Counts on standard output, what was skipped on standard error.

    Raises:
        Exit: with code 1 if samples were skipped.
    """
    for name, count in result.counts.items():
        say(f"{count:>9,} {name}")
    expected, found = (samples.get(name, 0) for name in ("Sentinel-2 patches", "reference maps"))
    if 0 < found < expected:
        stderr.print(f"note: {expected - found:,} Sentinel-2 patches have no reference map")
    size = sum(file.stat().st_size for file in target.rglob("*"))
    say(f"{target}: {sum(result.counts.values()):,} values, {size / 1e6:,.1f} MB, {seconds:.1f} s")
    for key, message in result.skipped.items():
        stderr.print(f"skipped: {key}: {message}", markup=False)
    if result.skipped:
        raise typer.Exit(1)
