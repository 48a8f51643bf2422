import pytest
from hypothesis import given
from hypothesis import strategies as st

from reben.core.errors import RebenError
from reben.core.text import printable, shortened


@given(st.text() | st.binary().map(lambda raw: raw.decode("utf-8", "surrogateescape")))
def test_whatever_it_was_a_terminal_can_show_it_and_obeys_nothing(text: str):
    shown = printable(text)
    shown.encode("utf-8")
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in shown)
    assert printable(shown) == shown


@pytest.mark.parametrize("name", ["S2A_x.SAFE", "Überblick 東京/ñ.tif", "C:\\x"])
def test_ordinary_names_stay_as_they_are(name: str):
    assert printable(name) == name


def test_what_is_asked_for_is_kept():
    assert printable("a\n\x1bb", keep="\n") == "a\n\\x1bb"


@given(st.text(), st.integers(min_value=20, max_value=100))
def test_long_texts_lose_their_middle(text: str, most: int):
    short = shortened(text, most)
    assert len(short) <= most
    assert short == text or (text.startswith(short[:5]) and text.endswith(short[-3:]))


def test_messages_keep_within_bounds_and_say_the_end():
    error = RebenError(f"{'x' * 200_000}: expected a name", hint="\x1b[2J" + "y" * 200_000)
    assert len(str(error)) <= 800
    assert str(error).endswith("expected a name")
    assert len(error.hint) <= 5_000
    assert "\x1b" not in error.hint
