"""Which of the packages that reben needs are installed, in which version, as the metadata of reben itself say it."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from types import MappingProxyType

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

BASE = ""
"""The name of what every installation needs."""
PURPOSES = MappingProxyType(
    {
        "learn": "train, evaluate, predict, embed, export",
        "backbones": "pre-trained models of torchgeo",
        "adapters": "tune backbones with low-rank adapters",
        "terratorch": "the networks of TerraMind, Prithvi and Clay",
        "report": "figures and pictures as files",
        "explore": "the explorer in the browser",
        "acquire": "a second checksum for downloads, passwords from the keyring",
        "cloud": "stores in private buckets",
        "cluster": "builds and encodes on a Dask cluster",
        "audit": "audits of copies in HDF5 and TACO files",
        "hub": "publish data sets on the Hugging Face hub",
        "export": "models as ONNX files",
        "docs": "builds the documentation site",
        "tables": "makes the tables of the atmospheric correction again",
    }
)
"""What each extra is for; `dev` is for those who change reben."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package that is needed."""

    name: str
    needed: str
    """Versions that work, such as >=2.6."""
    installed: str | None
    """Version that is there; None if there is none."""

    @property
    def fits(self) -> bool:
        """Whether it is there, in a version that works."""
        return self.installed is not None and SpecifierSet(self.needed).contains(self.installed, prereleases=True)

    def problem(self) -> str:
        """What is wrong with it, in words; empty if nothing is."""
        if self.fits:
            return ""
        if self.installed is None:
            return f"{self.name} is missing"
        return f"{self.name} {self.installed} is not {self.needed}"


@dataclass(frozen=True, slots=True)
class Extra:
    """A part of reben that can be installed, with the packages that it needs."""

    name: str
    """`BASE` for what every installation needs."""
    packages: tuple[Package, ...]

    @property
    def ready(self) -> bool:
        """Whether all of them are there."""
        return all(package.fits for package in self.packages)

    @property
    def problems(self) -> list[str]:
        """What is wrong with each package that is missing or too old."""
        return [problem for package in self.packages if (problem := package.problem())]


def extras_of(requirements: list[str]) -> list[Extra]:
    """What every installation needs, and each extra of `PURPOSES` that the requirements know.

    Args:
        requirements: of a distribution, as its metadata have them: `torch>=2.6; extra == 'learn'`.
    """
    parsed = [Requirement(text) for text in requirements]
    found = [Extra(name, tuple(_packages(parsed, name))) for name in (BASE, *PURPOSES)]
    return [extra for extra in found if extra.packages]


def _packages(requirements: list[Requirement], extra: str) -> Iterator[Package]:
    """The packages of an extra alone."""
    for requirement in requirements:
        always = requirement.marker is None or requirement.marker.evaluate({"extra": BASE})
        wanted = requirement.marker is not None and requirement.marker.evaluate({"extra": extra})
        if always if extra == BASE else wanted and not always:
            yield Package(requirement.name, str(requirement.specifier), installed_version(requirement.name))


def installed_version(name: str) -> str | None:
    """The version of an installed package; None if it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
