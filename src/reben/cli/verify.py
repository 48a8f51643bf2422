"""`reben verify`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reben.cli import options
from reben.cli.console import STDOUT, context, print_json, progress, say, stderr

if TYPE_CHECKING:
    from reben.verify.findings import Check


def verify(
    data: Annotated[
        list[Path] | None, typer.Argument(help="Data sets in the published layout, and stores.", show_default=False)
    ] = None,
    published: Annotated[
        list[Path] | None, typer.Option(help="Published metadata table. May be repeated.", show_default=False)
    ] = None,
    metadata: Annotated[
        list[Path] | None,
        typer.Option(help="Tables of a store; by default those beside it. May be repeated.", show_default=False),
    ] = None,
    v1_geometries: Annotated[
        Path | None,
        typer.Option(help="Directory with the v1 footprints: countries of published tables are checked, too."),
    ] = None,
    release: Annotated[
        bool,
        typer.Option(
            "--release",
            help="Compare, byte for byte, with reBEN as it was published, or with the release whose hashes.txt or "
            "FILE.md5 is given behind it.",
        ),
    ] = False,
    like: Annotated[
        str | None,
        typer.Option(
            help="With --release: archive of that release (path or address), of which the first bytes are read, to "
            "know the form of the headers instead of trying the usual ones.",
            show_default=False,
            metavar="PATH|URL",
        ),
    ] = None,
    tile_extents: options.TileExtents = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that read; by default one per processor.")
    ] = None,
    json: options.Json = None,
) -> None:
    """Check data sets and stores against their tables, and published tables against the rules.

    Of a data set every file is read: present, size, data type, place; labels are made again from the reference maps,
    splits from the grid. With --release the archives are made again in memory, and their MD5 is compared: is this, byte
    for byte, what was published? Ends with exit code 1 where something differs.

    Examples:
    reben verify reben

    reben verify reben --release

    reben verify copy --release release/hashes.txt
    """
    if not data and not published:
        raise typer.BadParameter("give a data set, a store, or --published TABLE")
    if release:
        if published or metadata or v1_geometries:
            raise typer.BadParameter("--release goes without --published, --metadata and --v1-geometries")
        _verify_release(data or [], like, tile_extents, workers, json)
        return
    if like is not None or tile_extents is not None:
        raise typer.BadParameter("--like and --tile-extents belong to --release")
    if v1_geometries is not None and not published:
        raise typer.BadParameter("--v1-geometries belongs to --published")
    if metadata and not data:
        raise typer.BadParameter("--metadata belongs to a store")
    _end(list(_check_all(data or [], published or [], metadata or [], v1_geometries, workers)), [], json)


def _verify_release(
    given: list[Path], like: str | None, tile_extents: Path | None, workers: int | None, json: Path | None
) -> None:
    """Compare data sets with the published release, or with the one whose folder or list of MD5 sums was given, too."""
    from dataclasses import replace

    from reben.release.claims import form_in, published_claims, read_claims
    from reben.release.data import find_release_data
    from reben.release.hashes import HASHES_FILE
    from reben.release.proof import prove
    from reben.release.report import REPORT_FILE
    from reben.work.processes import available_cpus

    given = [path / HASHES_FILE if (path / REPORT_FILE).is_file() else path for path in given]
    lists = [path for path in given if path.suffix in {".txt", ".md5"} and not path.is_dir()]
    data = [path for path in given if path not in lists]
    if len(lists) > 1 or not data:
        raise typer.BadParameter("--release takes a data set, and at most one list of MD5 sums (.txt or .md5)")
    claims = read_claims(lists[0]) if lists else published_claims()
    if like is not None:
        claims = replace(claims, forms=(form_in(like),))
    proofs = [
        prove(
            find_release_data(path, tile_extents=tile_extents), claims, context(), threads=workers or available_cpus()
        )
        for path in data
    ]
    _end(
        [check for proof in proofs for check in proof.checks],
        [note for proof in proofs for note in proof.notes],
        json,
        not_compared=sorted({archive for proof in proofs for archive in proof.not_compared}),
    )


def _end(checks: "list[Check]", notes: list[str], json: Path | None, not_compared: "Sequence[str]" = ()) -> None:
    """Print checks and notes; exit code 1 where something differs.

    Args:
        checks: that were made.
        notes: on them.
        json: where to write them, too.
        not_compared: archives of a release that are on one side only.

    Raises:
        Exit: if something differs.
    """
    differences = sum(check.differences for check in checks)
    if json is not None:
        print_json(
            json,
            {
                "differences": differences,
                "checks": [check.as_dict() for check in checks],
                "notes": notes,
                "not_compared": [*not_compared],
            },
        )
    for note in notes:
        stderr.print(f"note: {note}", markup=False)
    if json != STDOUT:
        _print_checks(checks, not_compared)
    if differences:
        raise typer.Exit(1)


def _print_checks(checks: "Sequence[Check]", not_compared: "Sequence[str]") -> None:
    """A line per check, what differs, and a verdict."""
    from reben.verify.patch_check import STRAYS

    for check in checks:
        say(f"{check.checked:>9,} checked, {check.differences:>7,} differ: {check.rule}")
        for finding in check.findings:
            say(f"          {finding.where}: {finding.what}")
        if check.differences > len(check.findings):
            say(f"          and {check.differences - len(check.findings):,} more")
    differing = [check for check in checks if check.differences]
    if not differing and not_compared:
        say(f"nothing differs in {len(checks)} checks; not compared: {', '.join(not_compared)}")
        return
    if not differing:
        say(f"all is well: nothing differs in {len(checks)} checks")
        return
    total = sum(check.differences for check in differing)
    say(f"{total:,} differences in {len(differing)} of {len(checks)} checks")
    if any(check.rule == STRAYS for check in differing):
        stderr.print(
            "hint: patches with snow, clouds or cloud shadows have a metadata table of their own; give both tables "
            "with --metadata, or put both beside the store"
        )


def _check_all(
    data: list[Path], published: list[Path], metadata: list[Path], v1_geometries: Path | None, workers: int | None
) -> "Iterator[Check]":
    """All checks, one data set after the other."""
    from reben.verify.any_data import verify_data
    from reben.verify.published import verify_published
    from reben.work.processes import available_cpus

    for path in data:
        with progress(f"verifying {path.name}") as start:
            yield from verify_data(path, metadata, workers=workers or available_cpus(), start=start)
    if published:
        with stderr.status("verifying published tables ..."):
            checks = verify_published(published, v1_geometries=v1_geometries)
        yield from checks
