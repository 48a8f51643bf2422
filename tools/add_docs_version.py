"""Put the built documentation site among those of other versions, in a folder for a web space.

python tools/add_docs_version.py SITES [VERSION]    VERSION is that of the package if it is not given

SITES/VERSION becomes build/site, SITES/versions.json lists all versions, newest first, in the form of mike, which the
theme's choice of versions reads, and SITES/index.html leads to the newest release. Other sites stay as they are.
"""

import json
import shutil
import sys
from pathlib import Path

from packaging.version import InvalidVersion, Version

from reben.version import __version__
from reben.work import atomic

SITE = Path(__file__).parents[1] / "build" / "site"
_INDEX = """<!doctype html>
<meta charset="utf-8">
<title>reben</title>
<meta http-equiv="refresh" content="0; url={version}/index.html">
<a href="{version}/index.html">reben {version}</a>
"""


def add(site: Path, sites: Path, version: str) -> None:
    """Add a built site, or replace that of the same version.

    Raises:
        InvalidVersion: if the version is not one of Python's, such as 1.2.0.
        FileNotFoundError: if there is no built site.
    """
    Version(version)
    if not (site / "index.html").is_file():
        raise FileNotFoundError(f"{site} holds no site; run `make docs` first")
    sites.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(sites / version, ignore_errors=True)
    with atomic.new_directory(sites / version) as folder:
        shutil.copytree(site, folder, dirs_exist_ok=True)
    versions = sorted((it.name for it in sites.iterdir() if _is_version(it)), key=Version, reverse=True)
    newest = next((it for it in versions if not Version(it).is_prerelease), versions[0])
    listed = [{"version": it, "title": it, "aliases": ["latest"] if it == newest else []} for it in versions]
    atomic.write_text(sites / "versions.json", json.dumps(listed, indent=2) + "\n")
    atomic.write_text(sites / "index.html", _INDEX.format(version=newest))


def _is_version(folder: Path) -> bool:
    try:
        Version(folder.name)
    except InvalidVersion:
        return False
    return (folder / "index.html").is_file()


if __name__ == "__main__":
    add(SITE, Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else __version__)  # noqa: PLR2004
