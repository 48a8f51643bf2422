"""Options of embeddings and of the search among them."""

from enum import StrEnum
from typing import Annotated

from reben.core.names import SplitName
from reben.learn.inference.options import BATCH_SIZE
from reben.work.options import LoadingThreads, OnCommandLine, Options, Positive


class IndexKind(StrEnum):
    """How neighbours are searched."""

    flat = "flat"
    """Every vector is compared: exact."""
    hnsw = "hnsw"
    """A graph of neighbours: approximate, much faster to ask, slower to build, more memory."""
    ivf = "ivf"
    """Cells around centres, some of which are searched: approximate, fast to build."""


class Measure(StrEnum):
    """What near means."""

    cosine = "cosine"
    """Cosine of the angle between two vectors, -1 to 1; more is nearer."""
    euclidean = "euclidean"
    """Distance; less is nearer."""


Search = Annotated[IndexKind, OnCommandLine(former="--index")]


class EmbedOptions(Options):
    """Which patches are embedded."""

    split: tuple[SplitName, ...] = ()
    """Split to embed; by default all."""
    batch_size: Positive = BATCH_SIZE
    """Patches per step."""
    snow_and_cloud: bool = False
    """Keep patches with seasonal snow, clouds or cloud shadows."""
    workers: LoadingThreads = None


class RetrieveOptions(Options):
    """How the patches nearest to one are searched."""

    k: Positive = 10
    """Number of neighbours."""
    search: Search = IndexKind.flat
    """flat is exact; hnsw and ivf are approximate, for very many patches."""
    measure: Measure = Measure.cosine
    """cosine: more is nearer; euclidean: less is nearer."""
    split: SplitName | None = None
    """Search in this split only."""


class EvaluateRetrievalOptions(Options):
    """How every patch of one split is searched in another."""

    queries: SplitName = "test"
    """Split that is searched for."""
    database: SplitName = "train"
    """Split in which it is searched."""
    k: Positive = 10
    """Number of neighbours."""
    search: Search = IndexKind.flat
    """flat is exact; hnsw and ivf are approximate, for very many patches."""
    measure: Measure = Measure.cosine
    """cosine: more is nearer; euclidean: less is nearer."""
