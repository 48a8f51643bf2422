"""Options of embeddings and of the search among them."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from reben.core.names import SplitName
from reben.learn.backbones.row import Pool
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
    pool: Pool = Pool.authors
    """How a backbone's vectors are made: as its authors do, its class token, or the mean over all places."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Arithmetic of the model; bfloat16 is faster on GPUs."""
    dtype: Literal["float32", "float16"] = "float32"
    """Numbers of the vectors in the file."""
    share: Annotated[str, Field(pattern=r"^[1-9]\d*/[1-9]\d*$")] = "1/1"
    """Which share of the work this process does, such as 2/4: run all of them, on GPUs or machines of your choice; the
    one that finds all parts there joins them."""
    workers: LoadingThreads = None

    @model_validator(mode="after")
    def _check_share(self) -> Self:
        if self.place[0] >= self.place[1]:
            raise ValueError(f"share = {self.share}: the first number must not be larger than the second")
        return self

    @property
    def place(self) -> tuple[int, int]:
        """Number of the share, from 0, and how many there are."""
        number, total = map(int, self.share.split("/"))
        return number - 1, total


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
