"""Workers of a Dask cluster as an executor.

The cluster's workers must see the same files under the same paths, and have reben installed. A worker process takes as
many tasks at a time as it has threads: give `--nthreads 1` where a task needs much memory.
"""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager
from typing import Any

from reben.core.errors import ClusterError, MissingExtraError

_CONNECT_S = 20


@contextmanager
def cluster_executor(address: str) -> Iterator[Executor]:
    """An executor whose tasks run on the workers of a Dask scheduler; those that still run at the end are cancelled.

    Args:
        address: of the scheduler, such as tcp://10.0.0.1:8786.

    Raises:
        MissingExtraError: if Dask is not installed.
        ClusterError: if the scheduler cannot be reached or has no worker.
    """
    try:
        from distributed import Client  # noqa: PLC0415 - an extra
        from distributed.comm.addressing import parse_address, parse_host_port  # noqa: PLC0415
        from distributed.comm.registry import get_backend  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError.needed("--scheduler", error.name, "cluster") from error
    for logger in ("distributed", "distributed.client"):
        logging.getLogger(logger).setLevel(logging.CRITICAL)  # what matters of it becomes an error here
    try:
        scheme, location = parse_address(address)  # a Client with a wrong one complains at the end of the process
        get_backend(scheme)
        parse_host_port(location)
        client = Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"no Dask scheduler answers at {address} ({error})", hint="start one with `dask scheduler`"
        ) from error
    with client:
        if not client.scheduler_info()["workers"]:
            raise ClusterError(
                f"the scheduler at {address} has no worker",
                hint=f"start some with `dask worker {address} --nthreads 1`",
            )
        yield _ClusterExecutor(client)


class _ClusterExecutor(Executor):
    """Submits to a client; a worker that dies again and again breaks the executor, as one of a process pool does."""

    def __init__(self, client: Any) -> None:  # noqa: ANN401 - distributed has no types
        self._executor = client.get_executor(pure=False)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401
        outer: Future[Any] = Future()
        inner = self._executor.submit(_outcome, fn, *args, **kwargs)

        def pass_on(done: Future[Any]) -> None:
            if not outer.set_running_or_notify_cancel():
                return
            if done.cancelled():
                outer.set_exception(BrokenExecutor("the scheduler is gone, or has cancelled the task"))
            elif (error := done.exception()) is None:
                result, raised = done.result()
                if raised is None:
                    outer.set_result(result)
                else:
                    outer.set_exception(raised)
            else:
                killed = type(error).__name__ == "KilledWorker"
                outer.set_exception(BrokenExecutor(str(error)) if killed else error)

        inner.add_done_callback(pass_on)
        outer.add_done_callback(lambda future: inner.cancel() if future.cancelled() else None)
        return outer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002
        self._executor.shutdown(wait=wait and not cancel_futures)


def _outcome(fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> tuple[Any, Exception | None]:  # noqa: ANN401
    """Result, or the error without its causes.

    Dask replaces an error by a plain `Exception` if it cannot unpickle a cause, as it cannot GDAL's.
    """
    try:
        return fn(*args, **kwargs), None
    except Exception as error:  # noqa: BLE001 - passed on
        error.__cause__ = error.__context__ = None
        return None, error.with_traceback(None)
