"""What an image is: each band upsampled to the grid of the image by nearest neighbour, less its mean, times its scale.

This is the definition, for one image at a time. `kernels` (compiled, for batches straight out of a store),
`preparation` (torch, on any device) and `TrainedModel.normalised` (torch) compute the same in the same order of
operations, and tests hold them against it bit for bit.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reben.core.errors import BandError
from reben.data.normalisation import Normalisation


def image_of(planes: Sequence[NDArray[Any]], normalisation: Normalisation, *, side_px: int) -> NDArray[np.float32]:
    """A normalised image, shape (C, H, W).

    Args:
        planes: the bands of a patch as they are stored, each of shape (rows, columns).
        normalisation: of these bands, in the same order.
        side_px: height of the image.

    Raises:
        BandError: if a band does not fit into the image.
    """
    mean, scale = (values[:, None, None] for values in (normalisation.mean, normalisation.scale))
    image: NDArray[np.float32] = (raw_image_of(planes, side_px=side_px) - mean) * scale
    return image


def raw_image_of(planes: Sequence[NDArray[Any]], *, side_px: int) -> NDArray[np.float32]:
    """An image of pixels as they are stored, shape (C, H, W).

    Args:
        planes: the bands of a patch, each of shape (rows, columns).
        side_px: height of the image.

    Raises:
        BandError: if a band does not fit into the image.
    """
    fine = [upsampled(pixels, side_px=side_px).astype(np.float32) for pixels in planes]
    if len({pixels.shape for pixels in fine}) > 1:
        raise BandError(f"the bands do not cover the same ground: {', '.join(str(pixels.shape) for pixels in planes)}")
    return np.stack(fine)


def upsampled(pixels: NDArray[Any], *, side_px: int) -> NDArray[Any]:
    """A band in the grid of an image: each pixel is repeated, shape (H, W).

    Args:
        pixels: shape (rows, columns).
        side_px: height of the image, a multiple of the rows.

    Raises:
        BandError: if it is no multiple.
    """
    factor, rest = divmod(side_px, len(pixels)) if len(pixels) else (0, 1)
    if rest:
        raise BandError(f"a band of {len(pixels)} rows cannot be upsampled to an image of {side_px} rows")
    return pixels.repeat(factor, axis=0).repeat(factor, axis=1)
