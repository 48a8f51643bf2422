"""What another package may add to reben: the example of CONTRIBUTING.md."""

from reben.encode.specification import DatasetSpecification, Part, SampleLayout, stack

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
