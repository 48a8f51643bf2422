"""Rows of models that were pre-trained on SSL4EO-S12: places all over the globe, in Sentinel-1 and Sentinel-2.

Sources: torchgeo 0.8 (`torchgeo.models`: bands, normalisation, sizes, addresses), whose networks are timm's; Wang et
al., SSL4EO-S12, 2023 (arXiv 2211.07044): L1C without processing offset, GRD in decibels. reBEN has no B10, the cirrus
band, which is near zero over ground without clouds.
"""

from reben.core.bands import S1_BANDS, S2_BANDS
from reben.learn.backbones.networks import Network, described
from reben.learn.backbones.row import Backbone, Values

_S2 = (*S2_BANDS[:10], "B10", *S2_BANDS[10:])
_RGB = ("B04", "B03", "B02")
_TEN_THOUSANDTHS = Values("reflectance times 10,000, divided by 10,000", std=(10_000.0,))
_STANDARDISED = Values(
    "reflectance times 10,000, standardised",
    mean=(1612.9, 1397.6, 1322.3, 1373.1, 1561.0, 2108.4, 2390.7, 2318.7, 2581.0, 837.7, 22.0, 2195.2, 1537.4),
    std=(791.0, 854.3, 878.7, 1144.9, 1127.5, 1164.2, 1276.0, 1249.5, 1345.9, 577.5, 47.5, 1340.0, 1142.9),
)
_DECIBELS = Values("dB, standardised", mean=(-12.59, -20.26), std=(5.26, 5.91))
_L1C = "L1C (top of atmosphere), without processing offset"
_RADIOMETRY = {"s1": "GRD, sigma nought in dB", "s2": _L1C, "rgb": _L1C}
_TORCHGEO = "https://hf.co/torchgeo/"
_WANG = "https://huggingface.co/wangyi111/"
_MAE = f"{_WANG}SSL4EO-S12/resolve/75c72195d35201dc1fb210818993518c25da566b/"
_FGMAE = f"{_WANG}FGMAE/resolve/24dd3077d7a99ecd454eaec7adb83d045d7fa122/"
_SOFTCON = f"{_WANG}softcon/resolve/62ff465b2e7467dbfc70758ec1e9d08ab87fc46b/"
_SOFTCON_VIT = f"{_WANG}softcon/resolve/bae909781911f8ec034b4b959992fae17b973c0c/"
_DECUR = "https://huggingface.co/torchgeo/decur/resolve/"
_PAPERS = {
    "moco": ("SSL4EO-S12", "arXiv:2211.07044", "https://github.com/zhu-xlab/SSL4EO-S12"),
    "dino": ("SSL4EO-S12", "arXiv:2211.07044", "https://github.com/zhu-xlab/SSL4EO-S12"),
    "mae": ("SSL4EO-S12", "arXiv:2211.07044", "https://github.com/zhu-xlab/SSL4EO-S12"),
    "fgmae": ("FG-MAE", "arXiv:2310.18653", "https://github.com/zhu-xlab/FGMAE"),
    "softcon": ("SoftCon", "arXiv:2405.20462", "https://github.com/zhu-xlab/softcon"),
    "decur": ("DeCUR", "arXiv:2309.05300", "https://github.com/zhu-xlab/DeCUR"),
}


def _row(method: str, network: Network, sensor: str, enum: str, address: str) -> Backbone:
    """One row; its name is method, network and sensor."""
    channels = {"s2": _S2, "s1": S1_BANDS, "rgb": _RGB}[sensor]
    standardised = method == "softcon" and sensor == "s2"
    values = _DECIBELS if sensor == "s1" else _STANDARDISED if standardised else _TEN_THOUSANDTHS
    paper, citation, repository = _PAPERS[method]
    return described(
        network,
        name=f"{method}-{network.short}-{sensor}",
        title=f"{paper} {method.upper()} {network.title}, {sensor.upper()}",
        channels=channels,
        values=values,
        missing={"B10": 0.0} if sensor == "s2" else {},
        resize_px=256,
        crop_px=224,
        weights=address,
        enum=enum,
        radiometry=_RADIOMETRY[sensor],
        citation=citation,
        repository=repository,
    )


_18, _50 = Network("resnet18", "ResNet-18"), Network("resnet50", "ResNet-50")
_S, _B = Network("vit_small_patch16_224", "ViT-S/16"), Network("vit_base_patch16_224", "ViT-B/16")
_L, _H = Network("vit_large_patch16_224", "ViT-L/16"), Network("vit_huge_patch14_224", "ViT-H/14")
_S14, _B14 = Network("vit_small_patch14_dinov2", "ViT-S/14"), Network("vit_base_patch14_dinov2", "ViT-B/14")

ROWS: tuple[Backbone, ...] = (
    _row("moco", _18, "s2", "ResNet18_Weights.SENTINEL2_ALL_MOCO",
         f"{_TORCHGEO}resnet18_sentinel2_all_moco/resolve/5b8cddc9a14f3844350b7f40b85bcd32aed75918/resnet18_sentinel2_all_moco-59bfdff9.pth"),
    _row("moco", _18, "rgb", "ResNet18_Weights.SENTINEL2_RGB_MOCO",
         f"{_TORCHGEO}resnet18_sentinel2_rgb_moco/resolve/e1c032e7785fd0625224cdb6699aa138bb304eec/resnet18_sentinel2_rgb_moco-e3a335e3.pth"),
    _row("moco", _50, "s2", "ResNet50_Weights.SENTINEL2_ALL_MOCO",
         f"{_TORCHGEO}resnet50_sentinel2_all_moco/resolve/da4f3c9dbe09272eb902f3b37f46635fa4726879/resnet50_sentinel2_all_moco-df8b932e.pth"),
    _row("moco", _50, "rgb", "ResNet50_Weights.SENTINEL2_RGB_MOCO",
         f"{_TORCHGEO}resnet50_sentinel2_rgb_moco/resolve/efd9723b59a88e9dc1420dc1e96afb25b0630a3c/resnet50_sentinel2_rgb_moco-2b57ba8b.pth"),
    _row("moco", _50, "s1", "ResNet50_Weights.SENTINEL1_ALL_MOCO",
         f"{_TORCHGEO}resnet50_sentinel1_all_moco/resolve/e79862c667853c10a709bdd77ea8ffbad0e0f1cf/resnet50_sentinel1_all_moco-906e4356.pth"),
    _row("dino", _50, "s2", "ResNet50_Weights.SENTINEL2_ALL_DINO",
         f"{_TORCHGEO}resnet50_sentinel2_all_dino/resolve/d7f14bf5530d70ac69d763e58e77e44dbecfec7c/resnet50_sentinel2_all_dino-d6c330e9.pth"),
    _row("decur", _50, "s2", "ResNet50_Weights.SENTINEL2_ALL_DECUR",
         f"{_DECUR}eba7ae5945d482a4319be046d34b552db5dd9950/rn50_ssl4eo-s12_ms_decur_ep100-fc6b09ff.pth"),
    _row("decur", _50, "s1", "ResNet50_Weights.SENTINEL1_ALL_DECUR",
         f"{_DECUR}9328eeb90c686a88b30f8526ed757b4bc0f12027/rn50_ssl4eo-s12_sar_decur_ep100-f0e69ba2.pth"),
    _row("softcon", _50, "s2", "ResNet50_Weights.SENTINEL2_ALL_SOFTCON", f"{_SOFTCON}B13_rn50_softcon.pth"),
    _row("softcon", _50, "s1", "ResNet50_Weights.SENTINEL1_GRD_SOFTCON", f"{_SOFTCON}B2_rn50_softcon.pth"),
    _row("moco", _S, "s2", "ViTSmall16_Weights.SENTINEL2_ALL_MOCO",
         f"{_TORCHGEO}vit_small_patch16_224_sentinel2_all_moco/resolve/1cb683f6c14739634cdfaaceb076529adf898c74/vit_small_patch16_224_sentinel2_all_moco-67c9032d.pth"),
    _row("dino", _S, "s2", "ViTSmall16_Weights.SENTINEL2_ALL_DINO",
         f"{_TORCHGEO}vit_small_patch16_224_sentinel2_all_dino/resolve/5b41dd418a79de47ac9f5be3e035405a83818a62/vit_small_patch16_224_sentinel2_all_dino-36bcc127.pth"),
    _row("mae", _S, "s2", "ViTSmall16_Weights.SENTINEL2_ALL_MAE", f"{_MAE}B13_vits16_mae_ep99_enc.pth"),
    _row("mae", _S, "s1", "ViTSmall16_Weights.SENTINEL1_GRD_MAE", f"{_MAE}B2_vits16_mae_ep99_enc.pth"),
    _row("mae", _B, "s2", "ViTBase16_Weights.SENTINEL2_ALL_MAE", f"{_MAE}B13_vitb16_mae_ep99_enc.pth"),
    _row("mae", _B, "s1", "ViTBase16_Weights.SENTINEL1_GRD_MAE", f"{_MAE}B2_vitb16_mae_ep99_enc.pth"),
    _row("mae", _L, "s2", "ViTLarge16_Weights.SENTINEL2_ALL_MAE", f"{_MAE}B13_vitl16_mae_ep99_enc.pth"),
    _row("mae", _L, "s1", "ViTLarge16_Weights.SENTINEL1_GRD_MAE", f"{_MAE}B2_vitl16_mae_ep99_enc.pth"),
    _row("mae", _H, "s2", "ViTHuge14_Weights.SENTINEL2_ALL_MAE", f"{_MAE}B13_vith14_mae_ep199_enc.pth"),
    _row("mae", _H, "s1", "ViTHuge14_Weights.SENTINEL1_GRD_MAE", f"{_MAE}B2_vith14_mae_ep199_enc.pth"),
    _row("fgmae", _S, "s2", "ViTSmall16_Weights.SENTINEL2_ALL_FGMAE", f"{_FGMAE}B13_vits16_fgmae_ep99_enc.pth"),
    _row("fgmae", _S, "s1", "ViTSmall16_Weights.SENTINEL1_GRD_FGMAE", f"{_FGMAE}B2_vits16_fgmae_ep99_enc.pth"),
    _row("fgmae", _B, "s2", "ViTBase16_Weights.SENTINEL2_ALL_FGMAE", f"{_FGMAE}B13_vitb16_fgmae_ep99_enc.pth"),
    _row("fgmae", _B, "s1", "ViTBase16_Weights.SENTINEL1_GRD_FGMAE", f"{_FGMAE}B2_vitb16_fgmae_ep99_enc.pth"),
    _row("softcon", _S14, "s2", "ViTSmall14_DINOv2_Weights.SENTINEL2_ALL_SOFTCON",
         f"{_SOFTCON_VIT}B13_vits14_softcon_enc.pth"),
    _row("softcon", _S14, "s1", "ViTSmall14_DINOv2_Weights.SENTINEL1_GRD_SOFTCON",
         f"{_SOFTCON_VIT}B2_vits14_softcon_enc.pth"),
    _row("softcon", _B14, "s2", "ViTBase14_DINOv2_Weights.SENTINEL2_ALL_SOFTCON",
         f"{_SOFTCON_VIT}B13_vitb14_softcon_enc.pth"),
    _row("softcon", _B14, "s1", "ViTBase14_DINOv2_Weights.SENTINEL1_GRD_SOFTCON",
         f"{_SOFTCON_VIT}B2_vitb14_softcon_enc.pth"),
)  # fmt: skip
"""Rows of timm networks with torchgeo's weights."""
