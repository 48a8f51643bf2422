"""The five stages. Each calls what its command calls, and says what it made and what is missing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reben.acquire.area import read_area
from reben.acquire.catalogue import open_catalogue
from reben.acquire.download import DownloadOptions, download
from reben.acquire.download_report import State as DownloadState
from reben.acquire.product_list import read_names, read_products, reben_names, with_suffix, write_products
from reben.acquire.query import Query
from reben.acquire.search import SearchResult, search_names
from reben.acquire.service import Service
from reben.construct.build import build
from reben.construct.inputs import BuildInputs
from reben.construct.plan import plan_build
from reben.core.errors import PipelineError
from reben.correct.correction import choose_l1c
from reben.correct.sixs.adjacency_range import RANGE_M
from reben.encode.bigearthnet import bigearthnet
from reben.encode.engine import encode, plan
from reben.encode.shards import encode_shards
from reben.encode.specification import Source
from reben.io.dataset.paths import DatasetPaths
from reben.io.safe.folders import find_products
from reben.pipeline.configuration import Configuration, CorrectSection, SearchSection
from reben.pipeline.state import fingerprint, marks
from reben.pipeline.tools import Tools
from reben.work.checksums import sha256_of_all
from reben.work.processes import available_cpus

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


def stages_of(configuration: Configuration, tools: Tools) -> list[Stage]:
    """The stages that a configuration needs, in order."""
    folders = Folders(configuration.output)
    stages = []
    if configuration.search is not None:
        stages += [
            _search_stage(configuration.search, folders, tools),
            _download_stage(configuration, folders, tools),
        ]
    if not configuration.gives_l2a:
        stages.append(_correct_stage(configuration, folders, tools))
    stages.append(_build_stage(configuration, folders, tools))
    if not configuration.encode.skip and configuration.build.format == "geotiff":
        stages.append(_encode_stage(configuration, folders, tools))
    return stages


def _search_stage(wanted: SearchSection, folders: Folders, tools: Tools) -> Stage:
    files = [path for path in (wanted.names_file, wanted.area) if path is not None]

    def run(_: Paths) -> Made:
        with open_catalogue() as catalogue, tools.progress("searching") as begin:
            if wanted.tile or wanted.area:
                area = read_area(wanted.area) if wanted.area else ()
                query = Query(wanted.type, wanted.tile, wanted.first, wanted.last, wanted.cloud, area)
                result = SearchResult(catalogue.products_of(query))
            else:
                names = _wanted_names(wanted)
                result = search_names(catalogue, names, progress=begin(len(names)))
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


def _wanted_names(wanted: SearchSection) -> dict[str, str]:
    names = {with_suffix(name): "" for name in wanted.names}
    names |= read_names(wanted.names_file) if wanted.names_file else {}
    return names | (reben_names() if wanted.reben else {})


def _download_stage(configuration: Configuration, folders: Folders, tools: Tools) -> Stage:
    output = folders.l2a if configuration.gives_l2a else folders.l1c

    def run(listing: Paths) -> Made:
        # sen2cor takes no zip files
        options = DownloadOptions(configuration.download.parallel, unpack=True, service=Service.from_environment())
        with tools.progress("downloading", in_bytes=True) as begin:
            report = download(read_products(listing[0]), output, options, start=begin)
        missing = report.of([DownloadState.failed, DownloadState.stopped])
        there = [outcome for outcome in report.outcomes.values() if outcome.is_there]
        return Made(
            tuple(output / outcome.path for outcome in there),
            {"products": len(there), "bytes": sum(outcome.bytes for outcome in there)},
            {outcome.product.name: outcome.reason for outcome in missing},
        )

    return Stage("download", lambda listing: fingerprint(listing=sha256_of_all(listing)), run)


def _correct_stage(configuration: Configuration, folders: Folders, tools: Tools) -> Stage:
    settings = configuration.correct or CorrectSection()
    decisive = settings.model_dump(mode="json", include={"engine", "sen2cor", "dem", "adjacency_range"})
    if settings.adjacency_range == RANGE_M:
        del decisive["adjacency_range"]  # what was done before it was noted stays done

    def run(products: Paths) -> Made:
        if not products:
            raise PipelineError(f"no L1C product in {_listed(configuration.l1c)}", hint="expected *.SAFE or *.zip")
        skip = configuration.skips_errors
        choice = choose_l1c(products)
        result = tools.correct(choice.products, folders.l2a, settings, skip_errors=skip, tools=tools)
        left_out = _left_out(configuration) | choice.left_out
        summary = {"products": len(result.made), "engine": settings.engine, "left out": left_out}
        return Made(result.made, summary, result.failed)

    def inputs(products: Paths) -> str:
        dem = [settings.dem] if settings.dem else []
        return fingerprint(settings=decisive, products=marks([*products, *dem]))

    return Stage("correct", inputs, run, check=lambda: tools.check_correction(settings))


def first_products(configuration: Configuration) -> Paths:
    """The products that are given instead of a search."""
    return tuple(sorted(find_products(configuration.l1c + configuration.l2a).products))


def _left_out(configuration: Configuration) -> dict[str, str]:
    """What lies beside those products and is not used, and why."""
    return find_products(configuration.l1c + configuration.l2a).left_out


def _listed(paths: Paths) -> str:
    return ", ".join(map(str, paths))


def _build_stage(configuration: Configuration, folders: Folders, tools: Tools) -> Stage:
    section, skip = configuration.build, configuration.skips_errors

    def run(products: Paths) -> Made:
        if not products:
            raise PipelineError(f"no L2A product in {_listed(configuration.l2a)}", hint="expected *.SAFE or *.zip")
        inputs = _build_inputs(configuration, products)
        settings = inputs.load()  # whatever is wrong with the inputs shows here, before a worker starts
        todo = plan_build(inputs.l2a, skip_errors=skip)
        with (
            tools.executor_of("", section.workers, preload="reben.construct.build") as executor,
            tools.progress("building") as begin,
        ):
            result = build(
                todo,
                inputs,
                folders.dataset.root,
                executor=executor,
                output_format=section.format,
                threads=section.threads or max(1, available_cpus() // section.workers),
                skip_errors=skip,
                compare_checksums=section.checksums,
                remarks=settings.remarks(),
                progress=begin(len(todo.tiles)),
            )
        patches = result.report.patches
        rejected = {tile: ", ".join(reasons) for tile, reasons in todo.rejected.items()}
        summary = {
            "tiles": len(result.report.tiles),
            "patches": patches.get("kept", 0),
            "rejected tiles": rejected,
            "left out": _left_out(configuration) | todo.left_out,
        }
        return Made((folders.dataset.report,), summary, result.failed)

    def inputs(products: Paths) -> str:
        given = _build_inputs(configuration, products).parameters()
        if given["s1_unit"] is None:
            del given["s1_unit"]  # what was done before there was a choice stays done
        return fingerprint(inputs=given, products=marks(products), format=section.format)

    def check() -> None:
        _build_inputs(configuration, ()).load()

    return Stage("build", inputs, run, check)


def _build_inputs(configuration: Configuration, products: Paths) -> BuildInputs:
    """What `reben build` would be given.

    Raises:
        PipelineError: if a file is missing.
    """
    section = configuration.build
    inputs = BuildInputs(
        l2a=products,
        clc=section.clc,
        legend=section.legend,
        s1_dir=section.s1_dir,
        s1_pairs=section.s1_pairs,
        s1_scenes=section.s1_scenes,
        s1_unit=section.s1_unit,
        keep_unpaired=section.unpaired == "keep",
        v1_geometries=section.v1_geometries,
        snow=section.snow,
        cloud=section.cloud,
        countries=section.countries,
        patch_size_m=section.patch_size,
        min_labelled=section.min_labelled,
        p=section.p,
        q=section.q,
        keep_raw=section.keep_raw,
    ).resolved()
    for path in inputs.files():
        if not path.exists():
            raise PipelineError(f"{path} does not exist", hint="check the paths of the section build")
    return inputs


def _encode_stage(configuration: Configuration, folders: Folders, tools: Tools) -> Stage:
    section, dataset, skip = configuration.encode, folders.dataset, configuration.skips_errors
    decisive = {"shards": section.shards, "patch_size": configuration.build.patch_size}

    def run(_: Paths) -> Made:
        parts = bigearthnet(configuration.build.patch_size).parts
        roots = (dataset.s2, dataset.s1, dataset.reference_maps)
        todo = plan([Source(part, root) for part, root in zip(parts, roots, strict=True) if root.is_dir()])
        with tools.progress("encoding") as begin:
            progress = begin(len(todo.samples))
            if section.shards is None:
                result = encode(todo, folders.store, workers=section.workers, skip_errors=skip, progress=progress)
            else:
                workers = section.workers or available_cpus()
                with tools.executor_of("", workers, preload="reben.encode.shards") as executor:
                    result = encode_shards(
                        todo,
                        folders.store,
                        shards=section.shards,
                        executor=executor,
                        skip_errors=skip,
                        progress=progress,
                    )
        return Made((folders.store,), dict(result.counts), result.skipped)

    return Stage("encode", lambda report: fingerprint(settings=decisive, dataset=sha256_of_all(report)), run)
