"""The explorer's page with very many patches in a headless browser without a GPU: first map, frames a second, filters.

python -m benchmarks.explorer [PATCHES ...]      100,000 and 549,488 by default; needs playwright and Chromium
"""

import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from reben.core.bands import BANDS, S2_BANDS
from reben.core.classes import CLC2018
from reben.describe.footprints import footprints_of
from reben.explore.explored import Explored
from reben.explore.index import index_of
from reben.explore.predictions import Predictions, multi_hot
from reben.explore.server import HOST, application, listening, server_of
from reben.explore.stage import Prepared, served
from reben.explore.values import PatchValues
from reben.io.dataset.metadata import SCHEMA
from reben.io.store import TensorSpec, create_store, header, open_store

if TYPE_CHECKING:
    from playwright.sync_api import Page

_COUNTS = (100_000, 549_488)
_TILES = ("29SNB", "33UUP", "34TCR", "35VPK", "29UPU", "32TMT", "31UFS", "34VEN", "33TWN", "34TDQ")
_SIDE = 90
"""Patches along a side of a tile."""
_PATCH = f"S2A_MSIL2A_20170613T101031_N9999_R022_T{_TILES[0]}_00_00"
_FLAGS = ["--no-sandbox", "--disable-gpu"]
_DRAG = """() => new Promise(done => {
    const map = document.querySelector('#map'), box = map.getBoundingClientRect();
    const drawn = () => Number(map.dataset.frames);
    const began = performance.now(), before = drawn(), times = [began];
    const step = time => {
        times.push(performance.now());
        const [x, y] = [Math.sin(times.length / 9), Math.cos(times.length / 7)].map(part => 150 + 60 * part);
        const place = { pointerId: 1, bubbles: true, buttons: 1, clientX: box.x + x, clientY: box.y + y };
        map.dispatchEvent(new PointerEvent('pointermove', place));
        if (time - began < 5000) requestAnimationFrame(step);
        else done([
            (drawn() - before) / ((performance.now() - began) / 1000),
            Math.max(...times.slice(1).map((one, i) => one - times[i])),
        ]);
    };
    requestAnimationFrame(step);
})"""
"""Moves the pressed pointer in each frame for five seconds: frames drawn a second, and the slowest in milliseconds."""
_FILTER = """() => new Promise(done => {
    const began = performance.now();
    document.querySelector('.value').click();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
})"""


def synthetic(count: int, folder: Path) -> Prepared:
    """Patches all over Europe with three labels and a prediction each; the pixels of all are those of one."""
    random = np.random.default_rng(count)
    names = CLC2018.class_names
    rows = _rows(count, random)
    labels = multi_hot(rows["labels"], names)
    probabilities = np.abs(labels - random.uniform(0, 0.8, labels.shape)).astype(np.float32)
    wrong = ((probabilities >= 0.5) != labels).sum(axis=1).astype(np.int32)  # noqa: PLR2004 - the threshold of predictions
    predictions = Predictions(probabilities, wrong, np.abs(probabilities - labels).mean(axis=1))
    _write_store(folder / "store", random)
    store = open_store(folder / "store")
    explored = Explored("synthetic", rows, CLC2018, store, footprints_of(rows["patch_id"]), 1200, None)
    same = rows.set_column(0, "patch_id", pa.array([_PATCH]).take(pa.array(np.zeros(count, np.int64))))
    return Prepared(index_of(explored, predictions), PatchValues(store, same), None)


def _rows(count: int, random: np.random.Generator) -> pa.Table:
    number = np.arange(count)
    tiles, cells = number // _SIDE**2, number % _SIDE**2
    columns = {
        "patch_id": [
            f"S2A_MSIL2A_2017{1 + tile // 10 % 12:02d}13T101031_N9999_R022_T{_TILES[tile % 10]}"
            f"_{cell // _SIDE:02d}_{cell % _SIDE:02d}"
            for tile, cell in zip(tiles.tolist(), cells.tolist(), strict=True)
        ],
        "labels": [
            [CLC2018.class_names[i] for i in sorted(set(three))]
            for three in random.integers(0, len(CLC2018.class_names), (count, 3)).tolist()
        ],
        "split": random.choice(["train", "validation", "test"], count).tolist(),
        "country": [f"Country {tile % 10}" for tile in tiles.tolist()],
    }
    arrays = [pa.array(columns.get(field.name, [None] * count), field.type) for field in SCHEMA]
    return pa.table(arrays, SCHEMA).sort_by("patch_id").combine_chunks()


def _write_store(path: Path, random: np.random.Generator) -> None:
    sides = {name: BANDS[name].side_px() for name in S2_BANDS}
    head, order = header(tuple(TensorSpec(name, (side, side), BANDS[name].numpy_dtype) for name, side in sides.items()))
    pixels = (random.integers(0, 3000, (sides[name],) * 2).astype("<u2").tobytes() for name in order)
    with create_store(path) as writer:
        writer.write([(_PATCH, b"".join([head, *pixels]))])


@contextmanager
def _running(given: Prepared) -> Iterator[str]:
    listener = listening(0)
    with served(given) as files:
        server = server_of(application(files))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://{HOST}:{listener.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join()
            listener.close()


def measure(page: "Page", address: str) -> dict[str, float]:
    """Seconds to the first map, frames a second while it is dragged, and milliseconds until a filter is shown."""
    page.goto(address)
    page.wait_for_selector("body[data-ready]")
    page.wait_for_selector("#map[data-frames]")
    first_ms = page.evaluate("performance.getEntriesByName('first-map')[0].startTime")
    page.wait_for_timeout(1500)
    page.locator("#map").hover()
    page.mouse.down()
    drawn_per_s, slowest_ms = page.evaluate(_DRAG)
    page.mouse.up()
    return {
        "first_map_s": first_ms / 1000,
        "frames_per_s": drawn_per_s,
        "slowest_frame_ms": slowest_ms,
        "filter_ms": page.evaluate(_FILTER),
    }


def main() -> None:
    """Print a line per number of patches."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - the synthetic patches need no browser

    browser_path = shutil.which("chromium")
    for count in map(int, sys.argv[1:] or _COUNTS):
        with (
            TemporaryDirectory() as folder,
            _running(synthetic(count, Path(folder))) as address,
            sync_playwright() as started,
        ):
            browser = started.chromium.launch(executable_path=browser_path, args=_FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            found = measure(page, address)
            browser.close()
        print(f"{count:,} patches: " + ", ".join(f"{name} {value:.2f}" for name, value in found.items()))


if __name__ == "__main__":
    main()
