"""The configuration of a pipeline: one YAML file, every key checked."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from reben.acquire.options import DownloadOptions, PlaceOptions, SearchOptions
from reben.acquire.query import ProductKind
from reben.acquire.stac.options import StacOptions
from reben.construct.options import BuildOptions
from reben.core.errors import PipelineError
from reben.correct.options import CorrectOptions
from reben.encode.options import EncodeOptions
from reben.io.small_files import read_yaml
from reben.io.stac.providers import taken_by
from reben.work.options import Location, OnError, Options, first_problem, key_of


class Searching(StacOptions, SearchOptions):
    """Products to look for: in the catalogue of the Copernicus Data Space, or items of a STAC catalogue."""

    @model_validator(mode="after")
    def _expect_collection(self) -> Self:
        if bool(self.stac) != bool(self.collection):
            raise ValueError("stac and collection belong together")
        if self.stac and self.is_by_name:
            raise ValueError("a STAC catalogue is searched by place (tile or area), not by name")
        return self

    @property
    def finds_sentinel2(self) -> bool:
        """Whether products of Sentinel-2 are looked for."""
        return taken_by(self.collection) == "--l2a" if self.stac else self.type is not ProductKind.grd


class SceneSearch(PlaceOptions, StacOptions):
    """Scenes of Sentinel-1 to look for in a STAC catalogue."""

    @model_validator(mode="after")
    def _expect_scenes(self) -> Self:
        if not self.stac or taken_by(self.collection) != "--s1-scenes":
            raise ValueError("give stac, and a collection of Sentinel-1 such as sentinel-1-rtc")
        if not (self.tile or self.area):
            raise ValueError("give a place (tile or area), here or in search")
        return self

    @property
    def place(self) -> SearchOptions:
        """Where and when, as every search takes it."""
        return SearchOptions(tile=self.tile, area=self.area, first=self.first, last=self.last)


class Downloads(DownloadOptions):
    """Options of the download in a pipeline."""

    unpack: Literal[True] = True
    """Make .SAFE folders, always: sen2cor takes no zip files."""


_PLACE, _DAYS = ("tile", "area"), ("from", "to")
"""Keys of a search."""


def _read_skip(value: object) -> object:
    """`skip` in place of a section."""
    return {"skip": True} if value == "skip" else value


class Correction(CorrectOptions):
    """Options of the correction in a pipeline; the word `skip` in their place stands for no correction."""

    skip: bool = False
    """Leave the correction out, as the products are corrected already."""

    @model_validator(mode="before")
    @classmethod
    def _read_word(cls, value: object) -> object:
        if isinstance(value, dict) and value.get("engine") == "skip":
            return {name: given for name, given in value.items() if name != "engine"} | {"skip": True}
        return _read_skip(value)


class Encoding(EncodeOptions):
    """Options of the encoder in a pipeline; the word `skip` in their place stands for no store."""

    skip: bool = False
    """Leave the store out."""

    @model_validator(mode="before")
    @classmethod
    def _read_word(cls, value: object) -> object:
        return _read_skip(value)


class Configuration(Options):
    """Everything that a pipeline is told."""

    output: Annotated[Location, Field(examples=["my-area"])]
    """Folder of everything that the pipeline makes."""
    search: Searching | None = None
    """Products to search for: by name, or else by tile or area. Give exactly one of search, l1c and l2a. What a STAC
    catalogue offers is not downloaded, but read where it lies."""
    search_s1: SceneSearch | None = None
    """Scenes of Sentinel-1 to search for in a STAC catalogue, in place of build.s1_scenes; place and days are those of
    search where none are given."""
    l1c: Annotated[tuple[Location, ...], Field(examples=[["L1C"]])] = ()
    """Folders with L1C products, instead of a search."""
    l2a: Annotated[tuple[Location, ...], Field(examples=[["L2A"]])] = ()
    """Folders with L2A products, or files of STAC items, instead of a search."""
    download: Downloads = Downloads()
    """Credentials come from CDSE_USERNAME and CDSE_PASSWORD, or from the keyring."""
    correct: Correction | None = None
    """How L1C products are corrected, by sen2cor if nothing is said; leave it out for L2A products, or write skip."""
    build: BuildOptions
    """How the data set is built."""
    encode: Encoding = Encoding()
    """How the data set becomes a store; write skip to leave it out."""
    on_error: OnError = "stop"
    """stop at the first error, or skip what is not whole and go on; the exit code is 1 all the same."""

    @model_validator(mode="before")
    @classmethod
    def _give_place_to_search_s1(cls, values: object) -> object:
        """Take place and days of `search` for `search_s1`, which need not repeat them."""
        if not isinstance(values, dict):
            return values
        first, second = values.get("search"), values.get("search_s1")
        if not isinstance(first, dict) or not isinstance(second, dict):
            return values
        shared = _PLACE if not any(key in second for key in _PLACE) else ()
        given = {key: first[key] for key in (*shared, *_DAYS) if key in first}
        return values | {"search_s1": given | second}

    @model_validator(mode="after")
    def _expect_one_source(self) -> Self:
        if (self.search is not None) + bool(self.l1c) + bool(self.l2a) != 1:
            raise ValueError("give exactly one of search, l1c and l2a")
        if self.search is not None and not self.search.finds_sentinel2:
            raise ValueError("search: a pipeline builds from Sentinel-2 products; give type: L1C or L2A")
        if self.search_s1 is not None and (self.build.s1_scenes is not None or self.build.s1_dir is not None):
            raise ValueError("search_s1 finds the scenes; leave build.s1_scenes and build.s1_dir out")
        skips = self.correct is not None and self.correct.skip
        if self.gives_l2a and self.correct is not None and not skips:
            raise ValueError("L2A products need no correction; write correct: skip, or leave it out")
        if skips and not self.gives_l2a:
            raise ValueError("correct: skip needs L2A products: give l2a, or type: L2A in search")
        return self

    @property
    def gives_l2a(self) -> bool:
        """Whether the products are corrected already."""
        return bool(self.l2a) or (
            self.search is not None and (bool(self.search.stac) or self.search.type is ProductKind.l2a)
        )

    def settled(self) -> Self:
        """The same with everything said that follows: the correction, and what its stages do after an error."""
        correct = self.correct if self.gives_l2a else self.correct or Correction()
        sections = {"correct": correct, "build": self.build, "encode": self.encode}
        silent = {
            name: section.model_copy(update={"on_error": self.on_error})
            for name, section in sections.items()
            if section is not None and "on_error" not in section.model_fields_set
        }
        return self.model_copy(update=sections | silent)

    @property
    def skips_errors(self) -> bool:
        """Whether a stage goes on with what is whole."""
        return self.on_error == "skip"


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
    kind = error.errors()[0]["type"]
    place, said = first_problem(error)
    name = ".".join(place)
    if kind == "extra_forbidden":
        return PipelineError(
            f"{path}: {name}: there is no such key",
            hint=f"{'.'.join(place[:-1]) or 'a configuration'} has the keys {', '.join(_keys(place[:-1]))}",
        )
    if kind == "missing":
        return PipelineError(f"{path}: {name} is missing", hint="reben pipeline --example shows all keys")
    return PipelineError(f"{path}: {name}: {said}" if name else f"{path}: {said}", hint="reben pipeline --example")


def _keys(place: list[str]) -> list[str]:
    """The keys of the section at this place."""
    section: Any = Configuration
    for name in place:
        kinds = [section.model_fields[name].annotation, *getattr(section.model_fields[name].annotation, "__args__", ())]
        section = next(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Options))
    return [key_of(name, field) for name, field in section.model_fields.items()]
