import json
from pathlib import Path

from reben.pipeline.report import PipelineReport, StageReport, StageState


def test_both_forms_say_the_same(tmp_path: Path):
    report = PipelineReport(
        {"output": "area"},
        {
            "search": StageReport(StageState.skipped, summary={"products": 2}),
            "download": StageReport(StageState.incomplete, 5.25, {"products": 1}, missing={"B.SAFE": "offline"}),
            "build": StageReport(StageState.failed, error="no patch | stays"),
        },
    )
    report.write(tmp_path)
    assert not report.is_complete
    value = json.loads((tmp_path / "pipeline-report.json").read_text())
    assert value["complete"] is False
    assert value["stages"]["download"]["missing"] == {"B.SAFE": "offline"}
    text = (tmp_path / "pipeline-report.md").read_text()
    assert text.startswith("# Pipeline: not complete")
    assert "| download | incomplete | 5.2 | products: 1 |" in text
    assert "- B.SAFE: offline" in text
    assert "no patch | stays" in text


def test_an_incomplete_stage_is_not_complete():
    for state in StageState:
        complete = PipelineReport({}, {"build": StageReport(state)}).is_complete
        assert complete is (state in {StageState.done, StageState.skipped})
