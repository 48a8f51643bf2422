"""The configuration of a pipeline: one YAML file, every key checked."""

from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, model_validator

from reben.acquire.connection import MOST_CONNECTIONS
from reben.acquire.query import ProductKind
from reben.core.backscatter import Unit
from reben.core.bands import PATCH_SIZE_M
from reben.core.errors import PipelineError
from reben.correct.sixs.adjacency_range import FARTHEST_M, RANGE_M
from reben.io.small_files import read_yaml
from reben.rules.labels import MIN_LABELLED


def _beside_the_file(path: Path, info: ValidationInfo) -> Path:
    return Path((info.context or {}).get("folder", ".")) / path


Location = Annotated[Path, AfterValidator(_beside_the_file)]
"""A path; if it is relative, from the folder of the configuration file."""
Positive = Annotated[int, Field(gt=0)]


class Section(BaseModel):
    """Keys that belong together. Unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _read_empty_as_defaults(cls, value: object) -> object:
        return {} if value is None else value  # a key without a value: `encode:`


class SearchSection(Section):
    """Which products are looked for; as the options of `reben search`."""

    names: tuple[str, ...] = ()
    names_file: Location | None = None
    reben: bool = False
    tile: str = ""
    area: Location | None = None
    first: Annotated[date | None, Field(alias="from")] = None
    last: Annotated[date | None, Field(alias="to")] = None
    cloud: Annotated[float | None, Field(ge=0, le=100)] = None
    type: ProductKind = ProductKind.l1c

    @model_validator(mode="after")
    def _expect_one_way(self) -> Self:
        if bool(self.names or self.names_file or self.reben) == bool(self.tile or self.area):
            raise ValueError("give names, names_file or reben, or else tile or area")
        if self.type is ProductKind.grd:
            raise ValueError("a pipeline builds from Sentinel-2 products: L1C or L2A")
        return self


class DownloadSection(Section):
    """How products are downloaded."""

    parallel: Annotated[int, Field(ge=1, le=MOST_CONNECTIONS)] = MOST_CONNECTIONS


class CorrectSection(Section):
    """How L1C products become L2A; as the options of `reben correct`. The word `skip` stands for no correction."""

    engine: Literal["sen2cor", "6s", "skip"] = "sen2cor"
    sen2cor: Location | None = None
    dem: Location | None = None
    adjacency_range: Annotated[float, Field(ge=0, le=FARTHEST_M)] = RANGE_M
    time_limit_h: Annotated[float, Field(gt=0)] = 4.0
    workers: Positive = 1
    threads: Positive | None = None
    checksums: bool = True

    @model_validator(mode="before")
    @classmethod
    def _read_skip(cls, value: object) -> object:
        return {"engine": "skip"} if value == "skip" else value


class BuildSection(Section):
    """How a data set is built; as the options of `reben build`."""

    clc: Location
    legend: Location | None = None
    s1_scenes: Location | None = None
    s1_unit: Unit | None = None
    s1_dir: Location | None = None
    s1_pairs: Location | None = None
    v1_geometries: Location | None = None
    snow: tuple[Location, ...] = ()
    cloud: tuple[Location, ...] = ()
    countries: str = ""
    patch_size: Annotated[int, Field(ge=60)] = PATCH_SIZE_M
    min_labelled: Annotated[float, Field(ge=0, lt=1)] = MIN_LABELLED
    p: float = 0.25
    q: float = 0.25
    unpaired: Literal["drop", "keep"] = "drop"
    keep_raw: bool = False
    format: Literal["geotiff", "store"] = "geotiff"
    workers: Positive = 1
    threads: Positive | None = None
    checksums: bool = True


class EncodeSection(Section):
    """How the data set becomes a store; as the options of `reben encode`. The word `skip` stands for no store."""

    skip: bool = False
    shards: Positive | None = None
    workers: Positive | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_skip(cls, value: object) -> object:
        return {"skip": True} if value == "skip" else value


class Configuration(Section):
    """Everything that a pipeline is told."""

    output: Location
    """Folder of everything that it makes."""
    search: SearchSection | None = None
    l1c: tuple[Location, ...] = ()
    """Folders with L1C products, instead of a search."""
    l2a: tuple[Location, ...] = ()
    """Folders with L2A products, instead of a search."""
    download: DownloadSection = DownloadSection()
    correct: CorrectSection | None = None
    """None: sen2cor for L1C products, nothing for L2A."""
    build: BuildSection
    encode: EncodeSection = EncodeSection()
    on_error: Literal["stop", "skip"] = "stop"

    @model_validator(mode="after")
    def _expect_one_source(self) -> Self:
        if (self.search is not None) + bool(self.l1c) + bool(self.l2a) != 1:
            raise ValueError("give exactly one of search, l1c and l2a")
        skips = self.correct is not None and self.correct.engine == "skip"
        if self.gives_l2a and self.correct is not None and not skips:
            raise ValueError("L2A products need no correction; write correct: skip, or leave it out")
        if skips and not self.gives_l2a:
            raise ValueError("correct: skip needs L2A products: give l2a, or type: L2A in search")
        return self

    @property
    def gives_l2a(self) -> bool:
        """Whether the products are corrected already."""
        return bool(self.l2a) or (self.search is not None and self.search.type is ProductKind.l2a)

    @property
    def skips_errors(self) -> bool:
        """Whether a stage goes on with what is whole."""
        return self.on_error == "skip"


def example() -> str:
    """A configuration with all keys, to start from."""
    return (resources.files("reben.pipeline") / "example.yaml").read_text(encoding="utf-8")


def read_configuration(path: Path) -> Configuration:
    """The configuration in a YAML file.

    Raises:
        PipelineError: if the file cannot be read, or a key or value is not what it should be.
    """
    values = read_yaml(path, error=PipelineError, hint="reben pipeline --example")
    if not isinstance(values, dict):
        raise PipelineError(f"{path}: must hold keys with values", hint="reben pipeline --example shows them")
    try:
        return Configuration.model_validate(values, context={"folder": path.absolute().parent})
    except ValidationError as error:
        raise _refusal(path, error) from error


def _refusal(path: Path, error: ValidationError) -> PipelineError:
    """The first of pydantic's complaints in our words."""
    first = error.errors()[0]
    place = [str(part) for part in first["loc"]]
    name = ".".join(place)
    if first["type"] == "extra_forbidden":
        return PipelineError(
            f"{path}: {name}: there is no such key",
            hint=f"{'.'.join(place[:-1]) or 'a configuration'} has the keys {', '.join(_keys(place[:-1]))}",
        )
    if first["type"] == "missing":
        return PipelineError(f"{path}: {name} is missing", hint="reben pipeline --example shows all keys")
    said = first["msg"].removeprefix("Value error, ")
    return PipelineError(f"{path}: {name}: {said}" if name else f"{path}: {said}", hint="reben pipeline --example")


def _keys(place: list[str]) -> list[str]:
    """The keys of the section at this place."""
    section: Any = Configuration
    for name in place:
        kinds = [section.model_fields[name].annotation, *getattr(section.model_fields[name].annotation, "__args__", ())]
        section = next(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Section))
    return [field.alias or name for name, field in section.model_fields.items()]
