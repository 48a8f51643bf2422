"""The data card: README.md of a data set, with the metadata block that the Hugging Face hub reads.

Source of the block's form: the hub's documentation, pages "Dataset Cards" and "Data files Configuration".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from reben.core.markdown import inline, table
from reben.core.wording import in_bytes
from reben.describe.facts import DatasetFacts, utc
from reben.describe.files import DescribedFile

CARD_FILE = "README.md"
_HUB_LICENCES = {
    "Apache-2.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC0-1.0", "CDLA-Permissive-1.0",
    "CDLA-Permissive-2.0", "CDLA-Sharing-1.0", "MIT", "ODbL-1.0", "ODC-By-1.0", "PDDL-1.0",
}  # fmt: skip
"""SPDX identifiers that the hub knows, in small letters, except `odbl` and `odc-by`."""
_HUB_NAMES = {"ODbL-1.0": "odbl", "ODC-By-1.0": "odc-by", "PDDL-1.0": "pddl"}
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LARGEST_SIZE = "1M<n<10M"


@dataclass(frozen=True, slots=True)
class ViewerConfig:
    """Files that the hub's viewer shows as one table."""

    name: str
    files: Mapping[str, str]
    """Path or pattern by split."""
    features: tuple[Mapping[str, str], ...] = ()
    """Columns in the hub's words; empty where the files tell."""


def card_of(facts: DatasetFacts, files: Sequence[DescribedFile], configs: Sequence[ViewerConfig] = ()) -> str:
    """The text of README.md.

    Args:
        facts: of the data set.
        files: all other files.
        configs: what the viewer shows, the default first.
    """
    identity = facts.identity
    sections = [
        f"# {inline(identity.title)}",
        inline(facts.summary()),
        _overview(facts),
        _contents(files),
        _bands(facts),
        _counts(facts, "class", "Classes", "A patch has one class or several; each is counted once."),
        _counts(facts, "split", "Splits"),
        _counts(facts, "country", "Countries"),
        _counts(facts, "season", "Seasons"),
        _use(facts, configs),
        f"## Licence\n\n{inline(_licence_words(facts))}",
        _citation(facts),
    ]
    text = "\n\n".join(filter(None, sections))
    block = yaml.safe_dump(_block(facts, configs), sort_keys=False, allow_unicode=True, width=10_000)
    return f"---\n{block}---\n\n{text}\n"


def _block(facts: DatasetFacts, configs: Sequence[ViewerConfig]) -> dict[str, Any]:
    identity, count = facts.identity, facts.patches.table.num_rows
    sensors = [name for sensor, name in (("s1", "sentinel-1"), ("s2", "sentinel-2")) if facts.bands_of(sensor)]
    block: dict[str, Any] = {"pretty_name": identity.title, **_hub_licence(facts)}
    block |= {
        "tags": list(dict.fromkeys(["remote-sensing", "earth-observation", *sensors, *identity.keywords])),
        "task_categories": ["image-classification", *(["image-segmentation"] if facts.maps else [])],
        "size_categories": [next((name for limit, name in _SIZES if count < limit), _LARGEST_SIZE)],
    }
    if configs:
        block["configs"] = [
            {
                "config_name": config.name,
                "data_files": [{"split": split, "path": path} for split, path in config.files.items()],
                **({"default": True} if number == 0 else {}),
            }
            for number, config in enumerate(configs)
        ]
    described = [config for config in configs if config.features]
    if described:
        block["dataset_info"] = [
            {"config_name": config.name, "features": [dict(feature) for feature in config.features]}
            for config in described
        ]
    return block


def _hub_licence(facts: DatasetFacts) -> dict[str, str]:
    """The licence in the hub's words; what it does not know is called other, with a name."""
    identity = facts.identity
    if identity.license in _HUB_LICENCES:
        return {"license": _HUB_NAMES.get(identity.license, identity.license.lower())}
    named = {"license": "other", "license_name": identity.license.lower()}
    return named | ({"license_link": identity.license_url} if identity.license_url else {})


def _overview(facts: DatasetFacts) -> str:
    rows: list[tuple[str, object]] = [("patches", f"{facts.patches.table.num_rows:,}")]
    rows.append(("side of a patch", f"{facts.patches.patch_size_m} m"))
    if facts.span is not None:
        rows.append(("acquired", " to ".join(utc(time)[:10] for time in facts.span)))
    if facts.bounds is not None:
        west, south, east, north = facts.bounds
        rows.append(("longitude", f"{west:.4f} to {east:.4f}"))
        rows.append(("latitude", f"{south:.4f} to {north:.4f}"))
    rows += [("with seasonal snow", f"{facts.counts['flag']['contains_seasonal_snow']:,}")]
    rows += [("with clouds or their shadows", f"{facts.counts['flag']['contains_cloud_or_shadow']:,}")]
    return table(("", ""), rows)


def _contents(files: Sequence[DescribedFile]) -> str:
    if not files:
        return ""
    rows = [(file.name, in_bytes(file.nbytes), file.sha256 or file.md5) for file in files]
    return "## Files\n\n" + table(("file", "size", "SHA-256 or MD5"), rows)


def _bands(facts: DatasetFacts) -> str:
    if not facts.bands:
        return ""
    rows = [
        (
            band.band.name,
            f"{band.band.resolution_m} m",
            f"{band.side_px} x {band.side_px}",
            band.band.numpy_dtype.name,
            band.unit or ("reflectance times 10,000" if band.scale else ""),
            f"{band.wavelength_nm:g} nm" if band.wavelength_nm else band.polarisation,
            f"{band.statistics.mean:.4f}" if band.statistics else "",
            f"{band.statistics.std:.4f}" if band.statistics else "",
        )
        for band in facts.bands
    ]
    head = ("band", "pixel", "pixels", "type", "values", "wavelength or polarisation", "mean", "standard deviation")
    source = f"Means and standard deviations are those of {facts.statistics_of}.\n\n" if facts.statistics_of else ""
    return f"## Bands\n\n{source}{table(head, rows)}"


def _counts(facts: DatasetFacts, of: str, heading: str, note: str = "") -> str:
    counts = facts.counts[of]
    if not counts:
        return ""
    rows = [(name, f"{count:,}") for name, count in counts.items()]
    return f"## {heading}\n\n{f'{note}{chr(10)}{chr(10)}' if note else ''}{table((of, 'patches'), rows)}"


def _use(facts: DatasetFacts, configs: Sequence[ViewerConfig]) -> str:
    """Code that opens the store, and code that loads what the viewer shows, as far as there are any."""
    ways = []
    if facts.form == "store":
        comment = "the folder with the store and the metadata tables"
        ways.append(f'import reben\n\ndataset = reben.open_dataset("FOLDER", split="train")  # {comment}')
    if configs:
        names = ", ".join(f'"{config.name}"' for config in configs)
        comment = f"or this repository; tables: {names}"
        ways.append(
            "from datasets import load_dataset\n\n"
            f'patches = load_dataset("FOLDER", "{configs[0].name}").with_format("torch")  # {comment}'
        )
    return "## How to use it\n\n" + "\n\n".join(f"```python\n{way}\n```" for way in ways) if ways else ""


def _licence_words(facts: DatasetFacts) -> str:
    identity = facts.identity
    return f"{identity.license}, as the publisher states." + (
        f" {identity.license_url}" if identity.license_url else ""
    )


def _citation(facts: DatasetFacts) -> str:
    identity, lines = facts.identity, []
    if citation := identity.citation():
        lines.append(inline(citation))
    for work in identity.works:
        words = "Derived from: " if work.relation == "IsDerivedFrom" else "If you use these data, please cite: "
        lines.append(words + inline(work.citation))
    return "## Citation\n\n" + "\n\n".join(lines) if lines else ""
