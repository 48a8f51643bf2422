"""Options of a publication."""

from reben.work.options import Options


class PublishOptions(Options):
    """How a run is published."""

    dry_run: bool = False
    """Write the files and push nothing."""
    private: bool = False
    """Let only the owner see the repository."""
    update: bool = False
    """Allow a repository that holds a model already."""
    license: str = "apache-2.0"
    """Licence of the weights, as the hub calls it."""
    dataset: str | None = None
    """Name of the data set, for the card."""
