"""The configuration of a pipeline: one YAML file, every key checked."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from reben.acquire.options import DownloadOptions, SearchOptions
from reben.acquire.query import ProductKind
from reben.construct.options import BuildOptions
from reben.core.errors import PipelineError
from reben.correct.options import CorrectOptions
from reben.encode.options import EncodeOptions
from reben.io.small_files import read_yaml
from reben.work.options import Location, OnError, Options, first_problem, key_of


class Downloads(DownloadOptions):
    """Options of the download in a pipeline."""

    unpack: Literal[True] = True
    """Make .SAFE folders, always: sen2cor takes no zip files."""


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
    search: SearchOptions | None = None
    """Products to search for: by name, or else by tile or area. Give exactly one of search, l1c and l2a."""
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

    @model_validator(mode="after")
    def _expect_one_source(self) -> Self:
        if (self.search is not None) + bool(self.l1c) + bool(self.l2a) != 1:
            raise ValueError("give exactly one of search, l1c and l2a")
        if self.search is not None and self.search.type is ProductKind.grd:
            raise ValueError("search: a pipeline builds from Sentinel-2 products; give type: L1C or L2A")
        skips = self.correct is not None and self.correct.skip
        if self.gives_l2a and self.correct is not None and not skips:
            raise ValueError("L2A products need no correction; write correct: skip, or leave it out")
        if skips and not self.gives_l2a:
            raise ValueError("correct: skip needs L2A products: give l2a, or type: L2A in search")
        return self

    @property
    def gives_l2a(self) -> bool:
        """Whether the products are corrected already."""
        return bool(self.l2a) or (self.search is not None and self.search.type is ProductKind.l2a)

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
