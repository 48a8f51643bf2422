"""The explorer as it runs: its server in a thread, a model that says something of every patch, and a real browser."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from reben.explore.explored import Explored
from reben.explore.index import index_of
from reben.explore.plane import Vectors
from reben.explore.predictions import multi_hot, read_predictions
from reben.explore.server import HOST, application, listening, server_of
from reben.explore.stage import Prepared, served
from reben.explore.values import PatchValues

if TYPE_CHECKING:
    from playwright.sync_api import Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_PATIENCE_S = 0.5
FLAGS = ("--no-sandbox", "--disable-gpu")  # in containers, as root


def browser_path() -> str | None:
    """A browser of this machine, as `tools/install_browser.sh` installs one."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def write_predictions(path: Path, explored: Explored) -> None:
    """Probabilities of all patches, the same in every run, as `reben predict` writes them."""
    names = explored.legend.class_names
    labels = multi_hot(explored.rows["labels"], names)
    noise = np.random.default_rng(5).uniform(0, 1, labels.shape) * np.linspace(0.2, 0.9, len(labels))[:, None]
    probabilities = np.abs(labels - noise).astype(np.float32)
    said = [[name for name, p in zip(names, row, strict=True) if p >= 0.5] for row in probabilities]
    columns = {name: pa.array(probabilities[:, number]) for number, name in enumerate(names)}
    pq.write_table(pa.table({"patch_id": explored.rows["patch_id"], "labels": said, **columns}), path)


def prepared(explored: Explored, folder: Path) -> Prepared:
    """A data set with predictions and embeddings, without torch."""
    write_predictions(folder / "predictions.parquet", explored)
    names = explored.legend.class_names
    labels = multi_hot(explored.rows["labels"], names)
    predictions = read_predictions(folder / "predictions.parquet", explored.rows["patch_id"], labels, names)
    vectors = np.random.default_rng(6).normal(size=(len(labels), 8)).astype(np.float32)
    found = Vectors.of(np.arange(len(labels)), vectors)
    return Prepared(index_of(explored, predictions, found), PatchValues(explored.store, explored.rows), found)


def worst(given: Prepared, split: str) -> str:
    """The patch of a split with the largest error."""
    index = given.index
    facet = next(facet for facet in index.said["facets"] if facet["key"] == "split")  # type: ignore[attr-defined]
    inside = index.columns["split"] == facet["values"].index(split)
    return str(index.columns["patch_id"][np.where(inside, index.columns["error"], -1).argmax()])


def five_clicks(page: "Page") -> str:
    """Look for the worst prediction of the test split as somebody would who sees the page for the first time.

    A filter, a list and a row in it, a patch: four clicks.
    """
    page.get_by_role("group", name="Split", exact=True).get_by_role("button", name="test").click()
    page.select_option("#sort", label="Prediction error, largest first")
    page.locator("#grid .patch span").first.filter(has_text="0.").wait_for()
    page.locator("#grid .patch").first.click()
    page.locator("#left-picture[width='120']").wait_for()
    return page.inner_text("#patch-id")


WebSpace = Callable[[Path], AbstractContextManager[str]]
"""Serves the files of a folder, and gives its address."""


@contextmanager
def running_explorer(given: Prepared) -> Iterator[str]:
    """The address of the page."""
    with served(given) as files, _running(application(files)) as address:
        yield address


def space_with_ranges(folder: Path) -> AbstractContextManager[str]:
    """A web space that answers requests for parts of files."""
    return _running(Starlette(routes=[Mount("/", StaticFiles(directory=folder, html=True))]))


@contextmanager
def space_of_whole_files(folder: Path) -> Iterator[str]:
    """Python's own server, which knows no ranges."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer((HOST, 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _running(app: Starlette) -> Iterator[str]:
    listener = listening(0)
    server = server_of(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://{HOST}:{listener.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join(_PATIENCE_S)
        for connection in list(server.server_state.connections):  # of pages that were closed in the middle of an answer
            with suppress(RuntimeError):  # its loop has ended meanwhile
                connection.loop.call_soon_threadsafe(connection.transport.abort)
        thread.join()
        listener.close()
