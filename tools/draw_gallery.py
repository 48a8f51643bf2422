"""Draw docs/gallery: pictures of the product, made by its own commands from the data of `reben demo`.

python tools/draw_gallery.py DEMO      DEMO is the folder that `reben demo` wrote

They are WebP files of less than a megabyte in all, so that they can lie in the repository.
"""

import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

GALLERY = Path(__file__).parents[1] / "docs" / "gallery"
COMMANDS = {
    "patches": "reben plot --data {demo}/dataset --split test --count 6 --output {picture}",
    "one-patch": "reben show {demo}/dataset {patch} --output {picture}",
    "overview": "reben figures overview {demo}/dataset --output {picture}",
    "labels-of-a-scene": "reben predict --checkpoint {demo}/run --l2a {product} --s1-scenes {demo}/raw/S1 "
    "--output {folder}/labels.parquet --picture {picture}",
    "map-of-a-scene": "reben predict --checkpoint {demo}/segmentation-run --l2a {product} --s1-scenes {demo}/raw/S1 "
    "--output {folder}/map.tif --picture {picture}",
    "similar-patches": "reben retrieve {patch} --embeddings {demo}/embeddings.parquet --k 7 --store {demo}/store "
    "--picture {picture}",
}
"""By the name of the picture."""
WIDTH_PX, QUALITY = 1200, 80


def draw(demo: Path) -> None:
    """Run each command and keep its picture."""
    GALLERY.mkdir(exist_ok=True)
    (product,) = (demo / "L2A").glob("*.SAFE")
    patch = next((demo / "dataset" / "BigEarthNet-S2").glob("*/*")).name
    with tempfile.TemporaryDirectory() as folder:
        for name, command in COMMANDS.items():
            picture = Path(folder) / f"{name}.png"
            words = command.format(demo=demo, picture=picture, folder=folder, product=product, patch=patch)
            subprocess.run(shlex.split(words), check=True)  # noqa: S603 - our own commands
            _keep(picture, GALLERY / f"{name}.webp")


def _keep(picture: Path, target: Path) -> None:
    with Image.open(picture) as image:
        image.thumbnail((WIDTH_PX, 2 * WIDTH_PX))
        image.convert("RGB").save(target, quality=QUALITY, method=6)


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
