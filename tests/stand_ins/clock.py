"""Time that passes when somebody waits."""

from dataclasses import dataclass, field


@dataclass
class Clock:
    """Time that passes when somebody waits, and not otherwise."""

    now_s: float = 0.0
    waits: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now_s += seconds

    def time(self) -> float:
        return self.now_s
