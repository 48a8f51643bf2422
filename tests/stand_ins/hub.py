"""A stand-in for the Hugging Face hub: a real HTTP server on localhost that speaks the part of its protocol we need.

Repositories, files and commits live in memory. What it cannot show: xet transfers, the hub's own limits and checks.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from stand_ins.server import Handler, running

_LFS = (".safetensors", ".mdb", ".parquet")


@dataclass
class Repository:
    """Files by revision; the newest is `main`."""

    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    gated: bool = False
    private: bool = False

    def commit(self, files: dict[str, bytes]) -> str:
        """Add files to what `main` has, as a new commit."""
        merged = self.files.get("main", {}) | files
        name = hashlib.sha1(repr(sorted(merged.items())).encode(), usedforsecurity=False).hexdigest()
        self.files |= {"main": merged, name: merged}
        return name

    def commit_of(self, revision: str) -> str:
        return next(name for name, files in self.files.items() if name != "main" and files == self.files[revision])


@dataclass
class HubStandIn:
    """What the server holds, and what it was asked."""

    url: str = ""
    token: str = "hf_only_in_tests_0123456789"  # noqa: S105 - that is what it is for
    """Of the one user, `someone`."""
    repositories: dict[str, Repository] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    uploads: dict[str, bytes] = field(default_factory=dict)
    """Large files by their SHA-256."""
    broken: bool = False
    """Whether every answer is 503."""
    full: bool = False
    """Whether large files are refused."""
    etag: str = ""
    """What a hostile hub says instead of a checksum."""
    commit: str = ""
    """What a hostile hub says instead of a commit."""
    headers: dict[str, str] = field(default_factory=dict)
    """What it says besides."""

    def add(self, name: str, files: dict[str, bytes], **options: bool) -> str:
        """A repository with one commit; its hash."""
        self.repositories[name] = Repository(**options)
        return self.repositories[name].commit(files)


@contextmanager
def running_hub() -> Iterator[HubStandIn]:
    """A running server."""
    hub = HubStandIn()
    with running(_handler_of(hub)) as hub.url:
        yield hub


def _mode(path: str) -> str:
    return "lfs" if path.endswith(_LFS) else "regular"


def _name(parts: list[str]) -> str:
    """Of a repository at an address of the API; those of data sets begin with `datasets/`."""
    return ("datasets/" if parts[1] == "datasets" else "") + "/".join(parts[2:4])


def _sibling(name: str, content: bytes) -> dict[str, Any]:
    """What the hub says of a file if it is asked for more than names."""
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    found: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": blob}
    if _mode(name) == "lfs":
        found["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 130}
    return found


def _handler_of(hub: HubStandIn) -> type[Handler]:
    return type("Handler", (_Handler,), {"hub": hub})


class _Handler(Handler):
    hub: HubStandIn

    def do_HEAD(self) -> None:
        self._serve()

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        self.hub.requests.append(f"{self.command} /{'/'.join(parts)}")
        if self.hub.broken:
            self._answer(503)
        elif self.command == "PUT" and self.hub.full:
            self._answer(507)
        elif self.command == "PUT":
            self.hub.uploads[parts[-1]] = body
            self._answer(200)
        elif self.command == "POST":
            self._post(parts, body)
        elif parts[:2] == ["api", "whoami-v2"]:
            self._answer(200, {"name": "someone"}) if self._known() else self._answer(401)
        elif parts[0] == "api" and parts[1] in {"models", "datasets"} and len(parts) == 4:
            self._describe(_name(parts))
        elif len(parts) == 5 and parts[2] == "resolve":
            self._resolve("/".join(parts[:2]), parts[3], parts[4])
        else:
            self._answer(404)

    def _known(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {self.hub.token}"

    def _describe(self, name: str) -> None:
        repository = self.hub.repositories.get(name)
        if repository is None or (repository.private and not self._known()):
            self._answer(401, error="RepoNotFound")
        else:
            files = [_sibling(file, content) for file, content in repository.files["main"].items()]
            self._answer(200, {"id": name, "private": repository.private, "siblings": files})

    def _resolve(self, name: str, revision: str, file: str) -> None:
        repository = self.hub.repositories.get(name)
        if repository is None or (repository.private and not self._known()):
            self._answer(401, error="RepoNotFound")
        elif repository.gated and not self._known():
            self._answer(403, error="GatedRepo")
        elif revision not in repository.files:
            self._answer(404, error="RevisionNotFound")
        elif file not in repository.files[revision]:
            self._answer(404, error="EntryNotFound", commit=repository.commit_of(revision))
        else:
            content = repository.files[revision][file]
            self._answer(200, content, commit=repository.commit_of(revision))

    def _post(self, parts: list[str], body: bytes) -> None:
        if not self._known():
            self._answer(401)
        elif parts == ["api", "repos", "create"]:
            self._create(json.loads(body))
        elif parts == ["api", "validate-yaml"]:
            self._answer(200, {"errors": [], "warnings": []})
        elif parts[-2:] == ["objects", "batch"]:
            self._answer(200, self._upload_places(json.loads(body)))
        elif parts[4:5] == ["preupload"]:
            files = json.loads(body)["files"]
            modes = [{"path": f["path"], "uploadMode": _mode(f["path"]), "shouldIgnore": False} for f in files]
            self._answer(200, {"files": modes})
        elif parts[4:5] == ["commit"]:
            self._commit(_name(parts), body)
        else:
            self._answer(404)

    def _create(self, wanted: dict[str, Any]) -> None:
        owner = wanted.get("organization") or "someone"
        name = f"{'datasets/' if wanted.get('type') == 'dataset' else ''}{owner}/{wanted['name']}"
        if owner != "someone":
            self._answer(403)
        elif name in self.hub.repositories:
            self._answer(409, {"url": f"{self.hub.url}/{name}"})
        else:
            self.hub.add(name, {".gitattributes": b""}, private=wanted.get("visibility") == "private")
            self._answer(200, {"url": f"{self.hub.url}/{name}"})

    def _upload_places(self, wanted: dict[str, Any]) -> dict[str, Any]:
        places = [
            {**entry, "actions": {"upload": {"href": f"{self.hub.url}/upload/{entry['oid']}"}}}
            for entry in wanted["objects"]
        ]
        return {"transfer": "basic", "objects": places}

    def _commit(self, name: str, body: bytes) -> None:
        files = {}
        for line in body.splitlines():
            entry = json.loads(line)
            if entry["key"] == "file":
                files[entry["value"]["path"]] = base64.b64decode(entry["value"]["content"])
            elif entry["key"] == "lfsFile":
                files[entry["value"]["path"]] = self.hub.uploads[entry["value"]["oid"]]
        commit = self.hub.repositories[name].commit(files)
        url = f"{self.hub.url}/{name}/commit/{commit}"
        self._answer(200, {"success": True, "commitOid": commit, "commitUrl": url, "hookOutput": ""})

    def _answer(self, status: int, content: bytes | dict[str, Any] = b"", *, error: str = "", commit: str = "") -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", self.hub.etag or f'"{hashlib.sha256(body).hexdigest()}"')
        for name, value in self.hub.headers.items():
            self.send_header(name, value)
        if error:
            self.send_header("X-Error-Code", error)
        if commit:
            self.send_header("X-Repo-Commit", self.hub.commit or commit)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
