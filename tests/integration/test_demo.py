"""`reben demo` in small: the same stages on fewer patches with a smaller model."""

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from playwright.sync_api import sync_playwright

from own_process import in_own_process
from reben.core.errors import TargetExistsError
from reben.demo.area import EXTENT
from reben.demo.job import EMBEDDINGS_FILE, PREDICTIONS_FILE, RECIPE, run_demo
from reben.explore.explored import open_explored
from reben.explore.options import ExploreOptions
from reben.explore.stage import prepare
from stand_ins.explorer import FLAGS, browser_path, five_clicks, running_explorer, worst


@contextmanager
def no_progress(_description: str):
    yield lambda _total: lambda _advance: None


def run(output: Path) -> tuple[list[str], object]:
    stages: list[str] = []
    recipe = RECIPE.model_copy(update={"model": "test_resnet", "epochs": 6})
    result = run_demo(
        output,
        progress=no_progress,
        report_stage=stages.append,
        report_epoch=lambda _: None,
        recipe=recipe,
        segmentation_recipe=recipe.model_copy(update={"task": "segmentation", "epochs": 3}),
        extent=replace(EXTENT, side_m=18_000),
    )
    return stages, result


@pytest.mark.slow
def test_the_main_job_runs_from_end_to_end_and_learns_something(tmp_path: Path):
    stages, result = in_own_process(run, tmp_path / "demo")
    assert len(stages) == 7
    assert result.scores.patches > 20
    assert result.scores.ap_macro > 1.3 * result.scores.chance_ap_macro
    assert result.map_scores.patches == result.scores.patches
    assert result.map_scores.pixel_accuracy > result.map_scores.majority_pixel_accuracy
    picture = imread(result.picture)
    assert picture.shape[0] > 400
    assert picture.std() > 0.05
    explored = open_explored(str(tmp_path / "demo" / "dataset"))
    options = ExploreOptions(
        predictions=tmp_path / "demo" / PREDICTIONS_FILE, embeddings=tmp_path / "demo" / EMBEDDINGS_FILE
    )
    prepared = prepare(explored, options)
    assert np.isfinite(prepared.index.columns["error"]).all()
    assert np.isfinite(prepared.index.columns["plane_x"]).all()
    with pytest.raises(TargetExistsError):
        run(tmp_path / "demo")
    if browser_path() is None:
        pytest.skip("all but the explorer was tested: there is no browser; run tools/install_browser.sh")
    with running_explorer(prepared) as address, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=browser_path(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(address)
        assert five_clicks(page) == worst(prepared, "test")
        browser.close()
