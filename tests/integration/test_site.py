"""The documentation site: what its pages need is there; the whole of it builds, and no link in it is dead."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.version import InvalidVersion
from tools.add_docs_version import add
from tools.check_site import faults
from tools.stage_docs import StagingError, commands_page, python_page, stage

import reben

ROOT = Path(__file__).parents[2]
MOST_GALLERY_BYTES = 1_000_000


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "docs"
    stage(folder)
    return folder


def in_navigation(entries: list[dict[str, object]]) -> Iterator[str]:
    for entry in entries:
        for value in entry.values():
            yield from [value] if isinstance(value, str) else in_navigation(value)


def test_the_navigation_has_every_page_once(staged: Path):
    named = list(in_navigation(tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]))
    assert sorted(named) == sorted(page.relative_to(staged).as_posix() for page in staged.rglob("*.md"))


def test_pages_from_the_code_have_every_command_and_every_public_name():
    commands, names = commands_page(), python_page()
    assert "## `reben explore`" in commands
    assert "### `reben store check`" in commands
    assert "**Commands**" not in commands, "their descriptions would be cut"
    assert "[dim]" not in commands
    for name in set(reben.__all__) - {"__version__"}:
        assert f".{name}\n" in names


def test_a_dead_link_of_a_page_stops_the_staging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text("[gone](other.md)")
    monkeypatch.setattr("tools.stage_docs.ROOT", tmp_path)
    with pytest.raises(StagingError, match=r"docs/page\.md links to other\.md, which does not exist"):
        stage(tmp_path / "staged")


def test_faults_of_a_site_are_named(tmp_path: Path):
    (tmp_path / "index.html").write_text(
        '<a href="a.html#there">a</a><a href="b.html">b</a><p id="x"><img src="x.png">'
    )
    (tmp_path / "a.html").write_text('<a href="index.html#x">i</a><script src="https://cdn.example/x.js"></script>')
    (tmp_path / "lonely.html").write_text("")
    assert sorted(faults(tmp_path)) == [
        "a.html loads https://cdn.example/x.js",
        "index.html links to a.html#there, which has no such place",
        "index.html links to b.html, which does not exist",
        "index.html links to x.png, which does not exist",
        "no page links to lonely.html",
    ]


def test_sites_of_several_versions_lie_side_by_side(tmp_path: Path):
    site, sites = tmp_path / "site", tmp_path / "sites"
    for version in ("0.9.0", "0.10.0", "0.11.0rc1", "0.10.0"):
        site.mkdir(exist_ok=True)
        (site / "index.html").write_text(f"reben {version}")
        add(site, sites, version)
    listed = json.loads((sites / "versions.json").read_text())
    assert [entry["version"] for entry in listed] == ["0.11.0rc1", "0.10.0", "0.9.0"]
    assert [entry["aliases"] for entry in listed] == [[], ["latest"], []]
    assert 'href="0.10.0/index.html"' in (sites / "index.html").read_text()
    assert (sites / "0.9.0" / "index.html").read_text() == "reben 0.9.0"
    with pytest.raises(InvalidVersion):
        add(site, sites, "newest")


def test_the_gallery_is_small():
    assert 0 < sum(file.stat().st_size for file in (ROOT / "docs" / "gallery").iterdir()) < MOST_GALLERY_BYTES


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_without_a_dead_link(staged: Path):
    pytest.importorskip("zensical", reason="pip install '.[docs]'")
    folder = staged.parent
    settings = (ROOT / "zensical.toml").read_text()
    for ours, theirs in (("build/docs", "docs"), ("build/site", "site"), ('"src"', f'"{ROOT / "src"}"')):
        assert ours in settings
        settings = settings.replace(ours, theirs)
    (folder / "zensical.toml").write_text(settings)
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    built = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    assert list(faults(folder / "site")) == []
    api = (folder / "site" / "reference" / "python.html").read_text()
    assert "Patches as a torch data set" in api
