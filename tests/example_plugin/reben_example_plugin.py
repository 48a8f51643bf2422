"""What another package may add to reben: the example of CONTRIBUTING.md."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reben.correct.options import CorrectOptions
from reben.correct.report import CorrectionRecord
from reben.encode.specification import DatasetSpecification, Part, SampleLayout, stack
from reben.learn.backbones.row import Backbone, Values

TINY = DatasetSpecification(
    "example-tiny",
    "Tiny images of an example",
    (
        Part(
            name="tiny images",
            option="dir",
            folder="Tiny",
            files=(stack(".tif", ("Red", "Green"), 4, "uint8"),),
            layout=SampleLayout(r"tiny_\d+", suffix=".tif"),
            example="tiny_1.tif",
        ),
    ),
)


CROPS = Path(__file__).with_name("crops.toml")
"""A legend of land cover."""


@dataclass(frozen=True)
class ExampleEngine:
    """An engine that copies: what it takes for granted is that the air is clear."""

    memory_bytes: int

    def find_finished(self, l1c: Path, output: Path) -> Path | None:
        """Return the finished product, if it is there."""
        path = output / l1c.name
        return path if path.exists() else None

    def correct(self, l1c: Path, output: Path) -> CorrectionRecord:
        """Make the product."""
        shutil.copytree(l1c, output / l1c.name)
        return CorrectionRecord(engine="example", product=l1c.name, source=l1c.name, compared_with=())


def engine_of(options: CorrectOptions, _tell: Callable[[str], None]) -> ExampleEngine:
    """Return the engine that options ask for."""
    return ExampleEngine(memory_bytes=int(1_000 * options.adjacency_range))


MEANS = Backbone(
    name="example-means",
    title="Mean and deviation of two bands",
    library="reben",
    architecture="mean and standard deviation",
    encoder="reben.learn.backbones.encoder:raw_statistics",
    channels=("B04", "B08"),
    values=Values("reflectance", std=(10_000.0,)),
    dimensions=4,
    parameters=0,
)
"""A row of the table of backbones."""
