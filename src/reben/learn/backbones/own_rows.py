"""Rows that need timm at most: any model of it, the paper's published weights, and the control without a network."""

from reben.core.band_statistics import PUBLISHED_STATISTICS
from reben.core.bands import BAND_SETS, S1_BANDS, S2_BANDS
from reben.learn.backbones.networks import TIMM_ENCODER
from reben.learn.backbones.row import Backbone, Values

_PAPER = "reBEN paper (Clasen et al., 2024), arXiv:2407.03653"
_OWN_STATISTICS = "as reBEN itself: L2A without processing offset, GRD in dB"
TIMM_BANDS = BAND_SETS["s2"]
"""What a timm model sees unless its name says otherwise: the paper's ten bands."""


def _standardised(bands: tuple[str, ...]) -> Values:
    known = [PUBLISHED_STATISTICS[band] for band in bands]
    return Values(
        "reflectance times 10,000 and dB, standardised by reBEN's statistics",
        mean=tuple(s.mean for s in known),
        std=tuple(s.std for s in known),
    )


def raw_row(sensors: str, bands: tuple[str, ...]) -> Backbone:
    """The control that learnt nothing: mean and deviation of each band."""
    return Backbone(
        name=f"raw-{sensors}",
        title=f"Mean and deviation of each band, {sensors.upper()}",
        library="reben",
        architecture="mean and standard deviation",
        encoder="reben.learn.backbones.encoder:raw_statistics",
        channels=bands,
        values=_standardised(bands),
        pool="mean and deviation over all places",
        dimensions=2 * len(bands),
        parameters=0,
        radiometry=_OWN_STATISTICS,
        licence="Apache-2.0",
    )


def paper_row(timm_name: str, modality: str, weights: str) -> Backbone:
    """A published model of the paper.

    Args:
        timm_name: its architecture.
        modality: s1, s2 or all.
        weights: repository on the hub.
    """
    bands = BAND_SETS[modality]
    return Backbone(
        name=f"reben-{timm_name}-{modality}",
        title=f"The paper's {timm_name}, {modality}, trained with reBEN's labels",
        library="timm",
        architecture=timm_name,
        encoder=TIMM_ENCODER,
        channels=bands,
        values=_standardised(bands),
        pool="as timm before the classifier",
        weights=weights,
        radiometry=_OWN_STATISTICS,
        licence="MIT",
        citation=_PAPER,
        repository=f"https://huggingface.co/{weights}",
    )


def timm_row(timm_name: str) -> Backbone:
    """Any model of timm, for the paper's ten bands; its first layer is widened from three channels as timm does it.

    Args:
        timm_name: such as resnet50 or, for timm's weights of that tag, resnet50.a1_in1k.
    """
    architecture, _, tag = timm_name.partition(".")
    return Backbone(
        name=timm_name,
        title=f"timm's {timm_name}",
        library="timm",
        architecture=architecture,
        encoder=TIMM_ENCODER,
        channels=TIMM_BANDS,
        values=_standardised(TIMM_BANDS),
        pool="as timm before the classifier",
        weights=f"timm:{timm_name}" if tag else "",
        radiometry="photographs; reBEN's bands are standardised by its own statistics",
    )


RAW_ROWS = (raw_row("s1", S1_BANDS), raw_row("s2", S2_BANDS), raw_row("all", (*S1_BANDS, *S2_BANDS)))
"""The controls."""
