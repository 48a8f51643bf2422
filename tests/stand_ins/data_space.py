"""A stand-in for the Copernicus Data Space: a real HTTP server on localhost with catalogue, tokens and downloads.

It plays products as the real catalogue describes them, evaluates the filters that we send, and misbehaves when it is
told to. What it cannot show: the real service's speed, limits, and what it does that nobody has written down.
"""

import hashlib
import io
import json
import re
import threading
import uuid
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import numpy as np
import shapely
from blake3 import blake3

from reben.acquire.access import Service
from reben.acquire.products import CatalogueProduct, parse_product
from stand_ins.server import Handler, running

USERNAME = "someone@example.org"
PASSWORD = "only in tests: pa$$ & 'word'"  # noqa: S105 - that is what it is for

NAMES = [f"S2A_MSIL1C_20170613T101031_N0205_R022_T33UU{letter}_20170613T101608.SAFE" for letter in "PQRSTUV"]


def zip_of(name: str, *, size: int = 700_000, members: dict[str, bytes] | None = None) -> bytes:
    """A small product as the service packs it: no empty folders, bands that do not shrink."""
    noise = np.random.default_rng(len(name) + sum(name.encode())).integers(0, 256, size, np.uint8).tobytes()
    inside = members or {
        "MTD_MSIL1C.xml": b"<a/>",
        "GRANULE/L1C_T33UUP/IMG_DATA/B02.jp2": noise,
        "DATASTRIP/DS_1/MTD_DS.xml": b"<a/>",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:  # stored: noise does not shrink
        for path, content in inside.items():
            archive.writestr(f"{name}/{path}", content)
    return buffer.getvalue()


def zipped(product: Path) -> bytes:
    """The folder of a product, packed."""
    members = {path.relative_to(product).as_posix(): path.read_bytes() for path in product.rglob("*") if path.is_file()}
    return zip_of(product.name, members=dict(sorted(members.items())))


@dataclass
class DataSpaceStandIn:
    """What the server holds, how it misbehaves, and what it was asked."""

    url: str = ""
    entries: list[dict[str, Any]] = field(default_factory=list)
    """Products, as OData has them."""
    contents: dict[str, bytes] = field(default_factory=dict)
    """Zip files by id."""
    faults: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """What goes wrong with the next requests for an id, `catalogue` or `token`; see `_Handler`."""
    page_size: int = 100
    token_life_s: float = 600
    refuse_refresh: bool = False
    now: Callable[[], float] = lambda: 0.0
    released: threading.Event = field(default_factory=threading.Event)
    """Lets downloads go on that hang."""
    requests: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    """Headers of requests other than for tokens."""
    grants: list[str] = field(default_factory=list)
    """Kinds of the tokens that were given."""
    secrets: set[str] = field(default_factory=lambda: {PASSWORD})
    tokens: dict[str, float] = field(default_factory=dict)
    """When each ends."""
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def service(self) -> Service:
        return Service(f"{self.url}/catalogue", f"{self.url}/download", f"{self.url}/token")

    @property
    def environment(self) -> dict[str, str]:
        service = self.service
        return {
            "REBEN_CDSE_CATALOGUE": service.catalogue,
            "REBEN_CDSE_DOWNLOAD": service.download,
            "REBEN_CDSE_IDENTITY": service.identity,
            "CDSE_USERNAME": USERNAME,
            "CDSE_PASSWORD": PASSWORD,
        }

    def add(self, name: str, content: bytes | None = None, **changes: Any) -> CatalogueProduct:
        """A product with a zip file; `changes` to what the catalogue says of it."""
        content = zip_of(name) if content is None else content
        number = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name} {len(self.entries)}"))
        checksums = {
            "MD5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
            "BLAKE3": blake3(content).hexdigest(),
        }
        entry = {
            "Id": number, "Name": name, "ContentLength": len(content), "Online": True,
            "Checksum": [{"Algorithm": kind, "Value": value} for kind, value in checksums.items()],
            "ContentDate": {"Start": f"{name[11:15]}-{name[15:17]}-{name[17:19]}T10:10:31.026Z"},
            "Attributes": [
                {"Name": "tileId", "Value": name[39:44]},
                {"Name": "productType", "Value": f"S2MSI{name[8:10]}"},
                {"Name": "cloudCover", "Value": 5.25},
            ],
        }  # fmt: skip
        self.entries.append(entry | changes)
        self.contents[number] = content
        return parse_product(self.entries[-1])

    def revoke(self) -> None:
        """End all tokens, before their time."""
        self.tokens.clear()


@contextmanager
def running_data_space() -> Iterator[DataSpaceStandIn]:
    """A running server."""
    space = DataSpaceStandIn()
    with running(type("SpaceHandler", (_Handler,), {"space": space})) as space.url:
        try:
            yield space
        finally:
            space.released.set()


def _matches(entry: dict[str, Any], question: str) -> bool:
    if question.startswith("Name eq"):
        return entry["Name"] in re.findall(r"Name eq '([^']*)'", question)
    return all(_holds(entry, part) for part in re.split(r" and (?!att/)", question))


def _holds(entry: dict[str, Any], condition: str) -> bool:
    """Whether one condition of a filter holds, for the conditions that we use."""
    attributes = {attribute["Name"]: attribute["Value"] for attribute in entry["Attributes"]}
    start = entry["ContentDate"]["Start"]
    if match := re.fullmatch(r"Collection/Name eq '(SENTINEL-\d)'", condition):
        return entry["Name"][1] == match[1][-1]
    if match := re.fullmatch(r"ContentDate/Start (ge|lt) (\S+)", condition):
        return start >= match[2] if match[1] == "ge" else start < match[2]
    if match := re.fullmatch(r"OData.CSC.Intersects\(area=geography'SRID=4326;(POLYGON.*)'\)", condition):
        footprint = shapely.from_geojson(json.dumps(entry["GeoFootprint"]))
        return bool(shapely.intersects(footprint, shapely.from_wkt(match[1])))
    match = re.fullmatch(
        r"Attributes/OData.CSC.(\w+)Attribute/any\(att:att/Name eq '(\w+)' and "
        r"att/OData.CSC.\1Attribute/Value (eq|le) '?([^']*?)'?\)",
        condition,
    )
    assert match is not None, condition  # the real service answers 400
    value = attributes.get(match[2])
    return value is not None and (str(value) == match[4] if match[3] == "eq" else value <= float(match[4]))


class _Handler(Handler):
    space: DataSpaceStandIn

    def do_GET(self) -> None:
        space = self.space
        with space.lock:
            space.requests.append(self.path)
            space.authorizations.append(self.headers.get("Authorization", ""))
        path = urlsplit(self.path).path
        if path == "/catalogue/Products":
            self._catalogue()
        elif match := re.fullmatch(r"/(?:download|elsewhere)/Products\((.*)\)/\$value", path):
            with space.lock:
                space.at_once += 1
                space.most_at_once = max(space.most_at_once, space.at_once)
            try:
                self._download(match[1], authorized=not path.startswith("/elsewhere"))
            finally:
                with space.lock:
                    space.at_once -= 1
        else:
            self._answer(404)

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        space = self.space
        with space.lock:
            space.requests.append(self.path)
            fault = space.faults["token"].pop(0) if space.faults["token"] else ""
        if fault:
            self._misbehave(fault)
            return
        kind = form["grant_type"][0]
        right = (form.get("username"), form.get("password")) == ([USERNAME], [PASSWORD])
        if kind == "refresh_token":
            right = form["refresh_token"][0] in space.secrets and not space.refuse_refresh
        if not right or form["client_id"] != ["cdse-public"]:
            # a careless service, which repeats what it was sent
            body = {"error": "invalid_grant", "error_description": f"wrong: {form}"}
            self._answer(401, json.dumps(body).encode(), "application/json")
            return
        with space.lock:
            space.grants.append(kind)
            access, refresh = (f"{word}-{uuid.uuid4().hex}" for word in ("access", "refresh"))
            space.secrets |= {access, refresh}
            space.tokens[access] = space.now() + space.token_life_s
        grant = {"access_token": access, "expires_in": space.token_life_s, "refresh_token": refresh}
        body = grant | {"refresh_expires_in": 6 * space.token_life_s, "token_type": "Bearer"}
        self._answer(200, json.dumps(body).encode(), "application/json")

    def _catalogue(self) -> None:
        space = self.space
        if space.faults["catalogue"]:
            self._misbehave(space.faults["catalogue"].pop(0))
            return
        parameters = dict(parse_qsl(urlsplit(self.path).query))
        found = [entry for entry in space.entries if _matches(entry, parameters["$filter"])]
        found.sort(key=lambda entry: entry["ContentDate"]["Start"])
        first = int(parameters.get("$skip", 0))
        end = first + min(int(parameters["$top"]), space.page_size)
        page: dict[str, Any] = {"value": found[first:end]}
        if end < len(found):  # as the real one: an absolute address, of which the host is not ours here
            query = urlencode(parameters | {"$skip": str(end)})
            page["@odata.nextLink"] = f"http://catalogue.dataspace.copernicus.eu/odata/v1/Products?{query}"
        self._answer(200, json.dumps(page).encode(), "application/json")

    def _download(self, number: str, *, authorized: bool) -> None:
        space = self.space
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if authorized and space.tokens.get(token, float("-inf")) <= space.now():
            self._answer(401)
            return
        content = space.contents.get(number)
        if content is None:
            self._answer(404)
            return
        with space.lock:
            fault = space.faults[number].pop(0) if space.faults[number] else ""
        if fault and not self._misbehave_with(fault, content):
            return
        first = self._first()
        etag = '"of the other file"' if fault == "other etag" else f'"{hashlib.sha256(content).hexdigest()}"'
        headers = {"ETag": etag, "Content-Type": "application/zip"}
        if first and fault != "range ignored":
            if first >= len(content):
                self._answer(416, headers={"Content-Range": f"bytes */{len(content)}"})
                return
            shown = first + 7 if fault == "wrong range" else first
            headers["Content-Range"] = f"bytes {shown}-{len(content) - 1}/{len(content)}"
            self._answer(206, content[first:], headers=headers)
        else:
            self._answer(200, content, headers=headers)

    def _first(self) -> int:
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        return int(match[1]) if match else 0

    def _misbehave_with(self, fault: str, content: bytes) -> bool:  # noqa: C901, PLR0912 - one branch per fault
        """Do what a fault of a download says; whether to go on."""
        kind, _, argument = fault.partition(" ")
        first = self._first()
        rest = content[first:]
        status = 206 if first else 200
        place = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"'}
        if first:
            place["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
        if kind == "cut":  # so many bytes of what was asked for, and the line is dead
            self._answer(status, rest[: int(argument)], headers=place, length=len(rest))
        elif kind == "cut-from-zero":
            self._answer(200, content[: int(argument)], length=len(content))
        elif kind == "etag":  # of any form, and a line that breaks
            self._answer(status, rest[:300_000], headers={**place, "ETag": argument}, length=len(rest))
        elif kind == "place":  # of any form
            self._answer(206, rest, headers={"Content-Range": argument})
        elif kind == "unsized":  # so many bytes, and an end that looks like one
            self.close_connection = True
            self._answer(status, rest[: int(argument)], headers=place, length=None)
        elif kind == "slow":  # in many small pieces
            self._answer(status, rest, headers=place, piece=int(argument))
        elif kind == "meet":  # when so many are being served at once
            while self.space.most_at_once < int(argument) and not self.space.released.wait(0.01):
                pass
            return True
        elif kind == "silent":  # not even a header
            self.space.released.wait(60)
            self.close_connection = True
        elif kind == "hang":
            self._answer(status, rest[:100_000], headers=place, length=len(rest), wait=True)
        elif kind == "other-bytes":
            self._answer(200, content[:1000] + bytes(len(content) - 1000))
        elif kind == "longer":
            self._answer(200, content + bytes(int(argument)))
        elif kind == "endless":
            self.close_connection = True
            self._answer(200, content + bytes(1 << 20), length=None)
        elif kind in {"range", "wrong", "other"}:
            return True
        else:
            self._misbehave(fault)
        return False

    def _misbehave(self, fault: str) -> None:
        """`429 3`: a status, with Retry-After; `redirect URL`; `html`; `garbage`; `huge`; `drip`; `encoding NAME`."""
        kind, _, argument = fault.partition(" ")
        if kind.isdigit():
            self._answer(int(kind), headers={"Retry-After": argument} if argument else {})
        elif kind == "redirect":
            self._answer(302, headers={"Location": argument})
        elif kind == "html":
            self._answer(200, b"<html>We will be back soon</html>", "text/html")
        elif kind == "json":
            self._answer(200, argument.encode(), "application/json")
        elif kind == "refused":
            self._answer(401, argument.encode(), "application/json")
        elif kind == "encoding":  # content that is not what its header says
            self._answer(200, b"no such thing", "application/json", headers={"Content-Encoding": argument})
        elif kind == "drip":  # a byte now and then, of the headers or of the body
            self._drip(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nPK\x03\x04", in_headers=argument == "headers")
        else:
            assert kind == "garbage", fault
            self.close_connection = True
            self._answer(200, b"\0" * 5000, "application/octet-stream", length=None)

    def _drip(self, start: bytes, *, in_headers: bool) -> None:
        self.close_connection = True
        try:
            self.wfile.write(start[:20] if in_headers else start)
            while not self.space.released.wait(0.05):
                self.wfile.write(b"x")
        except OSError:
            pass

    def _answer(
        self,
        status: int,
        body: bytes = b"",
        kind: str = "",
        *,
        headers: dict[str, str] | None = None,
        length: int | None = -1,
        piece: int = 1 << 16,
        wait: bool = False,
    ) -> None:
        """Answer; with fewer bytes than `length` says, the line is cut, and None states no length at all."""
        self.send_response(status)
        for name, value in {"Content-Type": kind, **(headers or {})}.items():
            if value:
                self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(len(body) if length < 0 else length))
        self.end_headers()
        try:
            for start in range(0, len(body), piece):
                self.wfile.write(body[start : start + piece])
            if wait:
                self.wfile.flush()
                self.space.released.wait(60)
        except ConnectionError:  # the other side has had enough
            self.close_connection = True
        if length is not None and length > len(body):
            self.close_connection = True
