"""Options of a release."""

from typing import Annotated

from pydantic import Field

from reben.core.errors import ReleaseError
from reben.release.archives import PUBLISHED_LEVEL
from reben.release.parts import PARTS, PartName
from reben.work.options import Options

_BYTES_PER_GB = 1e9
_LEAST_PART_GB = 1e-3
_BEST_LEVEL = 19


class ReleaseOptions(Options):
    """What is released, and in which form."""

    parts: Annotated[str, Field(examples=["s2,maps,metadata"])] = ""
    """Parts to release, joined by commas: s2, s1, maps, metadata, store; by default all but the store."""
    split_gb: Annotated[float | None, Field(ge=_LEAST_PART_GB)] = None
    """Cut archives into files of at most so many gigabytes (10^9 bytes), for hosts that take no larger ones."""
    level: Annotated[int, Field(ge=1, le=_BEST_LEVEL)] = PUBLISHED_LEVEL
    """Level of the zstd compression."""
    threads: Annotated[int | None, Field(ge=1)] = None
    """Threads that read and compress; by default one per processor."""

    @property
    def part_bytes(self) -> int | None:
        """Largest size of a file, in bytes."""
        return None if self.split_gb is None else round(self.split_gb * _BYTES_PER_GB)

    def chosen(self) -> tuple[PartName, ...]:
        """The parts by name, in the order of a release; none stands for the default.

        Raises:
            ReleaseError: if one is unknown.
        """
        given = {name.strip().lower() for name in self.parts.split(",")} - {""}
        unknown = sorted(given - set(PARTS))
        if unknown:
            raise ReleaseError(
                f"--parts {self.parts}: {unknown[0]!r} is not a part", hint=f"give one or more of {', '.join(PARTS)}"
            )
        return tuple(name for name in PARTS if name in given)
