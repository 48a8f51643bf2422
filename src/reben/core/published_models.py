"""The models that the paper published: their architectures, and where their weights are."""

ARCHITECTURES = (
    "resnet50",
    "resnet101",
    "mixer_b16_224",
    "mobilevit_s",
    "mobilenetv4_hybrid_medium",
    "convnextv2_base",
    "inception_next_base",
    "rdnet_base",
)
"""timm names, in the order of the paper's Table I."""

MODALITIES = ("s1", "s2", "all")
"""Names of band sets, in the order of Table I."""


def published_weights(timm_name: str, modality: str) -> str:
    """Repository of a model's weights on the Hugging Face hub.

    >>> published_weights("resnet50", "s2")
    'BIFOLD-BigEarthNetv2-0/resnet50-s2-v0.2.0'
    """
    return f"BIFOLD-BigEarthNetv2-0/{timm_name}-{modality}-v0.2.0"
