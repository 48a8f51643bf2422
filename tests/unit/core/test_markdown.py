import re

from hypothesis import given
from hypothesis import strategies as st

from reben.core.markdown import inline, table

NASTY = st.text(st.sampled_from(list("ab |\\\\`<>[]()*_#~-!&\n\r\t\u2028\u00e9")), max_size=30)


def cells(line: str) -> list[str]:
    """Cells of a row, as GitHub's parser parts them: a backslash takes the next character with it."""
    return re.findall(r"(?:\\.|[^|\\])+", line.strip().removeprefix("|").removesuffix("|"))


@given(NASTY, NASTY)
def test_cells_hold_what_they_are_given(first: str, second: str):
    lines = table(("a", "b"), [(f"x{first}x", f"y{second}y")]).splitlines()
    assert len(lines) == 3
    assert len(cells(lines[2])) == 2
    assert "<" not in lines[2]


@given(NASTY)
def test_nothing_on_a_line_means_anything(text: str):
    line = inline(text)
    assert len(line.splitlines()) <= 1
    plain = re.sub(r"\\.", "", line)
    assert not set(plain) & set("`*_[]#|~<>")


def test_texts_of_people_stay_readable():
    assert inline("# [a](b) `c` _d_ <e> & f\n---") == "\\# \\[a\\](b) \\`c\\` \\_d\\_ &lt;e&gt; &amp; f ---"
    assert table(("a",), [("Land, with | and \\",)]).splitlines()[2] == "| Land, with \\| and \\\\ |"
