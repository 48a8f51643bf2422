from pathlib import Path

import pytest

from reben.pipeline.state import STATE_FILE, State, fingerprint, marks


def test_fingerprints_tell_inputs_apart(tmp_path: Path):
    assert fingerprint(a=1, b=[2]) == fingerprint(b=[2], a=1)
    assert len({fingerprint(a=1), fingerprint(a=2), fingerprint(b=1), fingerprint(a=tmp_path)}) == 4


def test_a_product_is_marked_by_its_metadata(tmp_path: Path):
    product = tmp_path / "A.SAFE"
    product.mkdir()
    before = marks([product, tmp_path / "missing"])
    assert list(before) == [str(product)]
    (product / "MTD_MSIL2A.xml").write_text("<a/>")
    changed = marks([product])
    assert changed != before
    (product / "other").touch()
    assert marks([product]) == changed


def test_a_stage_is_done_if_inputs_and_results_are_the_same(tmp_path: Path):
    result = tmp_path / "result"
    result.write_text("1")
    State(tmp_path).note("build", "inputs", [result], {"patches": 3})
    assert State(tmp_path).if_done("build", "inputs") == ((result,), {"patches": 3})
    assert State(tmp_path).was_done("build")
    assert not State(tmp_path).was_done("encode")
    assert State(tmp_path).if_done("build", "other inputs") is None
    assert State(tmp_path).if_done("encode", "inputs") is None
    result.write_text("12")
    assert State(tmp_path).if_done("build", "inputs") is None
    result.unlink()
    assert State(tmp_path).if_done("build", "inputs") is None


@pytest.mark.parametrize("text", ["", "[]", '{"build": 5}', '{"build": {"inputs": "inputs", "made": 3}}', "\0"])
def test_a_damaged_state_counts_as_nothing_done(text: str, tmp_path: Path):
    (tmp_path / STATE_FILE).write_text(text)
    assert State(tmp_path).if_done("build", "inputs") is None
