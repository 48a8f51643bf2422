"""Encoders whose networks torchgeo has and timm has not: CROMA, DOFA, Panopticon, Copernicus-FM, Scale-MAE.

torchgeo is imported when one is built; `build_backbone` says how to install it.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import torch
from torch import nn

from reben.core.bands import S1_BANDS
from reben.learn.backbones.encoder import Encoder, Features, Stage, State, TokenEncoder, quarters
from reben.learn.backbones.row import Backbone

WAVELENGTHS_NM = {
    "B01": 443.0, "B02": 490.0, "B03": 560.0, "B04": 665.0, "B05": 705.0, "B06": 740.0, "B07": 783.0, "B08": 842.0,
    "B8A": 865.0, "B09": 945.0, "B11": 1610.0, "B12": 2190.0,
}  # fmt: skip
"""Central wavelengths of Sentinel-2's bands, rounded as the authors of DOFA, Panopticon and Copernicus-FM do."""
BANDWIDTHS_NM = {
    "B01": 20.0, "B02": 65.0, "B03": 35.0, "B04": 30.0, "B05": 15.0, "B06": 15.0, "B07": 20.0, "B08": 115.0,
    "B8A": 20.0, "B09": 20.0, "B11": 90.0, "B12": 180.0,
}  # fmt: skip
"""Widths of these bands, as Copernicus-FM takes them (Sentinel-2 user handbook, table 1)."""

_UNKNOWN_METADATA = 4
"""Longitude, latitude, day and area, which Copernicus-FM may be told."""
_PUBLISHED_SIDE_PX = 518
"""Side of the images that Panopticon's published position embeddings are of."""
_PATCH_PX = 14


def _built(row: Backbone, **options: Any) -> Any:  # noqa: ANN401 - torchgeo's models have no common type
    return getattr(import_module("torchgeo.models"), row.architecture)(**options)


class CromaEncoder(Encoder):
    """CROMA: radar, optical, or both."""

    def __init__(self, network: nn.Module, *, radar: int) -> None:
        super().__init__(network)
        self._radar = radar  # channels of Sentinel-1, which come first

    def forward(self, images: torch.Tensor) -> Features:
        """The vectors that CROMA calls GAP, and its encodings."""
        radar, optical = images[:, : self._radar], images[:, self._radar :]
        found = self.network(
            **({"x_sar": radar} if radar.shape[1] else {}), **({"x_optical": optical} if optical.shape[1] else {})
        )
        kind = "joint" if radar.shape[1] and optical.shape[1] else "sar" if radar.shape[1] else "optical"
        return Features(found[f"{kind}_GAP"], None, found[f"{kind}_encodings"])

    def stages(self) -> list[Stage]:
        """What its blocks begin with: no module gives what they end with."""
        network: Any = self.network
        part = next(
            getattr(network, name) for name in ("joint_encoder", "s2_encoder", "s1_encoder") if hasattr(network, name)
        )
        layers = part.layers if hasattr(part, "layers") else part.transformer.layers
        return quarters([layer[0] for layer in layers], is_input=True)

    def adapted(self, state: State) -> State:
        """The published file holds a dictionary per part; those of the parts that this row has."""
        wanted = {name.partition(".")[0] for name in self.network.state_dict()}
        return {name: tensor for name, tensor in state.items() if name.partition(".")[0] in wanted} | {
            "attn_bias": self.network.state_dict()["attn_bias"]  # computed, and not in the file
        }


def croma(row: Backbone) -> CromaEncoder:
    """CROMA for the sensors of the row."""
    radar = sum(name in S1_BANDS for name in row.channels)
    modalities = [*(["sar"] if radar else []), *(["optical"] if len(row.channels) > radar else [])]
    return CromaEncoder(_built(row, modalities=modalities, image_size=row.side_px or 120), radar=radar)


class DofaEncoder(TokenEncoder):
    """DOFA: its first layer is made of the wavelengths of the bands."""

    def __init__(self, network: nn.Module, wavelengths_um: Sequence[float]) -> None:
        super().__init__(network, heads=("head.", "fc_norm.", "norm.", "mask_token", "projector."))
        self._wavelengths_um = list(wavelengths_um)

    def forward(self, images: torch.Tensor) -> Features:
        """The mean over places, normalised, as its authors pool."""
        network: Any = self.network
        return Features(network.forward_features(images, wavelengths=self._wavelengths_um), None, None)


def dofa(row: Backbone) -> DofaEncoder:
    """DOFA for the wavelengths of the row's bands."""
    return DofaEncoder(_built(row, num_classes=0), [WAVELENGTHS_NM[name] / 1000 for name in row.channels])


class PanopticonEncoder(TokenEncoder):
    """Panopticon: attention among channels, which are told apart by their wavelengths."""

    channel_ids: torch.Tensor

    def __init__(self, network: nn.Module, wavelengths_nm: Sequence[float]) -> None:
        super().__init__(network)
        self.register_buffer("channel_ids", torch.tensor(wavelengths_nm), persistent=False)

    def forward(self, images: torch.Tensor) -> Features:
        """The normalised class token, as its authors pool."""
        ids = self.channel_ids.repeat(len(images), 1)  # a copy: the network changes it
        network: Any = self.network
        found = network.model.forward_features({"imgs": images, "chn_ids": ids})
        return Features(network.model.forward_head(found, pre_logits=True), found[:, 0], found[:, 1:])

    def blocks(self) -> Sequence[nn.Module]:
        """Those of the network in it."""
        network: Any = self.network
        found: Sequence[nn.Module] = network.model.blocks
        return found

    def adapted(self, state: State) -> State:
        """Published tensors, with position embeddings of this size."""
        from timm.layers import resample_abs_pos_embed  # noqa: PLC0415 - with the model only

        positions = state.get("pos_embed")
        named = {f"model.{name}": tensor for name, tensor in state.items() if name != "mask_token"}
        if positions is not None:
            own: Any = self.network.state_dict()["model.pos_embed"]
            side, old = int((own.shape[1] - 1) ** 0.5), _PUBLISHED_SIDE_PX // _PATCH_PX
            named["model.pos_embed"] = resample_abs_pos_embed(positions, [side, side], [old, old])
        return named


def panopticon(row: Backbone) -> PanopticonEncoder:
    """Panopticon for the row's bands."""
    return PanopticonEncoder(_built(row, img_size=row.side_px or 224), [WAVELENGTHS_NM[name] for name in row.channels])


class CopernicusEncoder(TokenEncoder):
    """Copernicus-FM: its first layer is made of wavelengths and widths of the bands; day and place are not told."""

    def __init__(self, network: nn.Module, bands: Sequence[str]) -> None:
        super().__init__(network, heads=("head.", "fc_norm.", "norm."))
        self._bands = tuple(bands)

    def forward(self, images: torch.Tensor) -> Features:
        """The mean over places, normalised, as its authors pool."""
        network: Any = self.network
        unknown = torch.full((len(images), _UNKNOWN_METADATA), float("nan"), device=images.device)
        pooled = network.forward_features(
            images,
            unknown,
            wavelengths=[WAVELENGTHS_NM[name] for name in self._bands],
            bandwidths=[BANDWIDTHS_NM[name] for name in self._bands],
            input_mode="spectral",
            kernel_size=16,
        )
        return Features(pooled, None, None)


def copernicus_fm(row: Backbone) -> CopernicusEncoder:
    """Copernicus-FM for the row's bands."""
    return CopernicusEncoder(_built(row), row.channels)


class ScaleMaeEncoder(TokenEncoder):
    """Scale-MAE: position embeddings know the size of a pixel on the ground."""

    def forward(self, images: torch.Tensor) -> Features:
        """The normalised class token."""
        network: Any = self.network
        found = network.forward_features(images)
        return Features(network.forward_head(found, pre_logits=True), found[:, 0], found[:, 1:])


def scale_mae(row: Backbone) -> ScaleMaeEncoder:
    """Scale-MAE, told the size that a pixel has once the image is resized."""
    side = row.side_px or 224
    return ScaleMaeEncoder(_built(row, img_size=side, res=1200 / side, num_classes=0))
