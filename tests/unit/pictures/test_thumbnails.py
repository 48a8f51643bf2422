from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from reben.core.errors import BandError
from reben.pictures.thumbnails import png, thumbnail


@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 3, 3), (120, 120, 3)])
def test_others_read_what_was_written(shape: tuple[int, int, int]):
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    with Image.open(BytesIO(png(pixels))) as image:
        assert image.mode == "RGB"
        assert (np.asarray(image) == pixels).all()


def test_red_is_red():
    bands = {name: np.full((2, 2), value, np.uint16) for name, value in (("B04", 2500), ("B03", 0), ("B02", 0))}
    with Image.open(BytesIO(thumbnail("a", bands))) as image:
        assert image.getpixel((0, 0)) == (255, 0, 0)
    with pytest.raises(BandError, match="true colour"):
        thumbnail("a", {"VV": bands["B04"]})
