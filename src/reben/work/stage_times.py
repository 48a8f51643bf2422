"""How long each stage of a tile takes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class StageTimes:
    """Wall time per stage."""

    seconds: dict[str, float] = field(default_factory=dict)
    """By name of the stage, in the order in which they were first entered."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block; a stage that is entered again goes on."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
