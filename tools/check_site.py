"""Check the documentation site: each link within it leads somewhere, each page can be reached, all comes from the site.

python tools/check_site.py [FOLDER]    exit code 1 and a line per fault; FOLDER is build/site if it is not given

The generator's strict mode looks at neither anchors nor pages that its navigation names and nobody has written.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

SITE = Path(__file__).parents[1] / "build" / "site"
_LOADING = {("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src")}
"""Elements that fetch what they name as soon as a page is shown; so do some kinds of links."""
_LOADING_LINKS = {"stylesheet", "preload", "icon", "preconnect", "modulepreload"}


@dataclass(slots=True)
class Page:
    """What a page names: anchors that it has, links that it follows, and what it loads."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element names."""
        values = {name: value or "" for name, value in attrs}
        self.page.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.page.links.append(values["href"])
        if tag == "link" and set(values.get("rel", "").split()) & _LOADING_LINKS:
            self.page.loaded.append(values.get("href", ""))
        self.page.loaded += [values[name] for element, name in _LOADING if element == tag and name in values]


def read_page(file: Path) -> Page:
    """Read one page."""
    reader = _Reader()
    reader.feed(file.read_text(encoding="utf-8"))
    return reader.page


def faults(site: Path) -> Iterator[str]:
    """What is wrong with a site, a line each."""
    pages = {file.resolve(): read_page(file) for file in sorted(site.rglob("*.html")) if file.name != "404.html"}
    reached = set()
    for file, page in pages.items():
        name = file.relative_to(site.resolve())
        for address in page.loaded:
            if urlsplit(address).netloc:
                yield f"{name} loads {address}"
        for address in [*page.links, *page.loaded]:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            target = target / "index.html" if target.is_dir() else target
            reached |= {target} - {file}
            if not target.is_file():
                yield f"{name} links to {address}, which does not exist"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                yield f"{name} links to {address}, which has no such place"
    yield from (f"no page links to {file.relative_to(site.resolve())}" for file in pages.keys() - reached)


def main() -> int:
    """Print all faults."""
    site = Path(sys.argv[1]) if len(sys.argv) > 1 else SITE
    found = sorted(set(faults(site)))
    print("\n".join(found) if found else f"{site}: all links lead somewhere")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
