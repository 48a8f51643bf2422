"""Pools of worker processes that end with their work, with Ctrl-C, and with a main process that is killed."""

import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import active_children, get_context, parent_process
from typing import Any


def available_cpus() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0))


def worker_pool(
    workers: int,
    *,
    preload: Sequence[str] = (),
    initializer: Callable[..., None] | None = None,
    initargs: tuple[Any, ...] = (),
) -> ProcessPoolExecutor:
    """A pool whose workers are started by a server process, so that no lock of a thread is copied into them.

    Args:
        workers: number of processes.
        preload: modules that the server imports once for all workers.
        initializer: called in each worker when it starts.
        initargs: its arguments.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload(["__main__", "reben.work.quiet_start", *preload])
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker, initargs=(initializer, initargs))


def stop_at_once(pool: ProcessPoolExecutor) -> None:
    """End a pool without waiting for what its workers are doing; what they have begun must be worth nothing."""
    for child in active_children():
        child.kill()
    pool.shutdown(cancel_futures=True)


def _start_worker(initializer: Callable[..., None] | None, initargs: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's business
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if initializer is not None:
        initializer(*initargs)


def _end_with_parent() -> None:
    """End this worker if the main process is killed; it would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
