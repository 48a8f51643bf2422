"""A store on a server gives what the same store on the disk gives, for little more than the bytes of the values."""

import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import numpy as np
import pytest
from safetensors.numpy import save

from reben.core.errors import RemoteError, StoreError
from reben.io.store import create_store, open_store, reference_map_key
from reben.io.store.remote import RemoteStore
from reben.io.store.tree_pages import parse_meta
from reben.net.retries import RetryPolicy
from stand_ins.generated_stores import patch_id, s1_name, write_generated_store
from stand_ins.range_server import FAULTS, RangeServer, running_range_server

AT_ONCE = RetryPolicy(first_wait_s=0.0, sleep=lambda _: None)


@pytest.fixture
def server(generated_store: Path) -> Iterator[RangeServer]:
    with running_range_server(generated_store.parent) as running:
        yield running


def map_of(number: int) -> str:
    return reference_map_key(patch_id(number))


def pages_of_tree(path: Path) -> int:
    """Branch and leaf pages, as LMDB counts them."""
    content = path.read_bytes()
    page_size = parse_meta(content[: 1 << 17], len(content)).page_size
    newest = max((0, page_size), key=lambda start: struct.unpack_from("<Q", content, start + 16 + 128)[0])
    return sum(struct.unpack_from("<QQ", content, newest + 16 + 72 + 8))


@pytest.mark.parametrize("seed", range(3))
def test_random_keys(server: RangeServer, generated_store: Path, seed: int):
    local = open_store(generated_store)
    keys = Random(seed).sample(list(local), 700)  # noqa: S311
    with RemoteStore(server.url("store/data.mdb"), policy=AT_ONCE) as remote:
        assert (len(remote), remote.nbytes) == (len(local), local.nbytes)
        plan = remote.locate([*keys, "nothing", ""])
        assert plan.missing == ("", "nothing")
        assert plan.keys == sorted(keys)
        assert [(key, bytes(value)) for key, value in remote.values(plan)] == [
            (key, local.raw(key)) for key in sorted(keys)
        ]


def test_all_keys(server: RangeServer, generated_store: Path):
    local = list(open_store(generated_store))
    with RemoteStore(server.url("store"), policy=AT_ONCE) as remote:
        assert remote.tree.depth >= 3
        assert [key.decode() for page in remote.key_pages() for key in page] == local
        assert remote.first_from(b"") == local[0].encode()
        assert remote.first_from(b"S1~") == next(key for key in local if key > "S1~").encode()
        assert remote.first_from(local[-1].encode() + b"0") is None


def test_what_is_fetched_is_the_values_and_the_tree(tmp_path: Path):
    """Values of the published size, neighbours and strangers."""
    write_generated_store(tmp_path / "store", 150, patch_m=1200)
    numbers = (*range(20, 60), 80, 99, 100, 140)
    wanted = [name(number) for number in numbers for name in (patch_id, s1_name, map_of)]
    with (
        running_range_server(tmp_path) as server,
        RemoteStore(server.url("store/data.mdb"), policy=AT_ONCE) as remote,
    ):
        plan = remote.locate(wanted)
        before, requests = server.sent, len(server.requests)
        values = sum(len(value) for _, value in remote.values(plan))
        assert values == plan.value_bytes
        assert server.sent - before == plan.nbytes <= values * 1.05
        assert len(server.requests) - requests == plan.requests < len(wanted) / 4
        tree = pages_of_tree(tmp_path / "store" / "data.mdb") * 4096
        assert server.sent <= values * 1.05 + tree + (1 << 17)


def test_opening_and_finding_reads_only_the_pages_on_the_way(server: RangeServer):
    with RemoteStore(server.url("store/data.mdb"), policy=AT_ONCE) as remote:
        remote.locate([patch_id(5)])
    assert len(server.requests) <= 1 + remote.tree.depth


@pytest.mark.parametrize("fault", sorted({*FAULTS} - {"changed"}))
def test_faults_on_the_way(server: RangeServer, generated_store: Path, fault: str):
    local = open_store(generated_store)
    with RemoteStore(server.url("store/data.mdb", "hub"), policy=RetryPolicy(attempts=20, sleep=lambda _: None)) as far:
        server.fail_randomly(0.3, seed=1, kinds=(fault,))
        keys = Random(fault).sample(list(local), 60)  # noqa: S311
        assert {key: bytes(value) for key, value in far.values(keys)} == {key: local.raw(key) for key in keys}


def test_missing_keys_are_named(server: RangeServer):
    with (
        RemoteStore(server.url("store"), policy=AT_ONCE) as remote,
        pytest.raises(StoreError, match="lacks 1 keys, such as 'nothing'"),
    ):
        list(remote.values([patch_id(1), "nothing"]))


def test_an_empty_store(tmp_path: Path):
    with create_store(tmp_path / "store"):
        pass
    with running_range_server(tmp_path) as server, RemoteStore(server.url("store"), policy=AT_ONCE) as remote:
        assert len(remote) == 0
        assert list(remote.key_pages()) == []
        assert remote.locate(["a"]).missing == ("a",)


def keys_of(address: str) -> list[bytes]:
    with RemoteStore(address, policy=AT_ONCE) as remote:
        return [key for page in remote.key_pages() for key in page]


Damage = Callable[[bytearray, "Pages"], None]


class Pages:
    """Where the pages of a store's tree are, found by reading them naively."""

    def __init__(self, content: bytes) -> None:
        self.size = 4096
        tree = parse_meta(content[: 1 << 17], len(content))
        self.root = tree.root or 0
        self.branch = self._children(content, self.root)[0]
        self.leaf = self._children(content, self.branch)[1]

    def _children(self, content: bytes, page: int) -> list[int]:
        return [
            struct.unpack_from("<I", content, page * self.size + node)[0]
            for node in struct.unpack_from(f"<{self.count(content, page)}H", content, page * self.size + 16)
        ]

    def count(self, content: bytes, page: int) -> int:
        return (struct.unpack_from("<H", content, page * self.size + 12)[0] - 16) // 2

    def point(self, content: bytearray, page: int, child: int, to: int) -> None:
        """Let a child of a branch page be another page."""
        (node,) = struct.unpack_from("<H", content, page * self.size + 16 + 2 * child)
        struct.pack_into("<I", content, page * self.size + node, to)


def circle(content: bytearray, pages: Pages) -> None:
    pages.point(content, pages.branch, 1, pages.branch)


def circle_to_the_root(content: bytearray, pages: Pages) -> None:
    pages.point(content, pages.root, 0, pages.root)


def outside(content: bytearray, pages: Pages) -> None:
    pages.point(content, pages.branch, 1, 1 << 30)


def meta_as_child(content: bytearray, pages: Pages) -> None:
    pages.point(content, pages.branch, 1, 1)


def siblings_swapped(content: bytearray, pages: Pages) -> None:
    children = pages._children(content, pages.branch)
    pages.point(content, pages.branch, 1, children[2])
    pages.point(content, pages.branch, 2, children[1])


def nodes_swapped(content: bytearray, pages: Pages) -> None:
    start = pages.leaf * pages.size + 16
    first, second = struct.unpack_from("<HH", content, start)
    struct.pack_into("<HH", content, start, second, first)


def other_number(content: bytearray, pages: Pages) -> None:
    struct.pack_into("<Q", content, pages.leaf * pages.size, pages.leaf + 1)


def no_nodes(content: bytearray, pages: Pages) -> None:
    struct.pack_into("<H", content, pages.leaf * pages.size + 12, 16)


def node_outside(content: bytearray, pages: Pages) -> None:
    struct.pack_into("<H", content, pages.leaf * pages.size + 16, 4094)


def long_key(content: bytearray, pages: Pages) -> None:
    (node,) = struct.unpack_from("<H", content, pages.leaf * pages.size + 16)
    struct.pack_into("<H", content, pages.leaf * pages.size + node + 6, 4000)


def huge_value(content: bytearray, pages: Pages) -> None:
    (node,) = struct.unpack_from("<H", content, pages.leaf * pages.size + 16)
    struct.pack_into("<HH", content, pages.leaf * pages.size + node, 0xFFFF, 0xFFFF)


def other_depth(content: bytearray, _: Pages) -> None:
    for meta in (0, 4096):
        struct.pack_into("<H", content, meta + 16 + 78, 2)


def endless_depth(content: bytearray, _: Pages) -> None:
    for meta in (0, 4096):
        struct.pack_into("<H", content, meta + 16 + 78, 60_000)


def other_version(content: bytearray, _: Pages) -> None:
    struct.pack_into("<I", content, 20, 2)


def other_page_size(content: bytearray, _: Pages) -> None:
    struct.pack_into("<I", content, 40, 3000)


def huge_page_size(content: bytearray, _: Pages) -> None:
    struct.pack_into("<I", content, 40, 1 << 31)


def root_outside(content: bytearray, _: Pages) -> None:
    for meta in (0, 4096):
        struct.pack_into("<Q", content, meta + 16 + 112, 1 << 40)


def cut_in_the_meta_pages(content: bytearray, _: Pages) -> None:
    del content[5000:]


def cut_short(content: bytearray, _: Pages) -> None:
    del content[len(content) // 2 :]


def a_text(content: bytearray, _: Pages) -> None:
    content[:] = b"version https://git-lfs.github.com/spec/v1\n"


@pytest.fixture(scope="module")
def small_values(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Long keys, so that some thousand values have a tree of three levels."""
    path = tmp_path_factory.mktemp("small") / "store"
    with create_store(path) as writer:
        writer.write([(f"{number:07d}" + "x" * 300, save({"a": np.arange(4)})) for number in range(3000)])
    return path


@pytest.mark.parametrize(
    "damage",
    [
        circle, circle_to_the_root, outside, meta_as_child, siblings_swapped, nodes_swapped, other_number, no_nodes,
        node_outside, long_key, huge_value, other_depth, endless_depth, other_version, other_page_size, huge_page_size,
        root_outside, cut_in_the_meta_pages, cut_short, a_text,
    ],
)  # fmt: skip
def test_hostile_trees(small_values: Path, tmp_path: Path, damage: Damage):
    content = bytearray((small_values / "data.mdb").read_bytes())
    damage(content, Pages(bytes(content)))
    shutil.copytree(small_values, tmp_path / "store")
    (tmp_path / "store" / "data.mdb").write_bytes(content)
    with running_range_server(tmp_path) as server, pytest.raises(StoreError, match=r"data\.mdb: ") as caught:
        keys_of(server.url("store/data.mdb"))
    assert caught.value.hint


@pytest.mark.parametrize("seed", range(60))
def test_any_damage_is_an_error_or_harmless(small_values: Path, tmp_path: Path, seed: int):
    """Bytes of the tree that are changed at random give an error, or the keys that there are."""
    content = bytearray((small_values / "data.mdb").read_bytes())
    dice = Random(seed)  # noqa: S311
    pages = Pages(bytes(content))
    for _ in range(dice.randrange(1, 4)):
        page = dice.choice([0, 1, pages.root, pages.branch, pages.leaf])
        content[page * 4096 + dice.randrange(200)] = dice.randrange(256)
    (tmp_path / "data.mdb").write_bytes(content)
    with running_range_server(tmp_path) as server:
        try:
            found = keys_of(server.url("data.mdb"))
        except StoreError:
            return
    assert found == sorted(set(found))


@pytest.mark.parametrize(
    ("key", "tensors", "message"),
    [
        (patch_id(0), {"VV": np.zeros((12, 12), "f4")}, "bands of Sentinel-2"),
        (patch_id(0), {"B02": np.zeros((12, 12), "f4")}, "expected a square of uint16"),
        (patch_id(0), {"B02": np.zeros((12, 12), "u2"), "B05": np.zeros((12, 12), "u2")}, "the same ground"),
        (patch_id(0), {}, "holds no tensor"),
        (s1_name(0), {"VV": np.zeros((12, 10), "f4")}, "expected a square of float32"),
        (s1_name(0), {"B02": np.zeros((12, 12), "u2")}, "bands of Sentinel-1"),
        (patch_id(0) + "_reference_map", {"Data": np.zeros((12, 12), "u1")}, "not a reference map"),
    ],
)
def test_values_that_are_not_what_their_key_says(tmp_path: Path, key: str, tensors: dict, message: str):
    with create_store(tmp_path / "store") as writer:
        writer.write([(key, save(tensors))])
    with running_range_server(tmp_path) as server, RemoteStore(server.url("store"), policy=AT_ONCE) as remote:
        with pytest.raises(StoreError, match=message) as caught:
            list(remote.values([key]))
        assert key in str(caught.value)


def test_values_of_other_data_sets(tmp_path: Path):
    tensors = {"red": np.arange(6, dtype="u1").reshape(2, 3), "B02": np.zeros(5000)}
    with create_store(tmp_path / "store") as writer:
        writer.write([("agricultural00", save(tensors))])
    with running_range_server(tmp_path) as server, RemoteStore(server.url("store"), policy=AT_ONCE) as remote:
        assert bytes(dict(remote.values(["agricultural00"]))["agricultural00"]) == save(tensors)


@pytest.mark.parametrize("at", ["header", "pages"])
def test_values_that_are_damaged(tmp_path: Path, at: str):
    value = save({"a": np.arange(5000)})
    with create_store(tmp_path / "store") as writer:
        writer.write([("key", value)])
    path = tmp_path / "store" / "data.mdb"
    content = path.read_bytes()
    start = content.index(value) + 3 if at == "header" else content.index(value) - 16
    path.write_bytes(content[:start] + b"\xff" + content[start + 1 :])
    with (
        running_range_server(tmp_path) as server,
        RemoteStore(server.url("store"), policy=AT_ONCE) as remote,
        pytest.raises(StoreError, match="key 'key': "),
    ):
        list(remote.values(["key"]))


def test_neither_a_file_nor_a_folder(server: RangeServer):
    with pytest.raises(RemoteError, match=r"elsewhere/data\.mdb: there is no such file"):
        RemoteStore(server.url("elsewhere"), policy=AT_ONCE)


def test_values_that_are_not_wanted_any_more_end_what_is_under_way(server: RangeServer):
    with RemoteStore(server.url("store"), policy=AT_ONCE) as remote:
        values = remote.values([patch_id(number) for number in range(2000)])
        next(values)
        values.close()
        assert [bytes(value) for _, value in remote.values([patch_id(5)])]
