"""What has changed since it was encoded, when an encoding is resumed.

Files that were not touched since the encoding began need no second look: the time at which a file's state changed
(`ctime`) cannot be set back. Of the others the values are made again and compared with those in the store.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from reben.core.errors import EncodeError, RebenError
from reben.encode.reading import Request
from reben.encode.values import ValueReader

ValueOf = Callable[[str], bytes | memoryview | None]
"""The value of a key in the store; None if there is none, because the sample was skipped."""


def expect_unchanged(
    done: Iterable[Request], readers: Sequence[ValueReader], value_of: ValueOf, *, begun_ns: int, store: Path
) -> None:
    """Check that the samples that were encoded, or skipped, are still what they were.

    Args:
        done: what was encoded or skipped.
        readers: of the requests.
        value_of: looks into the store.
        begun_ns: when the encoding began, in nanoseconds since 1970.
        store: unfinished store, for messages.

    Raises:
        EncodeError: if one has changed.
    """
    memory = memoryview(bytearray(max((reader.most_bytes for reader in readers), default=0)))
    for request in done:
        reader = readers[request.reader]
        touched = next((file for file in reader.files(request.stem) if _is_touched(file, begun_ns)), None)
        if touched is None:
            continue
        try:
            now: memoryview | None = memory[: reader.read_into(memory[: reader.most_bytes], request.stem)]
        except RebenError:
            now = None
        if now != value_of(request.key):
            raise EncodeError(
                f"{store}: {request.key} has changed since it was encoded ({touched})",
                hint="delete this folder to start again",
            )


def _is_touched(file: Path, begun_ns: int) -> bool:
    try:
        return file.stat().st_ctime_ns > begun_ns
    except OSError:
        return True  # reading says what is wrong with it
