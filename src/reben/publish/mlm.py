"""A trained model as a STAC Item beside its card, so that catalogues of models find it and know what goes in.

Source: STAC 1.1.0, and its Machine Learning Model extension, version 1.4.0 (https://github.com/stac-extensions/mlm).
"""

import re
from datetime import UTC, datetime
from typing import Any

from reben.core.bands import BANDS
from reben.describe.band_facts import facts_of
from reben.describe.facts import utc
from reben.describe.stac import VERSION, band_in_item
from reben.learn.models.hub import CONFIG_FILE, WEIGHTS_FILE
from reben.learn.tasks.task import Output
from reben.publish.run_facts import RunFacts

MLM_FILE = "stac-item.json"
_MLM = "https://stac-extensions.github.io/mlm/v1.4.0/schema.json"
_EO = "https://stac-extensions.github.io/eo/v2.0.0/schema.json"
_TASKS = {Output.labels: "classification", Output.maps: "semantic-segmentation", Output.values: "regression"}
_OUTPUT_AXES = {
    Output.labels: ["batch", "class"],
    Output.maps: ["batch", "class", "height", "width"],
    Output.values: ["batch", "value"],
}
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_ANY = -1
"""Size of the batch."""


def mlm_item(facts: RunFacts, *, repository: str, license_id: str) -> dict[str, Any] | None:
    """The item, as JSON; None if the run does not say when it was trained, which STAC asks for.

    A model lies nowhere: the item has no geometry.

    Args:
        facts: of the run.
        repository: `owner/name`, of which the item has its name.
        license_id: licence of the weights.
    """
    started = _time(facts.environment.get("started"))
    if started is None:
        return None
    trained = facts.trained
    bands = [_band(name) for name in trained.bands]
    name = _name(repository)
    properties: dict[str, Any] = {
        "datetime": utc(started),
        "title": repository,
        "license": license_id,
        "bands": bands,
        "mlm:name": name,
        "mlm:architecture": trained.architecture.timm_name,
        "mlm:tasks": [_TASKS[trained.task.output]],
        "mlm:framework": "PyTorch",
        "mlm:total_parameters": sum(parameter.numel() for parameter in trained.model.parameters()),
        "mlm:input": [_input(facts)],
        "mlm:output": [_output(facts)],
    }
    if version := _VERSION.match(str(facts.environment.get("packages", {}).get("torch", ""))):
        properties["mlm:framework_version"] = version[0]
    if settings := {key: value for key, value in facts.recipe.items() if value is not None}:
        properties["mlm:hyperparameters"] = settings
    return {
        "type": "Feature",
        "stac_version": VERSION,
        "stac_extensions": [_MLM, *([_EO] if any("eo:center_wavelength" in band for band in bands) else [])],
        "id": name,
        "geometry": None,
        "properties": properties,
        "links": [],
        "assets": _assets(bands),
    }


def _assets(bands: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        "model": {
            "href": f"./{WEIGHTS_FILE}",
            "type": "application/octet-stream",
            "title": "Weights",
            "roles": ["mlm:model", "mlm:weights"],
            "mlm:artifact_type": "safetensors.torch.save_file",
            "bands": bands,  # STAC lets an item have bands only if one of its assets has some
        },
        "configuration": {
            "href": f"./{CONFIG_FILE}",
            "type": "application/json",
            "title": "Architecture, bands, statistics and classes",
            "roles": ["metadata"],
        },
    }


def _input(facts: RunFacts) -> dict[str, Any]:
    trained, size = facts.trained, facts.trained.architecture.image_size
    return {
        "name": "patch",
        "description": "Bands at 10 m: reflectance times 10,000, backscatter in dB.",
        "bands": list(trained.bands),
        "input": {
            "shape": [_ANY, len(trained.bands), size, size],
            "dim_order": ["batch", "bands", "height", "width"],
            "data_type": "float32",
        },
        "value_scaling": [
            {"type": "z-score", "mean": values.mean, "stddev": values.std}
            for values in (trained.statistics[band] for band in trained.bands)
        ],
        "resize_type": "interpolation-nearest",  # of bands of 20 m and 60 m
    }


def _output(facts: RunFacts) -> dict[str, Any]:
    trained = facts.trained
    classes = trained.class_names if trained.task.has_classes else ()
    return {
        "name": "logits" if classes else "numbers",
        "tasks": [_TASKS[trained.task.output]],
        "result": {
            "shape": [_ANY, *trained.architecture.output_shape[1:]],
            "dim_order": _OUTPUT_AXES[trained.task.output],
            "data_type": "float32",
        },
        "classification:classes": [
            {"value": number, "name": f"class-{number}", "title": name, "description": name}
            for number, name in enumerate(classes)
        ],
    }


def _band(name: str) -> dict[str, Any]:
    band = BANDS.get(name)
    if band is None:
        return {"name": name}
    return band_in_item(facts_of(band, band.side_px(), None, known=True))


def _name(repository: str) -> str:
    """The repository's name in the characters that the extension takes."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "-", repository.rpartition("/")[2]).strip("_.-")
    return plain if re.fullmatch(r"[A-Za-z].+", plain) else f"model-{plain}"


def _time(text: object) -> datetime | None:
    """When a run was started; None if the run does not say it."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return None if found is None else found.replace(tzinfo=found.tzinfo or UTC)
