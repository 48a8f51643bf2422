"""The family of errors that reben raises on purpose.

Every message says what was wrong and what was expected; `hint` says what to do next. The command line prints both and
ends with exit code 1; in Python, `except RebenError` catches them all.

Messages repeat what was wrong, which may be anything: a file of 6 GB on one line, a name that a terminal would obey.
Here, and nowhere else, both are kept within bounds.
"""

from typing import Self

from reben.core.text import printable, shortened

_LONGEST_MESSAGE = 800
_LONGEST_HINT = 4_000  # characters; the longest of ours name all countries


class RebenError(Exception):
    """Something that the user can mend.

    Attributes:
        hint: what to do next; empty where the message already says it.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(printable(shortened(message, _LONGEST_MESSAGE)))
        self.hint = printable(shortened(hint, _LONGEST_HINT))
        if self.hint:
            self.add_note(f"hint: {self.hint}")  # so that tracebacks show it, too


class NameFormatError(RebenError, ValueError):
    """A product, tile, patch or Sentinel-1 name does not have the form it should have."""


class BandError(RebenError, ValueError):
    """A band or band set is unknown, or a band has an unexpected size or data type."""


class LegendError(RebenError, ValueError):
    """A land-cover code or class name is not part of the legend, or a legend contradicts itself."""


class GeocodingError(RebenError):
    """A Sentinel-1 product cannot be brought onto the grid of a tile."""


class GridError(RebenError, ValueError):
    """Tile side, patch size and pixel size do not fit together."""


class SplitError(RebenError, ValueError):
    """Parameters of the geographic split leave no ground for one of the sets."""


class BuildError(RebenError):
    """A data set cannot be built from what was given."""


class LandCoverError(RebenError):
    """A file of land-cover polygons cannot be used."""


class CountryError(RebenError, ValueError):
    """A country is unknown, or a file of countries cannot be used."""


class ProductError(RebenError):
    """A Sentinel product cannot be used: missing, damaged, incomplete, or not what it should be."""


class CatalogueError(RebenError):
    """A catalogue cannot be reached, refuses a question, or answers something that is not an answer."""


class CredentialsError(RebenError):
    """User name or password are missing, or are refused."""


class DownloadError(RebenError):
    """A product cannot be downloaded, or what came is not what the catalogue describes."""


class AddressError(RebenError, ValueError):
    """An address has a form that cannot be read, or would be read without encryption."""


class RemoteError(RebenError):
    """A remote file cannot be read, or what its server sends is not what was asked for."""


class RemoteAccessError(RemoteError):
    """A remote file does not exist, or may not be read; servers do not always say which."""


class CorrectionError(RebenError):
    """A product cannot be corrected for the atmosphere, or a program that should do it is missing or failed."""


class RasterError(RebenError):
    """A raster file cannot be read, or is not what it should be."""


class ArchiveError(RebenError):
    """An archive cannot be read: damaged, cut short, or holding what it should not."""


class StoreError(RebenError):
    """A store cannot be opened, written or parsed."""


class DiskFullError(StoreError):
    """There is no room left for a store."""


class SampleError(RebenError, TypeError):
    """A sample of a data set, or what was made of it, is not what it should be."""


class KeyNotFoundError(StoreError, KeyError):
    """A store has no value under the given key."""

    __str__ = Exception.__str__  # KeyError would show the message in quotes


class MetadataError(RebenError):
    """A metadata table has a wrong column, type or value."""


class NoPatchError(MetadataError):
    """Metadata tables have no row for what is asked for."""


class EncodeError(RebenError):
    """A data set on disk cannot be encoded as it is."""


class TargetExistsError(RebenError, FileExistsError):
    """A file or directory that is to be written exists already, or another process is writing it."""


class ReleaseError(RebenError):
    """A data set cannot be released as it is, or a release cannot be compared with it."""


class PipelineError(RebenError):
    """A pipeline's configuration cannot be used, or one of its stages did not do all of its work."""


class RecipeError(RebenError, ValueError):
    """A training configuration contradicts itself or names something unknown."""


class RunError(RebenError):
    """A run directory is missing, incomplete or belongs to another configuration."""


class EmbeddingError(RebenError):
    """A table of embeddings cannot be used, or does not fit what is searched in it."""


class BackboneError(RebenError, ValueError):
    """A pre-trained model that cannot be used as asked for: unknown, other weights, or a band that is missing."""


class BenchmarkError(RebenError):
    """Scores of a benchmark that cannot be made or compared: other patches, too few of a class, damaged results."""


class ExportError(RebenError):
    """A model cannot be exported, or the export does not compute what the model computes."""


class HubError(RebenError):
    """The Hugging Face hub cannot be reached, or does not give or take what was asked."""


class ExploreError(RebenError):
    """The explorer cannot be served."""


class AuditError(RebenError):
    """What is given as a copy of reBEN cannot be audited: nothing in it can be read, or nothing is known of it."""


class ClusterError(RebenError):
    """A cluster cannot be reached, or has no workers."""


class MissingExtraError(RebenError, ImportError):
    """A command needs a part of reben that is not installed."""

    @classmethod
    def needed(cls, what: str, package: str | None, extra: str) -> Self:
        """The error for a package that cannot be imported.

        Args:
            what: needs it, such as "this command".
            package: that is missing.
            extra: of reben that installs it, or several.
        """
        return cls(
            f"{what} needs {package}, which is not installed",
            hint=f"pip install 'reben[{extra}]', or, in a checkout, pip install '.[{extra}]'",
        )


class PluginError(RebenError):
    """Something that another installed package adds cannot be loaded, or is not what it should be."""
