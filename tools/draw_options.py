"""Draw docs/options.md: the options of every stage, from their models.

python tools/draw_options.py           writes it
python tools/draw_options.py --check   exit code 1 if it is not what the document has
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from reben.acquire.options import DownloadOptions, SearchOptions
from reben.acquire.stac.options import StacOptions
from reben.audit.options import AuditOptions
from reben.benchmark.options import ProbeOptions
from reben.cli.from_model import option_of
from reben.construct.options import BuildOptions
from reben.correct.options import CorrectOptions
from reben.describe.options import RecordOptions
from reben.encode.options import EncodeOptions
from reben.explore.options import ExploreOptions
from reben.get.options import GetOptions
from reben.learn.inference.options import EvaluateOptions, PredictOptions
from reben.learn.retrieval.options import EmbedOptions, EvaluateRetrievalOptions, RetrieveOptions
from reben.learn.training.options import TrainOptions
from reben.learn.training.recipe import Recipe
from reben.pipeline.planning import PlanOptions
from reben.publish.options import PublishDataOptions, PublishOptions
from reben.release.options import ReleaseOptions
from reben.work.options import choices_of, ends_of, key_of, member_type, plain_type

DOCUMENT = Path(__file__).parents[1] / "docs" / "options.md"
MODELS: dict[str, tuple[type[BaseModel], ...]] = {
    "get": (GetOptions,),
    "plan": (PlanOptions,),
    "search": (SearchOptions, StacOptions),
    "download": (DownloadOptions,),
    "correct": (CorrectOptions,),
    "build": (BuildOptions,),
    "encode": (EncodeOptions,),
    "audit": (AuditOptions,),
    "explore": (ExploreOptions,),
    "train": (Recipe, TrainOptions),
    "evaluate": (EvaluateOptions,),
    "predict": (PredictOptions,),
    "embed": (EmbedOptions,),
    "probe": (ProbeOptions,),
    "retrieve": (RetrieveOptions,),
    "evaluate-retrieval": (EvaluateRetrievalOptions,),
    "publish": (PublishOptions,),
    "release": (ReleaseOptions, RecordOptions),
    "publish-data": (PublishDataOptions, RecordOptions),
}
"""By command; search to encode are also sections of a pipeline's configuration."""
_HEAD = """\
# Options

One model per stage declares each option once; the command line, the YAML file of `reben pipeline`, Python and this page
have it from there. What a command works on and where its result goes (`--data`, `--checkpoint`, `--output`, `--json`)
stand in its help. In Python a model is called with the keys as names: `BuildOptions(clc="clc.gpkg", patch_size=600)`.
Keys with several values are lists in YAML; on the command line their options are repeated. The keys of `train` stand in
the file that `reben train --config` reads.
"""
_TYPES = {int: "whole number", float: "number", bool: "true or false", str: "text", Path: "path"}


def page() -> str:
    """The whole document."""
    return "\n".join([_HEAD, *(line for name, models in MODELS.items() for line in _section(name, models))])


def _section(command: str, models: tuple[type[BaseModel], ...]) -> Iterator[str]:
    yield f"## reben {command}"
    for model in models:
        yield ""
        yield f"`{model.__module__}.{model.__name__}`: {(model.__doc__ or '').strip().splitlines()[0]}"
        yield ""
        yield "| option | key | value | default | meaning |"
        yield "|---|---|---|---|---|"
        for name, field in model.model_fields.items():
            option = "names" if (command, name) == ("search", "names") else option_of(name, field)
            said = " ".join((field.description or "").split())
            cells = (f"`{option}`", f"`{key_of(name, field)}`", _value(field), _default(field), said)
            yield f"| {' | '.join(cells)} |"
    yield ""


def _value(field: FieldInfo) -> str:
    """What a value may be."""
    kind = plain_type(field.annotation)
    member = member_type(kind)
    choices = choices_of(member or kind)
    if choices:
        return ("one or more of " if member else "") + ", ".join(f"`{choice}`" for choice in choices)
    if member is not None:
        return f"{_TYPES[member]}s"
    ends = ends_of(field)
    return _TYPES.get(kind, "day") + (f", `{ends}`" if ends else "")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default in {None, "", ()}:
        return ""
    default = ", ".join(map(str, field.default)) if isinstance(field.default, tuple) else field.default
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def main() -> int:
    """Write or compare the document."""
    if "--check" in sys.argv:
        if not DOCUMENT.is_file() or DOCUMENT.read_text(encoding="utf-8") != page():
            print("docs/options.md does not have the options of now; run python tools/draw_options.py")
            return 1
        return 0
    DOCUMENT.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
