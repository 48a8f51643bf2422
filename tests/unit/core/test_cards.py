from html.parser import HTMLParser

from reben.core.cards import Count, card, colours_card, progress_card
from reben.core.classes import CLC2018

HOSTILE = "<script>alert('x')</script>\"&"


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.open, self.text, self.styles = [], [], "", []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open.append(tag)
        self.styles += [value for name, value in attrs if name == "style"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def read(html):
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    return reader


def test_a_card_says_what_it_is_given_and_nothing_breaks_out_of_it():
    page = read(card(HOSTILE, {HOSTILE: HOSTILE, "patches": 12345}, [Count(HOSTILE, 3)], counted=HOSTILE))
    assert page.text.count(HOSTILE) == 5
    assert "12,345" in page.text
    assert "script" not in page.tags
    assert HOSTILE in read(colours_card(HOSTILE, {HOSTILE: (1, 2, 3)})).text
    assert HOSTILE in read(progress_card(HOSTILE, 1, 2)).text


def test_bars_are_as_long_as_their_numbers_say_also_where_all_are_zero():
    styles = read(card("x", {}, [Count("a", 4), Count("b", 1, (255, 0, 16)), Count("c", 0)])).styles
    bars = [style for style in styles if "width:" in style and "height:.7em" in style]
    assert [float(bar.split("width:")[1].split("em")[0]) for bar in bars] == [10, 2.5, 0]
    assert ["#ff0010" in bar for bar in bars] == [False, True, False]
    assert "0" in read(card("x", {}, [Count("a", 0)])).text


def test_text_has_the_colour_of_the_page():
    """So that it can be read on light and on dark pages."""
    for style in read(card("x", {"a": 1}, [Count("b", 2)], counted="c")).styles:
        rules = dict(rule.split(":", 1) for rule in style.split(";") if rule)
        assert "color" not in rules
        assert rules.get("background", "none") in {"none", "currentColor"}


def test_a_legend_shows_its_classes_in_their_colours():
    page = read(CLC2018._repr_html_())
    for name in CLC2018.class_names:
        assert name in page.text
    assert any("background:#e6004d" in style for style in page.styles)
