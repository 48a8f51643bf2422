import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from reben.core.errors import ExploreError, StoreError
from reben.explore.options import ExploreOptions
from reben.explore.plane import Vectors
from reben.explore.server import HOST, Served, application, listening, server_of
from reben.explore.values import PatchValues
from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import open_store


@pytest.fixture(scope="module")
def served(tiny_dataset: DatasetPaths, tiny_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Served:
    folder = tmp_path_factory.mktemp("served")
    for name in ("page", "files"):
        (folder / name).mkdir()
    (folder / "secret.txt").write_text("secret")
    (folder / "page" / "index.html").write_text("<p>page</p>")
    (folder / "page" / "link.txt").symlink_to(folder / "secret.txt")
    (folder / "files" / "index.parquet").write_bytes(bytes(range(100)))
    values = PatchValues(open_store(tiny_store), read_metadata(tiny_dataset.tables))
    vectors = Vectors.of(np.arange(3), np.eye(3, dtype=np.float32))
    return Served(folder / "page", folder / "files", values, vectors)


@pytest.fixture(scope="module")
def port(served: Served) -> Iterator[int]:
    listener = listening(0)
    server = server_of(application(served))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join()
    listener.close()


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection(HOST, port)
    connection.putrequest(method, path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def test_the_page_its_files_and_parts_of_them(port: int):
    answer, body = ask(port, "/")
    assert (answer.status, body) == (200, b"<p>page</p>")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    answer, body = ask(port, "/index.parquet", Range="bytes=10-12")
    assert (answer.status, body) == (206, bytes([10, 11, 12]))


def test_pictures_of_other_servers_are_those_of_the_base_map_only():
    for wrong in ("javascript:{z}", "https://a.example/{z}; script-src *", "https://a.example/{x}.png", "//a/{z}"):
        with pytest.raises(ValidationError):
            ExploreOptions(base_map=wrong)
    assert ExploreOptions(base_map="https://a.example/{z}/{x}/{y}.png").base_map


def test_values_are_those_of_the_store(port: int, served: Served, tiny_store: Path):
    store = open_store(tiny_store)
    for part, key in (("s2", served.values._key(4, "s2")), ("map", served.values._key(4, "map"))):
        answer, body = ask(port, f"/values/4/{part}")
        assert answer.status == 200
        assert body == store.raw(key)
    answer, body = ask(port, "/thumbnails/4.png")
    assert answer.headers["content-type"] == "image/png"
    assert body.startswith(b"\x89PNG")
    assert ask(port, "/neighbours/1")[0].status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "//secret.txt",
        "/link.txt",
        "/files/index.parquet",
        "/index.parquet/../../secret.txt",
        "/values/4/../../secret.txt",
        "/values/4/s3",
        "/values/99999999/s2",
        "/values/-1/s2",
        "/values/99999999999999999999999999/s2",
        "/thumbnails/99999999.png",
        "/thumbnails/%00.png",
        "/values/4/s2%00",
    ],
)
def test_nothing_outside_the_data_is_served(port: int, path: str):
    answer, body = ask(port, path)
    assert answer.status in {400, 404}
    assert b"secret" not in body


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "0.0.0.0:80", "localhost.evil.example"])
def test_names_of_other_machines_are_refused(port: int, host: str):
    for path in ("/", "/index.parquet", "/values/4/s2"):
        assert ask(port, path, Host=host)[0].status == 400
    for own in (f"127.0.0.1:{port}", "localhost", f"LOCALHOST:{port}"):
        assert ask(port, "/", Host=own)[0].status == 200


def test_a_damaged_value_is_named(port: int, monkeypatch: pytest.MonkeyPatch):
    def damaged(*_: object) -> bytes:
        raise StoreError("the store is damaged")

    monkeypatch.setattr(PatchValues, "thumbnail", damaged)
    answer, body = ask(port, "/thumbnails/4.png")
    assert (answer.status, body) == (500, b"the store is damaged")


def test_nothing_can_be_changed(port: int):
    for method in ("POST", "PUT", "DELETE"):
        assert ask(port, "/index.parquet", method)[0].status == 405


def test_a_port_that_is_taken(port: int):
    with pytest.raises(ExploreError, match=f"port {port} cannot be used"):
        listening(port)


def test_only_this_machine_is_listened_to():
    with listening(0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
