import json
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from reben.core.errors import CatalogueError, PipelineError
from reben.pipeline.configuration import read_configuration
from reben.pipeline.planning import PlanOptions, configuration_of, make_plan


@pytest.fixture
def area(tmp_path: Path) -> Path:
    """A square in the middle of tile 33UUP."""
    path = tmp_path / "area.geojson"
    ring = [[13.3, 48.2], [13.4, 48.2], [13.4, 48.4], [13.3, 48.4], [13.3, 48.2]]
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    return path


def test_numbers_follow_from_tiles_and_seasons(area: Path):
    plan = make_plan(PlanOptions(area=area, years="2018-2019", per_season=2, workers=4))
    assert plan.tiles == ("33UUP",)
    assert (plan.seasons, plan.questions, plan.products) == (8, 8, 16)
    found = plan.as_dict()
    assert found["patches_at_most"] == 16 * 8281
    assert found["store_bytes_at_most"] == 16 * 8281 * (315_392 + 3 * 120)
    assert found["build_hours"] == pytest.approx(16 * 90 / 4 / 3600, abs=0.01)
    text = "\n".join(plan.lines())
    assert "16 of 8 seasons; 8 questions" in text
    assert "with 4 workers (8 processors" in text
    assert found["build_price"] is None
    assert "price" not in text


def test_workers_have_a_price(area: Path):
    plan = make_plan(PlanOptions(area=area, years="2018-2019", per_season=2, workers=4, price=5))
    assert plan.as_dict()["build_price"] == pytest.approx(16 * 90 / 3600 * 5, abs=0.01)
    assert "price        2.00 for the workers" in "\n".join(plan.lines())


def test_the_configuration_is_one(area: Path, tmp_path: Path):
    options = PlanOptions(area=area, years="2021", land_cover="worldcover", workers=2)
    target = tmp_path / "alps.yaml"
    target.write_text(configuration_of(options, target))
    configuration = read_configuration(target)
    assert configuration.search is not None
    assert configuration.search.per_season == 1
    assert (str(configuration.search.first), str(configuration.search.last)) == ("2020-12-01", "2021-11-30")
    assert configuration.build.workers == 2
    assert configuration.build.split_by == "blocks"
    assert yaml.safe_load(target.read_text())["output"] == "alps"


@pytest.mark.parametrize("years", ["2025-2018", "20", "1999", "2018-", "soon"])
def test_impossible_years(years: str, area: Path):
    with pytest.raises(ValidationError):
        PlanOptions(area=area, years=years)


def test_areas_that_cannot_be_planned(tmp_path: Path):
    (tmp_path / "points.geojson").write_text('{"type": "Point", "coordinates": [1, 2]}')
    with pytest.raises(CatalogueError, match="has no polygons"):
        make_plan(PlanOptions(area=tmp_path / "points.geojson", years="2020"))
    ring = [[0, 86], [1, 86], [1, 87], [0, 87], [0, 86]]
    (tmp_path / "pole.geojson").write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    with pytest.raises(PipelineError, match="no tile of Sentinel-2 shows this area"):
        make_plan(PlanOptions(area=tmp_path / "pole.geojson", years="2020"))
