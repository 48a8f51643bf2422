"""The tutorials run as they stand, on the demo's data in small; what cannot run here is read by the command line."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from own_process import in_own_process
from reben.demo.area import EXTENT
from reben.demo.job import RECIPE, run_demo
from reben.work.progress import no_progress
from stand_ins.pages import blocks_of, read_by_the_command_line, run_page

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs" / "start.md", *sorted((ROOT / "docs" / "tutorials").glob("*.md"))]
OTHERS = [ROOT / "docs" / name for name in ("faq.md", "coming-from.md", "explanation/data.md", "explanation/rules.md")]
"""Their blocks run, too."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `reben demo` writes, of a smaller area and with smaller models."""
    folder = tmp_path_factory.mktemp("demo") / "reben-demo"
    in_own_process(_run_demo, folder)
    return folder


def _run_demo(folder: Path) -> None:
    recipe = RECIPE.model_copy(update={"model": "test_resnet", "epochs": 1})
    run_demo(
        folder,
        progress=no_progress,
        report_stage=lambda _: None,
        report_epoch=lambda _: None,
        recipe=recipe,
        segmentation_recipe=recipe.model_copy(update={"task": "segmentation"}),
        extent=replace(EXTENT, side_m=15_000),
    )


@pytest.mark.slow
@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=lambda page: page.stem)
def test_the_blocks_of_a_page_run_in_order(page: Path, demo: Path, tmp_path: Path):
    (tmp_path / "reben-demo").symlink_to(demo)
    printed = in_own_process(run_page, page, tmp_path)
    assert printed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_command_line_reads_what_needs_more_than_the_demo(page: Path, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = [block for block in blocks_of(page, "bash") if block.needs]
    assert blocks, "each page shows how it is done with real data"
    for words in (words for block in blocks for words in block.commands):
        read_by_the_command_line(words)


_EXECUTE = """
import sys, nbclient, nbformat
notebook = nbformat.read(sys.argv[1], 4)
nbclient.NotebookClient(notebook, timeout=300).execute(cwd=".")
nbformat.write(notebook, sys.argv[2])
"""
"""Run in a process of its own, because a kernel is spoken to over the network of this machine."""
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_notebooks_are_kept_without_what_they_put_out(notebook: Path):
    cells = json.loads(notebook.read_text())["cells"]
    assert "pip install" in "".join(cells[0]["source"])
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_a_notebook_runs_from_top_to_bottom(notebook: Path, demo: Path, tmp_path: Path):
    pytest.importorskip("nbclient", reason="pip install nbclient ipykernel")
    (tmp_path / "reben-demo").symlink_to(demo)
    done = tmp_path / notebook.name
    command = [sys.executable, "-W", "ignore", "-c", _EXECUTE, str(notebook), str(done)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    shown = done.read_text()
    assert "text/html" in shown
    assert "Traceback" not in shown
    assert "error:" not in shown
