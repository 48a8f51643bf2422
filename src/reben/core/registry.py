"""Things of one kind by name: those of this package, and those that other installed packages add by entry points."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from reben.core.errors import PluginError

T_co = TypeVar("T_co", covariant=True)


class Registry(Mapping[str, T_co]):
    """Look things up by name; what is not needed is not imported.

    A package adds something by an entry point, in its `pyproject.toml`::

        [project.entry-points."reben.datasets"]
        my-data = "my_package.datasets:MY_DATA"

    Nobody can take a name that this package has.

    Args:
        group: of the entry points, such as `reben.datasets`.
        own: what this package has, by name: the things themselves, or where they are, as `module:attribute`.
        kind: what each of them is; anything else that a package adds is refused. None takes whatever there is.
    """

    def __init__(self, group: str, own: Mapping[str, T_co | str], *, kind: type | None = None) -> None:
        self.group = group
        self._own = own
        self._kind = kind

    @property
    def own(self) -> tuple[str, ...]:
        """Names of what this package has."""
        return tuple(self._own)

    @cached_property
    def _plugins(self) -> dict[str, EntryPoint]:
        found = sorted(entry_points(group=self.group), key=lambda entry: entry.name)
        return {entry.name: entry for entry in found if entry.name not in self._own}

    def __getitem__(self, name: str) -> T_co:
        """Return the thing of this name.

        Raises:
            KeyError: if there is none.
            PluginError: if it belongs to another package and cannot be loaded, or is of another kind.
        """
        if name in self._own:
            thing = self._own[name]
            return EntryPoint(name, thing, self.group).load() if isinstance(thing, str) else thing
        return self._loaded(self._plugins[name])

    def __iter__(self) -> Iterator[str]:
        yield from self._own
        yield from self._plugins

    def __len__(self) -> int:
        return len(self._own) + len(self._plugins)

    def __contains__(self, name: object) -> bool:
        return name in self._own or name in self._plugins

    def forget_plugins(self) -> None:
        """Look for what other packages add once more, as after one was installed while the program runs."""
        self.__dict__.pop("_plugins", None)

    def _loaded(self, entry: EntryPoint) -> T_co:
        package = entry.dist.name if entry.dist is not None else entry.value
        where = f"{self.group} {entry.name!r} of the package {package}"
        if entry.pattern.match(entry.value) is None:
            raise PluginError(
                f"{where} is {entry.value!r}; expected a place in Python, such as my_package:MY_THING",
                hint="correct the entry point and install the package again",
            )
        try:
            thing: T_co = entry.load()
        except Exception as error:  # whatever the package raises while it is imported
            raise PluginError(
                f"{where} cannot be loaded ({type(error).__name__}: {error})", hint="update or uninstall the package"
            ) from error
        if self._kind is not None and not isinstance(thing, self._kind):
            raise PluginError(
                f"{where} is of type {type(thing).__name__}; expected {self._kind.__name__}",
                hint="update or uninstall the package",
            )
        return thing
