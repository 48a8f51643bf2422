import pytest
from pydantic import ValidationError

from reben.describe.options import RecordOptions


@pytest.mark.parametrize(
    "given",
    [
        {"name": "../up"}, {"name": "a\nb"}, {"name": ""}, {"license": "CC BY"}, {"license": "x\n---"}, {"title": ""},
        {"doi": "https://doi.org/10.1/2"}, {"doi": "10.5281/a b"}, {"homepage": "javascript:alert(1)"},
        {"homepage": 'https://example.org/"><script>'}, {"author": ("Doe; 1",)}, {"issued": "soon"},
        {"title": "x" * 5001},
    ],
)  # fmt: skip
def test_what_no_record_could_hold_is_refused(given: dict[str, object]):
    with pytest.raises(ValidationError):
        RecordOptions(**given)


def test_lines_are_put_on_one_line_and_hold_nothing_that_a_terminal_obeys():
    options = RecordOptions(title="two\n lines \x1b[31m", keyword=("a\tb",))
    assert options.title == "two lines \\x1b[31m"
    assert options.keyword == ("a b",)
