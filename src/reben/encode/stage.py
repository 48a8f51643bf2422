"""The encoder as a stage: one store or shards, in processes or on a cluster, for the command and the pipeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reben.core.errors import EncodeError
from reben.encode.archives import encode_archives
from reben.encode.engine import REPORT_FILE, EncodePlan, EncodeResult, encode, plan_encoding
from reben.encode.finished import may_be_finished
from reben.encode.options import EncodeOptions
from reben.encode.shards import encode_shards
from reben.encode.specification import Source
from reben.io.archives.place import Archive, nbytes_of
from reben.io.store import SHARDS_FILE
from reben.work.atomic import expect_free
from reben.work.context import Context
from reben.work.processes import available_cpus


@dataclass(frozen=True, slots=True)
class Encoded:
    """What was found, and what became of it."""

    found: dict[str, int]
    """Samples by the name of their part, those that were skipped included; of archives, those that were written."""
    result: EncodeResult


def encode_sources(
    sources: Sequence[Source], target: Path, options: EncodeOptions, context: Context | None = None
) -> Encoded:
    """Write all samples of some folders or archives into a new store, or into a folder of stores.

    Args:
        sources: parts of a data set, with their folders or archives.
        target: what to create.
        options: how to do it.
        context: shows progress, shows notes, and starts workers.

    Raises:
        ArchiveError, DownloadError: if an archive cannot be read or had.
        EncodeError: if there are no samples, or one cannot be read and errors are not skipped, or a worker died.
        TargetExistsError: if there is something else at `target`.
    """
    context = context or Context()
    if not may_be_finished(target, (REPORT_FILE, SHARDS_FILE)):
        expect_free(target)
    if any(isinstance(source.root, Archive) for source in sources):
        return _encode_archives(sources, target, options, context)
    with context.progress("finding samples") as begin:
        progress = begin(1)
        plan = plan_encoding(sources)
        progress(1)
    if options.scheduler and not options.shards:
        context.tell("note: the cluster writes shards; --shards says how many, by default one per local processor")
    return Encoded(plan.counts(), _encode(plan, target, options, context))


def _encode_archives(sources: Sequence[Source], target: Path, options: EncodeOptions, context: Context) -> Encoded:
    """Write archives into one store.

    Raises:
        EncodeError: if shards are asked for; for the others see `encode_archives`.
    """
    if options.shards or options.scheduler:
        raise EncodeError(
            "archives are read from front to back, so they become one store; expected no --shards and no --scheduler",
            hint="unpack the archives to write shards",
        )
    if options.workers:
        context.tell("note: archives are read from front to back, by this process alone; --workers is not used")
    with context.progress("encoding", in_bytes=True) as begin:
        progress = begin(sum(nbytes_of(source.root) or 0 for source in sources if isinstance(source.root, Archive)))
        skip_errors = options.on_error == "skip"
        result = encode_archives(sources, target, skip_errors=skip_errors, progress=progress, tell=context.tell)
    return Encoded(result.counts, result)


def _encode(plan: EncodePlan, target: Path, options: EncodeOptions, context: Context) -> EncodeResult:
    skip_errors = options.on_error == "skip"
    if not (options.shards or options.scheduler):
        with context.progress("encoding") as begin:
            progress = begin(len(plan.samples))
            return encode(plan, target, workers=options.workers, skip_errors=skip_errors, progress=progress)
    workers = options.workers or available_cpus()
    with (
        context.executor_of(options.scheduler, workers, preload="reben.encode.shards") as executor,
        context.progress("encoding") as begin,
    ):
        return encode_shards(
            plan,
            target,
            shards=options.shards or workers,
            executor=executor,
            skip_errors=skip_errors,
            progress=begin(len(plan.samples)),
        )
