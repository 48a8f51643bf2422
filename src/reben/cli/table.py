"""The commands of `reben`: in which module each is, and the line that the help says of it before that is imported.

To list the commands takes none of their modules, which import what their options are made of. The lines are those with
which the commands' own helps begin; a test keeps both equal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Entry:
    """A command, or a group of commands, before it is imported."""

    name: str
    """As it is typed."""
    line: str
    """What the list of commands says of it."""
    module: str = ""
    """The module of `reben.cli` that has it; by default the one of its name."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Names that its options had before, with their names today, but for those that its options models know."""

    @property
    def home(self) -> str:
        """The full name of its module.

        >>> Entry("publish-data", "Publish a data set.").home
        'reben.cli.publish_data'
        """
        return f"reben.cli.{self.module or self.attribute}"

    @property
    def attribute(self) -> str:
        """The name of its function in the module; a group is the module's `app`."""
        return self.name.replace("-", "_")


PANELS: dict[str, tuple[Entry, ...]] = {
    "Start here": (
        Entry("get", "Get any part of the published reBEN: chosen patches, straight into a store."),
        Entry(
            "demo",
            "Run the main job on a synthetic area: make L1C products, correct, build, encode, label and "
            "map, test, draw.",
        ),
        Entry("doctor", "Say whether this machine and this installation are ready, and what to install for what."),
    ),
    "Get and correct products": (
        Entry(
            "plan",
            "Say what a data set of an area takes: tiles, products, bytes, hours, memory; and write a "
            "configuration for it.",
        ),
        Entry("search", "Find products in the catalogue of the Copernicus Data Space: names, ids, sizes, checksums."),
        Entry("download", "Download products from the Copernicus Data Space, and verify them."),
        Entry("correct", "Correct Sentinel-2 L1C products for the atmosphere."),
        Entry("s1", "Bring Sentinel-1 GRD products onto the 10 m grids of Sentinel-2 tiles, as sigma nought in dB."),
        Entry("pipeline", "Search, download, correct, build and encode, as one configuration says."),
    ),
    "Build and check data sets": (
        Entry(
            "build", "Build a data set from Sentinel-2 L2A products and CORINE Land Cover, with Sentinel-1 or without."
        ),
        Entry("split", "Show the geographic split of a tile: widths of its frames, patches per set."),
        Entry("verify", "Check data sets and stores against their tables, and published tables against the rules."),
        Entry("audit", "Say in words whether a copy of reBEN, or of a part of it, is right."),
        Entry(
            "compare",
            "Compare two versions of a data set: which labels changed, and how near their splits are to one another.",
        ),
        Entry("metadata", "Join metadata tables into one, also with the footprint of every patch."),
        Entry("footprints", "Write where patches lie, as a GIS reads it."),
    ),
    "Encode and look into stores": (
        Entry("encode", "Encode a GeoTIFF data set as an LMDB+safetensors store."),
        Entry("store", "Look into stores, check, merge and export them."),
        Entry("stats", "Compute mean, standard deviation, extremes and percentiles of each band."),
        Entry(
            "explore", "Explore a data set in the browser: map, filters, patches, bands, predictions and embeddings."
        ),
        Entry(
            "show", "Look at patches: true colour, radar, reference map and labels, in the terminal or as a picture."
        ),
        Entry("plot", "Draw patches: true colour, radar, reference map and labels side by side."),
        Entry("figures", "Draw the paper's figures and an overview, of any data set."),
    ),
    "Train and evaluate": (
        Entry("train", "Train a model with the paper's recipe; the best epoch's weights are kept."),
        Entry(
            "evaluate",
            "Evaluate a trained model: the paper's metrics, per class, country and season, and its calibration.",
        ),
        Entry(
            "models",
            "List the paper's models: parameters, input size, scores on all bands, published weights.",
            "experiment",
        ),
        Entry("experiment", "Run the paper's experiments; finished runs are skipped, interrupted ones resumed."),
        Entry(
            "table",
            "Make Table I of the paper from runs: mean and deviation over seeds, beside the paper's number, "
            "in percent.",
            "experiment",
        ),
        Entry(
            "backbones", "List the pre-trained models that `reben embed --backbone` and `reben train --backbone` take."
        ),
        Entry(
            "probe",
            "Measure what embeddings are worth: simple learners on them, with what is to be chosen chosen "
            "on validation.",
        ),
        Entry(
            "leaderboard", "Compare results of the same patches: scores and paired differences, with intervals by tile."
        ),
    ),
    "Predict and retrieve": (
        Entry("predict", "Predict labels, class maps or numbers of patches, or of a whole Sentinel-2 product."),
        Entry(
            "embed",
            "Write an embedding per patch: the features of a trained model before its last layer, or of a backbone.",
        ),
        Entry("retrieve", "Find the patches whose embeddings are nearest to that of a patch."),
        Entry("evaluate-retrieval", "Evaluate retrieval: every patch of one split is searched in another.", "retrieve"),
    ),
    "Share": (
        Entry(
            "export", "Export a trained model as an ONNX file, for use without PyTorch.", renamed={"--onnx": "--output"}
        ),
        Entry(
            "publish",
            "Publish a finished run on the Hugging Face hub: weights, configuration, epochs and a model card.",
        ),
        Entry("release", "Write a data set as reBEN was published: archives, tables, checksums and catalogue records."),
        Entry(
            "publish-data",
            "Publish a data set on the Hugging Face hub: store or pictures, tables, catalogue records and a data card.",
        ),
    ),
}
"""The panels of the help, with their commands, in the order in which data flow."""
GROUPS = frozenset({"encode", "store", "figures", "experiment"})
"""Entries that have commands of their own."""
