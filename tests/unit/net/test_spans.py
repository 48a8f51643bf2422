"""Joined spans bring each span once, in order, and little else."""

from hypothesis import given
from hypothesis import strategies as st

from reben.net.spans import LARGEST_REQUEST, MOST_WASTE, join

spans = st.lists(st.tuples(st.integers(0, 1 << 23), st.integers(1, 1 << 20)), max_size=60)


@given(spans)
def test_any_spans(asked: list[tuple[int, int]]):
    joined = list(join(asked))
    assert [span for one in joined for span in one.spans] == asked
    for one in joined:
        wanted = sum(nbytes for _, nbytes in one.spans)
        assert one.nbytes <= wanted * (1 + MOST_WASTE)
        assert len(one.spans) == 1 or one.nbytes <= LARGEST_REQUEST
        for start, nbytes in one.spans:
            assert one.start <= start
            assert start + nbytes <= one.start + one.nbytes


def test_neighbours_are_one_request():
    pages = [(number * 4096, 4096) for number in range(3000)]
    assert [one.nbytes for one in join(pages)] == [LARGEST_REQUEST] * 5 + [3000 * 4096 - 5 * LARGEST_REQUEST]
