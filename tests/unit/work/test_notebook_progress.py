from types import SimpleNamespace

import pytest

from reben.work.notebook_progress import notebook_progress

pytest.importorskip("IPython", reason="pip install ipykernel")


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a notebook would show, one after the other."""
    texts: list[str] = []
    handle = SimpleNamespace(update=lambda html: texts.append(html._repr_html_()))
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setattr("IPython.display.display", lambda *_, **__: handle)
    return texts


def test_a_notebook_sees_the_beginning_and_the_end(shown: list[str]):
    with notebook_progress("building <tiles>") as begin:
        advance = begin(7)
        assert "0 of 7" in shown[-1]
        for _ in range(7):
            advance(1)
    assert "7 of 7" in shown[-1]
    assert 'value="7" max="7"' in shown[-1]
    assert "building &lt;tiles&gt;" in shown[-1]
    assert len(shown) < 7, "not a message for each advance"


def test_bytes_are_shown_as_megabytes(shown: list[str]):
    with notebook_progress("fetching", in_bytes=True) as begin:
        begin(5_000_000)(2_000_000)
    assert "2 of 5 MB" in shown[-1]


def test_outside_of_notebooks_nothing_is_shown(capsys: pytest.CaptureFixture[str]):
    with notebook_progress("building") as begin:
        begin(3)(3)
    assert capsys.readouterr() == ("", "")
