"""Walk through the tree of an LMDB file whose pages are fetched: level by level, and only where wanted keys can be."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from reben.core.errors import StoreError
from reben.io.store.tree_pages import DEEPEST, Branch, Leaf, Place, Tree, parse_page

PageReader = Callable[[Sequence[int]], Iterator[bytes]]
"""Gives the contents of pages, in the order in which they are asked for."""


@dataclass(frozen=True, slots=True)
class Node:
    """A page of the tree, and what must be in it."""

    page: int
    low: bytes
    """No key is less."""
    high: bytes | None
    """All keys are less; None in the last page."""
    first: int
    end: int
    """The wanted keys that can be in it, by their numbers."""


def walk(tree: Tree, read_pages: PageReader, wanted: Sequence[bytes] | None = None) -> Iterator[tuple[Node, Leaf]]:
    """Leaves of a tree in the order of their keys.

    Args:
        tree: from the meta pages.
        read_pages: gives pages.
        wanted: sorted keys; leaves that can hold none of them are left out. None takes all.

    Raises:
        StoreError: if the tree has a circle, keys out of order, or another depth than it states.
    """
    if tree.root is None or wanted == []:
        return
    if not 0 < tree.depth <= DEEPEST:
        raise StoreError(f"its tree has {tree.depth} levels; expected 1 to {DEEPEST}")
    nodes, seen = [Node(tree.root, b"", None, 0, len(wanted or ()))], {tree.root}
    for _ in range(tree.depth - 1):
        contents = read_pages([node.page for node in nodes])
        below: list[Node] = []
        for node, content in zip(nodes, contents, strict=True):
            below += _below(node, _branch(content, node, tree), wanted)
        nodes = below
        _expect_new(nodes, seen)
    for node, content in zip(nodes, read_pages([node.page for node in nodes]), strict=True):
        yield node, _leaf(content, node, tree)


def find_places(tree: Tree, read_pages: PageReader, wanted: Sequence[bytes]) -> tuple[list[Place], list[bytes]]:
    """Where the values of wanted keys lie, and which keys there are not.

    Args:
        tree: from the meta pages.
        read_pages: gives pages.
        wanted: sorted, each once.

    Raises:
        StoreError: if the tree is damaged.
    """
    found: list[Place] = []
    for node, leaf in walk(tree, read_pages, wanted):
        own = set(wanted[node.first : node.end])
        found += [place for place in leaf.places if place.key in own]
    present = {place.key for place in found}
    return found, [key for key in wanted if key not in present]


def first_from(tree: Tree, read_pages: PageReader, key: bytes) -> bytes | None:
    """The first key that is not less than `key`; None if all are.

    Raises:
        StoreError: if the tree is damaged.
    """
    asked: bytes | None = key
    while asked is not None:
        node, leaf = next(walk(tree, read_pages, [asked]), (None, None))
        if node is None or leaf is None:
            return None
        found = next((place.key for place in leaf.places if place.key >= key), None)
        if found is not None:
            return found
        asked = node.high
    return None


def _below(node: Node, branch: Branch, wanted: Sequence[bytes] | None) -> Iterator[Node]:
    """The pages below a branch page that can hold wanted keys."""
    children = branch.children
    ends = [child.first for child in children[1:]]
    first = node.first
    for child, low, high in zip(children, [node.low, *ends], [*ends, node.high], strict=True):
        if wanted is None:
            yield Node(child.page, low, high, 0, 0)
            continue
        end = node.end if high is None else bisect_left(wanted, high, first, node.end)
        if end > first:
            yield Node(child.page, low, high, first, end)
        first = end


def _branch(content: bytes, node: Node, tree: Tree) -> Branch:
    """A branch page.

    Raises:
        StoreError: if it is a leaf, or has keys that do not belong there.
    """
    page = parse_page(content, node.page, tree)
    if not isinstance(page, Branch):
        raise StoreError(f"page {node.page} is a leaf above the {tree.depth} levels that the tree should have")
    _expect_within([child.first for child in page.children[1:]], node)
    return page


def _leaf(content: bytes, node: Node, tree: Tree) -> Leaf:
    """A leaf page.

    Raises:
        StoreError: if it is a branch page, or has keys that do not belong there.
    """
    page = parse_page(content, node.page, tree)
    if not isinstance(page, Leaf):
        raise StoreError(f"page {node.page} lies below the {tree.depth} levels that the tree should have")
    _expect_within([place.key for place in page.places], node)
    return page


def _expect_within(keys: Sequence[bytes], node: Node) -> None:
    """Check that sorted keys lie where the pages above say.

    Raises:
        StoreError: if they do not.
    """
    if keys and (keys[0] < node.low or (node.high is not None and keys[-1] >= node.high)):
        raise StoreError(f"the keys of page {node.page} are not in order with those of its neighbours")


def _expect_new(nodes: Sequence[Node], seen: set[int]) -> None:
    """Check that no page is a part of the tree twice.

    Raises:
        StoreError: if one is: a circle would never end.
    """
    for node in nodes:
        if node.page in seen:
            raise StoreError(f"page {node.page} is used twice")
        seen.add(node.page)
