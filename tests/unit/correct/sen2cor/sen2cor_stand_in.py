"""Stands in for ESA's L2A_Process, which cannot be installed from a package registry; it corrects nothing.

    sen2cor_stand_in.py BEHAVIOUR TEMPLATE [--output_dir DIR] [L1C]

It prints what sen2cor prints, and ends as BEHAVIOUR says; a "product" is a copy of the L2A product TEMPLATE under the
name that sen2cor would give it.
"""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

BANNER = "Sentinel-2 Level 2A Processor (Sen2Cor). Version: 2.11.0, created: 2022.09.01, supporting 14.2 - 14.9."
CRITICAL = "[CRITICAL]  L2A_Config: 3181   Error in creating L2A User Product"


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    behaviour, template, *arguments = sys.argv[1:]
    say(BANNER)
    if arguments == ["--help"]:
        return 0
    option, target, l1c = arguments
    if option != "--output_dir":
        return 2
    if not has_empty_folders(Path(l1c)):
        say(CRITICAL)
        return 0
    say("Progress[%]:  0.03 : PID-1, L2A_ProcessTile: start")
    if behaviour == "code":
        say("Traceback: something broke")
        return 3
    if behaviour == "critical":
        say("[CRITICAL]  L2A_AtmCorr: 12  out of memory")
    if behaviour == "hang":
        hang(Path(template).parent / "child.pid")
    if behaviour != "nothing":
        write_product(behaviour, Path(template), Path(target), Path(l1c).name)
        say("Progress[%]: 100.00 : Application terminated successfully.")
    return 0


def has_empty_folders(l1c: Path) -> bool:
    granules = [granule / "AUX_DATA" for granule in (l1c / "GRANULE").iterdir()]
    return all(path.is_dir() for path in (l1c / "AUX_DATA", l1c / "HTML", *granules))


def hang(pid_file: Path) -> None:
    """Wait, with a child that waits, too."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    pid_file.write_text(str(child.pid))
    time.sleep(600)


def write_product(behaviour: str, template: Path, folder: Path, l1c: str) -> None:
    name = re.sub(r"L1C(_\d+T\d+)_N\d{4}(.*_)\d+T\d+", r"L2A\1_N9999\g<2>20240101T000000", l1c)
    product = Path(shutil.copytree(template, folder / name))
    metadata = product / "MTD_MSIL2A.xml"
    metadata.write_text(metadata.read_text().replace(template.name, name))
    if behaviour == "half":
        for image in product.rglob("*_B1*.jp2"):
            image.unlink()
    if behaviour == "truncated":
        (image,) = product.rglob("*_B02_10m.jp2")
        image.write_bytes(image.read_bytes()[:3_000])


if __name__ == "__main__":
    sys.exit(main())
