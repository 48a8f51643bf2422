"""The explorer's page in a real browser, as somebody uses it."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from benchmarks.explorer import synthetic
from matplotlib.image import imread

from reben.core.classes import LandCover, Legend
from reben.explore.explored import Explored, open_explored
from reben.explore.options import ExploreOptions
from reben.explore.stage import Prepared, export, prepare
from reben.io.dataset.paths import DatasetPaths
from reben.pictures.rendering import rgb_of, true_colour
from reben.pictures.thumbnails import png
from reben.work.context import Context
from stand_ins.data_folders import make_data_folder
from stand_ins.explorer import (
    FLAGS,
    WebSpace,
    browser_path,
    five_clicks,
    prepared,
    running_explorer,
    space_of_whole_files,
    space_with_ranges,
    worst,
)

playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
playwright.expect.set_options(timeout=60_000)  # machines may be busy; what comes never fails all the same
pytestmark = pytest.mark.skipif(browser_path() is None, reason="there is no browser; run tools/install_browser.sh")

WEB = Path(__file__).parents[2] / "web"
PAGE = Path(__file__).parents[2] / "src" / "reben" / "explore" / "page"

Open = Callable[..., "playwright.Page"]


@pytest.fixture(scope="module")
def explored(tiny_dataset: DatasetPaths, tiny_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Explored:
    return open_explored(str(make_data_folder(tmp_path_factory.mktemp("explored") / "data", tiny_dataset, tiny_store)))


@pytest.fixture(scope="module")
def given(explored: Explored, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepared(explored, tmp_path_factory.mktemp("given"))


@pytest.fixture(scope="module")
def url(given: Prepared) -> Iterator[str]:
    with running_explorer(given) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator["playwright.Browser"]:
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=browser_path(), args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture
def open_page(browser: "playwright.Browser") -> Iterator[Open]:
    """Opens an address and waits for the page; at the end, nothing may have gone wrong in any page."""
    complaints: list[str] = []
    contexts = []

    def opened(address: str, **options: object) -> "playwright.Page":
        options = {"viewport": {"width": 1280, "height": 800}, **options}
        contexts.append(browser.new_context(accept_downloads=True, **options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(address)
        page.wait_for_selector("body[data-ready]")
        shows(page, "#status", re.compile("of .* patches"))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def shows(page: "playwright.Page", place: str, text: str | re.Pattern[str]) -> None:
    """Wait until there is this text."""
    playwright.expect(page.locator(place).first).to_have_text(text, timeout=20_000)


def has_pictures(page: "playwright.Page") -> None:
    """Wait until the pictures of a patch are drawn."""
    playwright.expect(page.locator("#left-picture")).to_have_attribute("width", "120", timeout=20_000)


def status(page: "playwright.Page") -> str:
    return page.inner_text("#status")


def value(page: "playwright.Page", facet: str, name: str) -> "playwright.Locator":
    return page.get_by_role("group", name=facet, exact=True).get_by_role("button", name=name)


def test_the_worst_predictions_of_the_test_split_in_five_clicks(open_page: Open, url: str, given: Prepared):
    page = open_page(url)
    assert five_clicks(page) == worst(given, "test")
    has_pictures(page)
    assert page.locator("#labels .wrong").count() > 0


@pytest.mark.slow
def test_filters_combine_and_counts_follow(open_page: Open, url: str, explored: Explored):
    rows = explored.rows.to_pylist()
    page = open_page(url)
    assert status(page) == f"{len(rows)} of {len(rows)} patches"
    label = rows[0]["labels"][0]
    value(page, "Label", label).click()
    having = [row for row in rows if label in row["labels"]]
    shows(page, "#status", f"{len(having)} of {len(rows)} patches")
    for split in {row["split"] for row in rows}:
        counted = sum(row["split"] == split for row in having)
        assert value(page, "Split", split).locator(".count").inner_text() == str(counted)
    page.get_by_label("Prediction error: at most").fill("0")
    page.get_by_label("Prediction error: at most").press("Enter")
    shows(page, "#status", re.compile("^0 of"))
    page.click("#reset")
    shows(page, "#status", f"{len(rows)} of {len(rows)} patches")


def test_pictures_are_those_of_python_and_can_be_swiped(open_page: Open, url: str, explored: Explored):
    page = open_page(url)
    page.locator("#grid .patch").nth(2).click()
    has_pictures(page)
    name = page.inner_text("#patch-id")
    shown = np.array(json.loads(page.evaluate("""() => {
        const canvas = document.querySelector('#left-picture');
        return JSON.stringify([...canvas.getContext('2d').getImageData(0, 0, 120, 120).data]);
    }"""))).reshape(120, 120, 4)[..., :3]  # fmt: skip
    expected = true_colour(rgb_of(name, explored.store[name])) * 255
    assert np.abs(shown - expected).max() <= 1
    before = page.locator("#right-picture").evaluate("canvas => canvas.style.clipPath")
    page.locator("#swipe").press("End")
    assert page.locator("#right-picture").evaluate("canvas => canvas.style.clipPath") != before
    for kind in ("infrared", "radar", "map", "bands"):
        page.select_option("#left", kind)
        assert page.locator("#left-picture").is_visible()
    page.select_option("#red", "B12")
    page.locator("#pictures").hover(position={"x": 20, "y": 30})
    assert "B12" in page.locator("#spectrum").get_attribute("aria-label")
    assert "VV" in page.inner_text("#spectrum-text")
    assert page.locator("#legend li").count() > 0
    assert page.get_by_text("Nearest in the embedding").is_visible()


def test_a_lasso_becomes_a_list_of_patches_and_a_link(open_page: Open, url: str, explored: Explored, tmp_path: Path):
    count = explored.rows.num_rows
    page = open_page(url)
    box = page.locator("#map").bounding_box()
    left, top = box["x"] + 2, box["y"] + 2
    middle, bottom = box["x"] + box["width"] / 2, box["y"] + box["height"] - 2
    page.click("#lasso")
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((middle, top), (middle, bottom), (left, bottom), (left, top)):
        page.mouse.move(x, y, steps=4)
    page.mouse.up()
    shows(page, "#status", re.compile(f"^(?!{count} of)"))
    chosen = int(status(page).split()[0])
    assert 0 < chosen < count
    with page.expect_download() as download:
        page.click("#save")
    download.value.save_as(tmp_path / "patches.txt")
    names = (tmp_path / "patches.txt").read_text().splitlines()
    assert len(names) == chosen
    assert set(names) < set(explored.rows["patch_id"].to_pylist())
    page.wait_for_url("**/*lasso.map*")
    again = open_page(page.url)
    assert status(again) == status(page)
    again.click("#reset")
    shows(again, "#status", re.compile(f"^{count} of"))


@pytest.mark.slow
def test_the_keyboard_is_enough(open_page: Open, url: str):
    page = open_page(url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the patches"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "grid"
    assert "#grid" not in page.url
    page.locator("#map").focus()
    for key in ("ArrowLeft", "+"):
        before = page.url
        page.keyboard.press(key)
        page.wait_for_url(lambda now, before=before: now != before)
    value(page, "Split", "train").focus()
    page.keyboard.press("Enter")
    playwright.expect(value(page, "Split", "train")).to_have_attribute("aria-pressed", "true")
    page.locator("#grid .patch").first.focus()
    page.keyboard.press("Enter")
    shows(page, "#patch-id", re.compile("S2"))
    first = page.inner_text("#patch-id")
    page.keyboard.press("ArrowRight")
    shows(page, "#patch-id", re.compile(f"^(?!{first})"))
    page.keyboard.press("Escape")
    assert page.locator("#detail").is_hidden()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_screen_readers_find_their_way(open_page: Open, url: str, scheme: str):
    axe = WEB / "node_modules" / "axe-core" / "axe.min.js"
    if not axe.is_file():
        pytest.skip("axe-core is not there; run npm ci in web")
    page = open_page(url, color_scheme=scheme)
    page.locator("#grid .patch").first.click()
    has_pictures(page)
    page.evaluate(axe.read_text())
    found = page.evaluate("axe.run().then(result => result.violations)")
    told = [(one["id"], one["nodes"][0]["html"][:120]) for one in found if one["impact"] in {"serious", "critical"}]
    assert told == []


@pytest.mark.slow
def test_narrow_screens_have_filters_behind_a_button(open_page: Open, url: str):
    page = open_page(url, viewport={"width": 390, "height": 800})
    assert page.locator("#filters").is_hidden()
    page.click("#show-filters")
    assert page.locator("#filters").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_names_from_anywhere_are_text_and_never_markup(open_page: Open, explored: Explored, tmp_path: Path):
    evil = "<img src=x onerror=\"document.title='obeyed'\">"
    legend = Legend("evil", (LandCover(1, evil, (1, 2, 3), evil), LandCover(111, "city", (9, 9, 9), "city")))
    place = explored.rows.schema.get_field_index("labels")
    labels = pa.array([[evil]] * explored.rows.num_rows)
    rows = explored.rows.set_column(place, "labels", labels)
    given = prepared(replace(explored, rows=rows, legend=legend, title=evil), tmp_path)
    with running_explorer(given) as address:
        page = open_page(address)
        page.locator("#grid .patch").first.click()
        shows(page, "#patch-id", re.compile("S2"))
        page.locator("#map").hover()
        assert page.inner_text("#title") == evil
        assert page.locator("img[src=x]").count() == 0
        has_pictures(page)
        playwright.expect(page.get_by_text("Nearest in the embedding")).to_be_visible()
        page.close()


@pytest.mark.parametrize("web_space", [space_with_ranges, pytest.param(space_of_whole_files, marks=pytest.mark.slow)])
def test_an_exported_folder_on_a_web_space(open_page: Open, given: Prepared, tmp_path: Path, web_space: WebSpace):
    export(given, tmp_path / "site", Context())
    with web_space(tmp_path) as address:
        page = open_page(f"{address}site/")
        playwright.expect(page.locator("#grid .patch img").nth(1)).to_have_js_property("naturalWidth", 120)
        page.locator("#grid .patch").nth(1).click()
        has_pictures(page)
        playwright.expect(page.get_by_text("Nearest in the embedding")).to_be_visible()
        shows(page, "#labels .count", re.compile(r"^[01]\.\d\d$"))
        page.close()


@pytest.mark.slow
def test_patches_without_a_place_and_without_a_model(open_page: Open, explored: Explored):
    given = prepare(replace(explored, footprints=None), ExploreOptions())
    with running_explorer(given) as address:
        page = open_page(address)
        assert page.locator("#plots").is_hidden()
        page.locator("#grid .patch").first.click()
        has_pictures(page)
        first = page.inner_text("#patch-id")
        page.keyboard.press("ArrowRight")
        shows(page, "#patch-id", re.compile(f"^(?!{first})"))
        has_pictures(page)
        assert page.locator(".patch[aria-current=true]").count() == 1
        page.close()


@pytest.mark.slow
def test_a_base_map_that_the_user_names_and_no_other(
    open_page: Open, explored: Explored, given: Prepared, tmp_path: Path
):
    red = np.zeros((256, 256, 3), np.uint8)
    red[..., 0] = 200
    for z in range(19):
        (tmp_path / "tiles" / str(z)).mkdir(parents=True)
        (tmp_path / "tiles" / f"{z}.png").write_bytes(png(red))
    with space_with_ranges(tmp_path) as tiles:
        options = ExploreOptions(base_map=f"{tiles}tiles/{{z}}.png?x={{x}}&y={{y}}", base_map_credit="© nobody")
        with running_explorer(replace(prepare(explored, options), values=given.values)) as address:
            page = open_page(address)
            playwright.expect(page.locator("#credit")).to_have_text("© nobody")
            page.wait_for_timeout(500)
            corner = imread(BytesIO(page.locator("#map").screenshot()))[5, 5, :3] * 255
            assert corner.round().tolist() == [200, 0, 0]
            page.close()


@pytest.mark.slow
def test_a_hundred_thousand_patches(open_page: Open, tmp_path: Path):
    given = synthetic(100_000, tmp_path)
    split = next(facet for facet in given.index.said["facets"] if facet["key"] == "split")
    expected = int((given.index.columns["split"] == split["values"].index("test")).sum())
    with running_explorer(given) as address:
        page = open_page(address)
        value(page, "Split", "test").click()
        shows(page, "#status", f"{expected:,} of 100,000 patches")
        page.select_option("#sort", "-error")
        shows(page, "#grid .patch span", re.compile(r"^0\."))
        test = given.index.columns["split"] == split["values"].index("test")
        errors = np.where(test, given.index.columns["error"], 0)
        row = int(page.locator("#grid .patch").first.get_attribute("data-row"))
        assert errors[row] == errors.max()
        playwright.expect(page.locator("#grid .patch img").first).to_have_js_property("naturalWidth", 120)
        page.close()


def test_the_built_page_is_what_its_sources_build(tmp_path: Path):
    node = shutil.which("node")
    if node is None or not (WEB / "node_modules" / "esbuild").is_dir():
        pytest.skip("Node or web/node_modules are not there; run npm ci in web")
    subprocess.run([node, WEB / "build.mjs", tmp_path], check=True, cwd=WEB)
    built, committed = ({p.name: p.read_bytes() for p in folder.iterdir()} for folder in (tmp_path, PAGE))
    assert built == committed, "run npm run build in web, and commit src/reben/explore/page"
