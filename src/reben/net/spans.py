"""Neighbouring spans of a remote file as one request, where the bytes between them cost less than another request."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

Span = tuple[int, int]
"""First byte, and number of bytes."""

LARGEST_REQUEST = 1 << 21
"""Bytes of spans that are joined: at 16 requests at a time and 50 ms each, a line of 600 MB/s is still busy. A larger
one would only take more memory, and be lost when a connection breaks."""
MOST_WASTE = 0.04
"""Of what is wanted: the most that is fetched between spans. Of 2 MB these are 84 KB, which come in a fiftieth of a
second at 5 MB/s, less than a request takes; for a whole data set it is a matter of traffic, which somebody pays for."""


class Joined(NamedTuple):
    """One request, and the spans that it brings."""

    start: int
    nbytes: int
    spans: tuple[Span, ...]


def join(spans: Iterable[Span]) -> Iterator[Joined]:
    """Join spans that follow each other closely; they stay in their order.

    >>> [(one.start, one.nbytes) for one in join([(0, 1000), (1016, 1000), (5000, 10), (100, 50)])]
    [(0, 2016), (5000, 10), (100, 50)]
    """
    group: list[Span] = []
    wanted = start = end = 0
    for span in spans:
        grown = wanted + span[1]
        fits = start <= end <= span[0] and span[0] + span[1] - start <= LARGEST_REQUEST
        if group and fits and span[0] + span[1] - start - grown <= MOST_WASTE * grown:
            group.append(span)
            wanted, end = grown, span[0] + span[1]
            continue
        if group:
            yield Joined(start, end - start, tuple(group))
        group, wanted, start, end = [span], span[1], span[0], span[0] + span[1]
    if group:
        yield Joined(start, end - start, tuple(group))
