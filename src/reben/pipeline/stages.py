"""The stages. Each calls what its command calls, and says what it made and what is missing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reben.acquire.download import download
from reben.acquire.folder import State as DownloadState
from reben.acquire.options import SearchOptions
from reben.acquire.products import read_products, write_products
from reben.acquire.search import search
from reben.acquire.stac.options import StacOptions
from reben.acquire.stac.search import search_stac
from reben.construct.inputs import BuildInputs
from reben.construct.options import BuildOptions
from reben.construct.stage import build_dataset
from reben.core.errors import PipelineError
from reben.correct.engines import engine_of
from reben.correct.sixs.adjacency_range import RANGE_M
from reben.correct.stage import correct_products
from reben.encode.bigearthnet import bigearthnet
from reben.encode.specification import Source
from reben.encode.stage import encode_sources
from reben.io.dataset.paths import DatasetPaths
from reben.io.l2a_sources import find_l2a
from reben.pipeline.configuration import Configuration, Correction
from reben.pipeline.state import fingerprint, marks
from reben.work.atomic import write_json
from reben.work.checksums import sha256_of_all
from reben.work.context import Context

Paths = tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """What a stage did."""

    paths: tuple[Path, ...]
    """What it made, or found made; the next stage starts from these and no others that lie in its folder."""
    summary: dict[str, Any]
    missing: dict[str, str] = field(default_factory=dict)
    """What could not be done, and why."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of the pipeline."""

    name: str
    inputs: Callable[[Paths], str]
    """Fingerprint of what goes in, given what the stage before made."""
    run: Callable[[Paths], Made]
    """Do it, given what the stage before made."""
    check: Callable[[], None] = lambda: None
    """Whether it could be done, as far as that can be told before the first stage: downloads take days."""


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a pipeline keeps what it makes."""

    root: Path

    @property
    def listing(self) -> Path:
        """What the search found."""
        return self.root / "products.csv"

    @property
    def items(self) -> Path:
        """What the search in a STAC catalogue found."""
        return self.root / "items.json"

    @property
    def s1_items(self) -> Path:
        """The scenes of Sentinel-1 that were found in a STAC catalogue."""
        return self.root / "s1-items.json"

    @property
    def l1c(self) -> Path:
        """Downloaded L1C products."""
        return self.root / "L1C"

    @property
    def l2a(self) -> Path:
        """L2A products, downloaded or made."""
        return self.root / "L2A"

    @property
    def dataset(self) -> DatasetPaths:
        """The data set."""
        return DatasetPaths(self.root / "dataset")

    @property
    def store(self) -> Path:
        """The store that is made of it."""
        return self.root / "store"


_MOST_NAMED = 3
"""Items without use that a message names."""


def stages_of(configuration: Configuration, context: Context) -> list[Stage]:
    """The stages that a configuration needs, in order."""
    folders = Folders(configuration.output)
    stages = []
    if configuration.search is not None and configuration.search.stac:
        stages.append(_stac_stage("search", configuration.search, configuration.search, folders.items, context))
    elif configuration.search is not None:
        stages += [
            _search_stage(configuration.search, folders, context),
            _download_stage(configuration, folders, context),
        ]
    if not configuration.gives_l2a:
        stages.append(_correct_stage(configuration, folders, context))
    if configuration.search_s1 is not None:
        scenes = configuration.search_s1
        stages.append(_stac_stage("search_s1", scenes.place, scenes, folders.s1_items, context))
    stages.append(_build_stage(configuration, folders, context))
    if not configuration.encode.skip and configuration.build.format == "geotiff":
        stages.append(_encode_stage(configuration, folders, context))
    return stages


def _search_stage(wanted: SearchOptions, folders: Folders, context: Context) -> Stage:
    files = [path for path in (wanted.names_file, wanted.area) if path is not None]

    def run(_: Paths) -> Made:
        result = search(wanted, context)
        if not result.found:
            reasons = "; ".join(f"{name}: {problem}" for name, problem in result.problems.items())
            raise PipelineError(f"no product found{f': {reasons}' if reasons else ''}", hint="ask for other products")
        write_products(folders.listing, result.found)
        return Made((folders.listing,), {"products": len(result.found)}, result.problems)

    return Stage(
        "search",
        lambda _: fingerprint(settings=wanted.model_dump(mode="json"), files=sha256_of_all(files)),
        run,
    )


def _stac_stage(name: str, wanted: SearchOptions, stac: StacOptions, target: Path, context: Context) -> Stage:
    """A search whose items are added to what the stages before made."""
    files = [] if wanted.area is None else [wanted.area]

    def run(before: Paths) -> Made:
        result = search_stac(wanted, stac, context)
        if not result.items:
            reasons = "; ".join(f"{item}: {reason}" for item, reason in list(result.unusable.items())[:_MOST_NAMED])
            raise PipelineError(
                f"{name}: no item found{f' that can be used: {reasons}' if reasons else ''}",
                hint="ask for other days, or another place",
            )
        write_json(target, result.collection())
        return Made((*before, target), {"items": len(result.items), "left out": dict(result.unusable)})

    def inputs(before: Paths) -> str:
        settings = wanted.model_dump(mode="json"), stac.model_dump(mode="json")
        return fingerprint(settings=settings, files=sha256_of_all(files), before=marks(before))

    return Stage(name, inputs, run)


def _download_stage(configuration: Configuration, folders: Folders, context: Context) -> Stage:
    output = folders.l2a if configuration.gives_l2a else folders.l1c

    def run(listing: Paths) -> Made:
        with context.progress("downloading", in_bytes=True) as begin:
            report = download(read_products(listing[0]), output, configuration.download, start=begin)
        missing = report.of([DownloadState.failed, DownloadState.stopped])
        there = [outcome for outcome in report.outcomes.values() if outcome.is_there]
        return Made(
            tuple(output / outcome.path for outcome in there),
            {"products": len(there), "bytes": sum(outcome.bytes for outcome in there)},
            {outcome.product.name: outcome.reason for outcome in missing},
        )

    return Stage("download", lambda listing: fingerprint(listing=sha256_of_all(listing)), run)


def _correct_stage(configuration: Configuration, folders: Folders, context: Context) -> Stage:
    options = configuration.correct or Correction()
    decisive = options.model_dump(mode="json", include={"engine", "sen2cor", "dem", "adjacency_range"})
    if options.adjacency_range == RANGE_M:
        del decisive["adjacency_range"]  # what was done before it was noted stays done

    def run(products: Paths) -> Made:
        if not products:
            raise PipelineError(f"no L1C product in {_listed(configuration.l1c)}", hint="expected *.SAFE or *.zip")
        corrected = correct_products(products, folders.l2a, options, context)
        left_out = _left_out(configuration) | corrected.left_out
        summary = {"products": len(corrected.made), "engine": options.engine, "left out": left_out}
        return Made(corrected.made, summary, corrected.result.failed)

    def inputs(products: Paths) -> str:
        dem = [options.dem] if options.dem else []
        return fingerprint(settings=decisive, products=marks([*products, *dem]))

    def check() -> None:
        engine_of(options)

    return Stage("correct", inputs, run, check)


def first_products(configuration: Configuration) -> Paths:
    """The products that are given instead of a search."""
    return tuple(sorted(find_l2a(configuration.l1c + configuration.l2a).products))


def _left_out(configuration: Configuration) -> dict[str, str]:
    """What lies beside those products and is not used, and why."""
    return find_l2a(configuration.l1c + configuration.l2a).left_out


def _listed(paths: Paths) -> str:
    return ", ".join(map(str, paths))


def _build_stage(configuration: Configuration, folders: Folders, context: Context) -> Stage:
    searched = configuration.search_s1 is not None
    options = configuration.build
    if searched:
        options = options.model_copy(update={"s1_scenes": folders.s1_items})

    def run(paths: Paths) -> Made:
        products = products_of(paths)
        if not products:
            raise PipelineError(f"no L2A product in {_listed(configuration.l2a)}", hint="expected *.SAFE or *.zip")
        built = build_dataset(products, folders.dataset.root, options, context)
        report, plan = built.result.report, built.plan
        summary = {
            "tiles": len(report.tiles),
            "patches": report.patches.get("kept", 0),
            "rejected tiles": {tile: ", ".join(reasons) for tile, reasons in plan.rejected.items()},
            "left out": _left_out(configuration) | plan.left_out,
        }
        return Made((folders.dataset.report,), summary, built.result.failed)

    def products_of(paths: Paths) -> Paths:
        return tuple(path for path in paths if not (searched and path == folders.s1_items))

    def inputs(paths: Paths) -> str:
        products = products_of(paths)
        given = _build_inputs(options, products).parameters()
        if given["s1_unit"] is None:
            del given["s1_unit"]  # what was done before there was a choice stays done
        return fingerprint(inputs=given, products=marks(products), format=options.format)

    def check() -> None:
        known = options.model_copy(update={"s1_scenes": None, "unpaired": "drop"}) if searched else options
        _build_inputs(known, ()).load()

    return Stage("build", inputs, run, check)


def _build_inputs(options: BuildOptions, products: Paths) -> BuildInputs:
    """What a build reads.

    Raises:
        PipelineError: if a file is missing.
    """
    inputs = BuildInputs(products, options).resolved()
    for path in inputs.files():
        if not path.exists():
            raise PipelineError(f"{path} does not exist", hint="check the paths of the section build")
    return inputs


def _encode_stage(configuration: Configuration, folders: Folders, context: Context) -> Stage:
    options, dataset = configuration.encode, folders.dataset
    decisive = {"shards": options.shards, "patch_size": configuration.build.patch_size}

    def run(_: Paths) -> Made:
        parts = bigearthnet(configuration.build.patch_size).parts
        roots = (dataset.s2, dataset.s1, dataset.reference_maps)
        sources = [Source(part, root) for part, root in zip(parts, roots, strict=True) if root.is_dir()]
        result = encode_sources(sources, folders.store, options, context).result
        return Made((folders.store,), dict(result.counts), result.skipped)

    return Stage("encode", lambda report: fingerprint(settings=decisive, dataset=sha256_of_all(report)), run)
