import pytest

from reben.core.wording import first_of


@pytest.mark.parametrize(
    ("count", "expected"), [(0, ""), (1, "0"), (2, "0, 1"), (3, "0, 1 and 1 more"), (1502, "0, 1 and 1,500 more")]
)
def test_no_more_than_the_first_names(count: int, expected: str):
    assert first_of([str(i) for i in range(count)], most=2) == expected
