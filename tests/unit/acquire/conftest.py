"""A Data Space stand-in with some products, and what makes waits short."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reben.acquire.access import Credentials
from reben.acquire.download import Access
from reben.acquire.options import DownloadOptions
from reben.net.retries import RetryPolicy
from stand_ins.clock import Clock
from stand_ins.data_space import PASSWORD, USERNAME, DataSpaceStandIn, running_data_space


@pytest.fixture
def space(clock: Clock) -> Iterator[DataSpaceStandIn]:
    with running_data_space() as running:
        running.now = clock.time
        yield running


@pytest.fixture
def policy(clock: Clock) -> RetryPolicy:
    return RetryPolicy(sleep=clock.sleep, jitter=lambda: 1.0)


@pytest.fixture
def options(
    space: DataSpaceStandIn, policy: RetryPolicy, clock: Clock
) -> Callable[..., tuple[DownloadOptions, Access]]:
    """Options of a download, and access to the stand-in."""

    def make(**changes: object) -> tuple[DownloadOptions, Access]:
        access = {
            "service": space.service, "credentials": lambda: Credentials(USERNAME, PASSWORD), "policy": policy,
            "clock": clock.time,
        }  # fmt: skip
        access |= {name: changes.pop(name) for name in list(changes) if name in access}
        return DownloadOptions(**{"parallel": 1} | changes), Access(**access)

    return make


@pytest.fixture
def recorded(shared_data: Path) -> Path:
    """Recorded answers of the real catalogue."""
    return shared_data / "cdse"
