"""Encode a data set as several stores, each by a worker of its own, on one machine or on many.

Shards are slices of the keys' order; a reader opens their folder as one store.
"""

import shutil
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from reben.core.errors import EncodeError, RebenError
from reben.encode.changes import expect_unchanged
from reben.encode.engine import EncodePlan, EncodeResult, encode, nothing_readable, read_result, requests_of
from reben.encode.finished import described, is_finished
from reben.io.small_files import read_json
from reben.io.store import DATA_FILE, SHARDS_FILE, open_store, shard_name
from reben.work import atomic
from reben.work.progress import Advance, unseen
from reben.work.run_all import run_all


def encode_shards(
    plan: EncodePlan,
    target: Path,
    *,
    shards: int,
    executor: Executor,
    skip_errors: bool = False,
    progress: Advance = unseen,
) -> EncodeResult:
    """Write everything that is planned into a new folder of stores, or resume one.

    Args:
        plan: what to encode.
        target: folder of the shards; appears when all are written.
        shards: how many; at least one sample goes into each.
        executor: runs one task per shard, in other processes or on other machines that see the same files.
        skip_errors: leave out samples that cannot be read, and name them in the reports.
        progress: called with the number of samples of each shard that is done.

    Raises:
        EncodeError, RasterError, StoreError: see `encode`; or if a worker died.
        TargetExistsError: if there is something else at `target`.
    """
    count = min(shards, len(plan.samples))
    edges = [len(plan.samples) * number // count for number in range(count + 1)]
    slices = [plan.slice(first, end) for first, end in pairwise(edges)]
    if is_finished(plan, target / SHARDS_FILE, shards=count):
        progress(len(plan.samples))
        return _together([read_result(target / shard_name(number)) for number in range(count)])
    with atomic.resumable_directory(target) as partial:
        _expect_same_slices(partial, plan, count)
        shards_todo = [_Shard(part, partial / shard_name(number), skip_errors) for number, part in enumerate(slices)]
        results: dict[Path, EncodeResult] = {}
        for shard, outcome in run_all(executor, _encode_shard, shards_todo, death=_death):
            if isinstance(outcome, RebenError):
                raise outcome
            results[shard.target] = outcome
            progress(len(shard.plan.samples))
        result = _together([results[shard.target] for shard in shards_todo])
        if not result.counts:
            for number in range(count):
                shutil.rmtree(partial / shard_name(number))  # the next attempt reads everything again
            raise nothing_readable(result)
    return result


def _together(results: list[EncodeResult]) -> EncodeResult:
    counts: dict[str, int] = {}
    for result in results:
        for name, values in result.counts.items():
            counts[name] = counts.get(name, 0) + values
    return EncodeResult(counts, {key: error for result in results for key, error in result.skipped.items()})


def _expect_same_slices(folder: Path, plan: EncodePlan, count: int) -> None:
    """Note how the samples are spread, or compare it with an interrupted attempt.

    Raises:
        EncodeError: if that had other samples, or another number of shards.
    """
    path = folder / SHARDS_FILE
    slices = described(plan) | {"shards": count}
    if not path.exists():
        if (folder / DATA_FILE).exists():
            raise EncodeError(
                f"{folder}: holds an unfinished store, not shards",
                hint="go on without --shards, or delete this folder to start again",
            )
        atomic.write_json(path, slices)
    elif read_json(path, error=EncodeError, hint="delete this folder to start again") != slices:
        raise EncodeError(
            f"{folder}: unfinished shards were begun from other data, or with another number of shards",
            hint="give the same command to resume it, or delete this folder to start again",
        )


@dataclass(frozen=True)
class _Shard:
    plan: EncodePlan
    target: Path
    skip_errors: bool


def _death(shard: _Shard) -> EncodeError:
    return EncodeError(f"a worker died while it encoded {shard.target.name}")


def _encode_shard(shard: _Shard) -> EncodeResult:
    """Encode a slice in this process; a finished shard is left as it is, if its files are what they were."""
    plan, target = shard.plan, shard.target
    if (target / DATA_FILE).exists():
        requests, readers = requests_of(plan)
        begun_ns = (target.parent / SHARDS_FILE).stat().st_mtime_ns
        with closing(open_store(target)) as store:
            expect_unchanged(
                requests,
                readers,
                lambda key: store.buffer(key) if key in store else None,
                begun_ns=begun_ns,
                store=target.parent,
            )
        atomic.remove_attempts(target)
        return read_result(target)
    return encode(plan, target, workers=1, skip_errors=shard.skip_errors, may_be_empty=True)
