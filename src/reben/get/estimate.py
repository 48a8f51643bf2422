"""What getting a part takes: bytes and requests; where values lie in an LMDB file is looked up in its tree."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reben.core.release import MAPS_ARCHIVE
from reben.core.wording import in_bytes
from reben.get.by_ranges import open_values
from reben.get.published import in_cache
from reben.get.stage import GetPlan
from reben.net.retries import RetryPolicy
from reben.work.disk import free_bytes


@dataclass(frozen=True, slots=True)
class SourceEstimate:
    """What one source takes."""

    source: str
    nbytes: int | None
    """That are fetched at most; None if it is not known."""
    requests: int | None
    missing: int = 0
    """WantedKeys values that it does not have."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What all sources take."""

    sources: tuple[SourceEstimate, ...]

    def lines(self) -> Iterator[str]:
        """For people, a line per source."""
        for source in self.sources:
            size = "an unknown number of bytes" if source.nbytes is None else in_bytes(source.nbytes)
            requests = "" if source.requests is None else f" in {source.requests:,} requests"
            lacks = f"; it lacks {source.missing:,} of the wanted values" if source.missing else ""
            yield f"to fetch: {size}{requests}, from {source.source}{lacks}"

    def free_bytes(self, output: Path) -> int:
        """Room on the disk of the folder."""
        return free_bytes(output)


def estimate(plan: GetPlan, *, parallel: int, policy: RetryPolicy | None = None) -> Estimate:
    """What getting a part takes.

    Args:
        plan: what is to be got.
        parallel: requests at a time, while the tree of an LMDB file is read.
        policy: how often servers are asked again.

    Raises:
        RebenError: if a source cannot be reached, or is not what it should be.
    """
    sources, wanted = plan.sources, plan.wanted
    found: list[SourceEstimate] = []
    of_archives = wanted.counts
    if sources.lmdb is not None:
        elsewhere = ("maps",) if "maps" in sources.archives else ()
        own = wanted.only(*(kind for kind in wanted.counts if kind not in elsewhere))
        with open_values(sources.lmdb, parallel=parallel, policy=policy) as values:
            located = values.locate(own.keys)
            found.append(SourceEstimate(values.name, located.nbytes, located.requests, len(located.missing)))
        of_archives = wanted.only(*elsewhere).counts
    for kind in of_archives:
        archive = sources.archive_of(kind)
        is_here = all(isinstance(part, Path) for part in archive.parts)
        if sources.lmdb is not None and archive.parts == (MAPS_ARCHIVE.address,):
            is_here = in_cache(MAPS_ARCHIVE) is not None
        found.append(SourceEstimate(str(archive), 0 if is_here else sources.nbytes_of(kind) or None, None))
    return Estimate(tuple(found))
