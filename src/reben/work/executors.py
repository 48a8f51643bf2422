"""Where tasks run: on the workers of a Dask cluster, or in processes of this machine."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from reben.work.cluster import cluster_executor
from reben.work.processes import available_cpus, stop_at_once, worker_pool


@contextmanager
def executor_of(scheduler: str, workers: int, *, preload: str) -> Iterator[Executor]:
    """Workers of a Dask cluster, if there is the address of its scheduler, else processes on this machine.

    Args:
        scheduler: address, such as tcp://10.0.0.1:8786; empty for this machine.
        workers: number of processes on this machine.
        preload: module that they import once.

    Raises:
        ClusterError: if the scheduler cannot be reached or has no worker.
    """
    if scheduler:
        with cluster_executor(scheduler) as executor:
            yield executor
        return
    pool = worker_pool(workers, preload=[preload])
    try:
        yield pool
    except BaseException:
        stop_at_once(pool)  # what was begun can be done again; a tile takes minutes
        raise
    pool.shutdown()


def threads_per_worker(threads: int | None, workers: int, scheduler: str = "") -> int:
    """As many threads as are asked for; else all processors, shared by the workers, and one on a cluster.

    >>> threads_per_worker(3, workers=2), threads_per_worker(None, workers=2, scheduler="tcp://10.0.0.1:8786")
    (3, 1)
    """
    if threads is not None:
        return threads
    return 1 if scheduler else max(1, available_cpus() // workers)
