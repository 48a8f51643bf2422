import json
from pathlib import Path

from typer.testing import CliRunner

from reben.cli.main import app


def test_a_plan_and_its_configuration(tmp_path: Path):
    ring = [[13.3, 48.2], [13.4, 48.2], [13.4, 48.4], [13.3, 48.4], [13.3, 48.2]]
    (tmp_path / "area.geojson").write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    arguments = [
        "plan",
        "--area",
        str(tmp_path / "area.geojson"),
        "--years",
        "2021",
        "--output",
        str(tmp_path / "a.yaml"),
    ]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    assert "tiles        1: 33UUP" in result.output
    assert (tmp_path / "a.yaml").is_file()
    result = CliRunner().invoke(app, [*arguments[:5], "--json", "-"])
    assert json.loads(result.stdout)["products"] == 4
