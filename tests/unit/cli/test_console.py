import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from reben.cli import console
from reben.core.errors import MissingExtraError, StoreError


class Screen(io.StringIO):
    """What is written to a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch) -> io.StringIO:
    text = Screen()
    monkeypatch.setattr(console, "stderr", Console(file=text, force_terminal=True, soft_wrap=True, highlight=False))
    return text


def test_errors_are_followed_by_their_hint(terminal: io.StringIO):
    console.print_error(StoreError("no store at /a/[b]/c", hint="make one"))
    assert "no store at /a/[b]/c" in terminal.getvalue()
    assert terminal.getvalue().index("hint:") < terminal.getvalue().index("make one")


def test_progress_shows_on_a_terminal_what_was_done(terminal: io.StringIO):
    with console.progress("encoding") as start:
        advance = start(7)
        advance(3)
        advance(4)
    assert "encoding" in terminal.getvalue()
    assert "7/7" in terminal.getvalue()


@pytest.mark.parametrize("forced", [False, True])  # as FORCE_COLOR does, which Jupyter sets
def test_progress_stays_silent_elsewhere(forced: bool, monkeypatch):
    text = io.StringIO()
    monkeypatch.setattr(console, "stderr", Console(file=text, force_terminal=forced))
    with console.progress("encoding") as start:
        start(7)(7)
    assert not text.getvalue().strip()


def test_json_goes_to_a_file_or_to_standard_output(tmp_path: Path, capsys):
    console.print_json(tmp_path / "deep" / "x.json", {"a": 1})
    console.print_json(Path("-"), {"b": 2})
    assert json.loads((tmp_path / "deep" / "x.json").read_text()) == {"a": 1}
    assert json.loads(capsys.readouterr().out) == {"b": 2}


def test_missing_extras_are_named():
    with pytest.raises(MissingExtraError, match="no_such_module") as caught, console.needs_extra("learn"):
        import no_such_module  # noqa: F401, PLC0415
    assert "pip install 'reben[learn]'" in caught.value.hint


NAME = "a\x1b[2J\x9b\udcff\u202e[red]b"
SHOWN = r"a\x1b[2J\x9b\xff\u202e[red]b"


def test_results_reach_no_terminal_raw(capsys: pytest.CaptureFixture[str]):
    console.say(f"{NAME}\t1\n2")
    console.say(Path(NAME), nl=False)
    assert capsys.readouterr().out == f"{SHOWN}\t1\n2\n{SHOWN}"


def test_messages_reach_no_terminal_raw(capsys: pytest.CaptureFixture[str]):
    console.stderr.print(f"failed: {NAME}", markup=False)
    console.print_error(StoreError(NAME, hint=NAME))
    assert capsys.readouterr().err == f"failed: {SHOWN}\nerror: {SHOWN}\nhint: {SHOWN}\n"


def test_logs_have_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    from reben.cli import console  # noqa: PLC0415

    times = iter([0.0, 30.0, 61.0, 90.0, 122.0])
    monkeypatch.setattr(console.time, "monotonic", lambda: next(times))
    with console.progress("building") as start:
        advance = start(8)
        for _ in range(4):
            advance(1)
    assert capsys.readouterr().err.splitlines() == [
        "building: 2 of 8 (25%) after 1 min, about 3 min left",
        "building: 4 of 8 (50%) after 2 min, about 2 min left",
    ]
