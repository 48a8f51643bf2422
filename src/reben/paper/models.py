"""The paper's experiments: eight models, three modalities, and the scores that it reports.

Source: reBEN paper (Clasen et al., 2024), section III and Table I: scores on the test split, in percent, means over
three seeds. The published weights lie on the Hugging Face hub.
"""

from dataclasses import dataclass

from reben.core.published_models import MODALITIES, published_weights

SEEDS = 3
"""Runs of each model and modality."""


@dataclass(frozen=True, slots=True)
class PaperScores:
    """One cell of Table I, in percent."""

    ap_macro: float
    ap_micro: float
    f1_macro: float
    f1_micro: float


@dataclass(frozen=True)
class PaperModel:
    """A model of the paper."""

    title: str
    timm_name: str
    scores: dict[str, PaperScores]
    """By modality."""

    def weights(self, modality: str) -> str:
        """Repository of the published weights."""
        return published_weights(self.timm_name, modality)


def _model(title: str, timm_name: str, *rows: tuple[float, float, float, float]) -> PaperModel:
    """Rows are those of s1, s2 and all: macro and micro average precision, macro and micro F1."""
    return PaperModel(title, timm_name, {m: PaperScores(*row) for m, row in zip(MODALITIES, rows, strict=True)})


PAPER_MODELS = {
    model.timm_name: model
    for model in (
        _model(
            "ResNet-50",
            "resnet50",
            (62.68, 80.65, 56.90, 70.68),
            (70.72, 85.86, 64.74, 76.34),
            (70.76, 86.06, 64.90, 76.50),
        ),
        _model(
            "ResNet-101",
            "resnet101",
            (61.77, 80.15, 55.77, 69.97),
            (70.63, 85.92, 64.19, 76.13),
            (70.93, 86.21, 64.69, 76.59),
        ),
        _model(
            "MLP-Mixer Base",
            "mixer_b16_224",
            (55.41, 74.15, 49.91, 65.01),
            (67.77, 84.32, 62.49, 74.59),
            (68.22, 84.66, 62.74, 74.83),
        ),
        _model(
            "MobileViT S",
            "mobilevit_s",
            (62.69, 81.00, 55.84, 70.58),
            (69.84, 86.20, 62.10, 75.99),
            (70.33, 86.21, 63.02, 76.15),
        ),
        _model(
            "MobileNet V4 Hybrid Medium",
            "mobilenetv4_hybrid_medium",
            (61.23, 80.39, 56.23, 70.46),
            (68.69, 85.45, 62.47, 75.55),
            (68.97, 85.47, 63.18, 75.68),
        ),
        _model(
            "ConvNext V2 Base",
            "convnextv2_base",
            (59.25, 78.29, 54.55, 68.92),
            (68.61, 85.13, 62.64, 75.43),
            (68.77, 85.51, 62.69, 75.95),
        ),
        _model(
            "InceptionNeXt Base",
            "inception_next_base",
            (61.05, 79.71, 55.90, 69.89),
            (69.32, 85.48, 62.93, 75.63),
            (69.57, 85.67, 63.38, 76.15),
        ),
        _model(
            "RDNet Base",
            "rdnet_base",
            (58.54, 78.04, 52.20, 67.85),
            (68.53, 85.42, 62.35, 75.62),
            (68.70, 85.69, 62.46, 75.99),
        ),
    )
}
"""By timm name, in the order of Table I."""
