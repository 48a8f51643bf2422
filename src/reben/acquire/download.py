"""Many downloads at a time: each ends complete and verified, or is named with the reason."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock

from reben.acquire.access import MOST_CONNECTIONS, Credentials, Service, Tokens, read_credentials
from reben.acquire.archives import doomed_name, unpack
from reben.acquire.catalogue import Catalogue
from reben.acquire.folder import Outcome, Place, Report, State, find_present
from reben.acquire.options import DownloadOptions
from reben.acquire.products import CatalogueProduct
from reben.acquire.transfer import DownloadSession, fetch, part_size, remove_part
from reben.core.errors import DownloadError, RebenError
from reben.net.requests import open_client
from reben.net.retries import RetryPolicy
from reben.net.stopping import Stop, Stopped
from reben.work import atomic
from reben.work.disk import free_bytes
from reben.work.progress import Advance, Begin, begin_unseen
from reben.work.run_all import as_they_end

_UNPACKED = 1.1
"""Unpacked bytes per byte of a zip file: JPEG 2000 does not shrink any further."""
_SPARE_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Access:
    """The service, and how it is asked."""

    service: Service = field(default_factory=Service)
    credentials: Callable[[], Credentials] = read_credentials
    """Called when the first token is needed."""
    policy: RetryPolicy | None = None
    clock: Callable[[], float] = time.monotonic


def download(
    products: Sequence[CatalogueProduct],
    output: Path,
    options: DownloadOptions,
    access: Access | None = None,
    *,
    start: Begin = begin_unseen,
) -> Report:
    """Download products into a folder; what is there already stays.

    Ctrl-C and SIGTERM end it within moments; the report then names what was stopped, and the same call resumes it.

    Args:
        products: what to download; size and checksums that are missing are looked up in the catalogue.
        output: folder for `<name>.zip`, or `<name>.SAFE`.
        options: what to do.
        access: to the service; by default at the addresses of the environment, with the user's own credentials.
        start: takes the total in bytes and returns the function to tell of each advance.

    Returns:
        what became of each product, as in `download-report.json`.

    Raises:
        DownloadError: if there is too little room for all of them.
        TargetExistsError: if another process is downloading into this folder.
    """
    access = access or Access(Service.from_environment())
    output.mkdir(parents=True, exist_ok=True)
    stop = Stop()
    policy = access.policy or RetryPolicy(sleep=stop.sleep)
    with atomic.locked(output / "download"), open_client(MOST_CONNECTIONS + 1) as client:
        report = Report.read(output)
        catalogue = Catalogue(access.service, client, policy, stop)
        described = [report.described(product) for product in products]
        wanted = _described(described, catalogue, output, thoroughly=options.verify)
        _expect_room(wanted, output, options)
        progress = start(sum(product.size or 0 for product in wanted))
        tokens = Tokens(client, access.service, access.credentials, policy=policy, stop=stop, clock=access.clock)
        session = DownloadSession(client, access.service, tokens, policy, stop, _locked(progress))
        _run(wanted, _Work(output, options, session), report)
    return report


def _described(
    products: Sequence[CatalogueProduct], catalogue: Catalogue, output: Path, *, thoroughly: bool
) -> list[CatalogueProduct]:
    """The products with what the catalogue knows of them; those that lie here whole need not be asked for.

    Raises:
        CatalogueError: if the catalogue does not answer.
    """
    vague = [
        product.name
        for product in products
        if not (product.online and product.size and (product.md5 or product.blake3))
        and (thoroughly or not _lies_in(output, product))
    ]
    known = {found.id: found for group in catalogue.products_named(vague).values() for found in group}
    return [known.get(product.id, product) for product in products]


def _lies_in(output: Path, product: CatalogueProduct) -> bool:
    place = Place.of(product, output)
    return place.has_folder() or place.has_archive()


def _locked(progress: Advance) -> Advance:
    lock = Lock()

    def locked(advance: int) -> None:
        with lock:
            progress(advance)

    return locked


def _expect_room(wanted: Sequence[CatalogueProduct], output: Path, options: DownloadOptions) -> None:
    """Check the disk before the first byte.

    Raises:
        DownloadError: if what is missing does not fit.
    """
    missing = [product for product in wanted if not _lies_in(output, product)]
    sizes = [product.size or 0 for product in missing]
    needed = sum(
        size - min(part_size(Place.of(product, output).archive), size)
        for size, product in zip(sizes, missing, strict=True)
    )
    if options.unpack:  # beside the folders, the zip files that are being unpacked
        needed += int(sum(sizes) * (_UNPACKED - 1)) + sum(sorted(sizes)[-options.parallel :])
    free = free_bytes(output)
    if missing and free < needed + _SPARE_BYTES:
        raise DownloadError(
            f"{output}: has {free / 1e9:,.1f} GB free; {len(missing)} products need {needed / 1e9:,.1f} GB",
            hint="free some room, choose another folder, or download fewer products",
        )


@dataclass(frozen=True, slots=True)
class _Work:
    """What each product needs."""

    output: Path
    options: DownloadOptions
    session: DownloadSession


def _run(wanted: Sequence[CatalogueProduct], work: _Work, report: Report) -> None:
    """Do all, and note each outcome as it comes."""
    with ThreadPoolExecutor(work.options.parallel, thread_name_prefix="download") as executor:
        running: dict[Future[Outcome], CatalogueProduct] = {}
        try:  # from the first thread on: Ctrl-C may come while the others are being started
            for product in wanted:
                running[executor.submit(_bring_to_end, product, work)] = product
            for future in as_they_end(running):
                report.note(future.result())
        except BaseException:  # Ctrl-C and SIGTERM among them
            work.session.stop.stop()
            executor.shutdown(cancel_futures=True)
            for future, product in running.items():
                is_known = not future.cancelled() and future.exception() is None
                report.note(future.result() if is_known else Outcome(product, State.stopped))
            raise


def _bring_to_end(product: CatalogueProduct, work: _Work) -> Outcome:
    """Bring one product to its end, whatever that is."""
    begun = time.perf_counter()
    try:
        outcome = _obtain(Place.of(product, work.output), work)
    except Stopped:
        outcome = Outcome(product, State.stopped, reason="the work was ended")
    except RebenError as error:
        hint = f" ({error.hint})" if error.hint else ""
        outcome = Outcome(product, State.failed, reason=f"{error}{hint}")
    except OSError as error:
        outcome = Outcome(product, State.failed, reason=f"cannot be written: {error.strerror or error}")
        if error.errno in atomic.NO_ROOM:  # the others would fail as well, and leave no room for anybody else
            work.session.stop.stop()
    return replace(outcome, seconds=round(time.perf_counter() - begun, 2))


def _obtain(place: Place, work: _Work) -> Outcome:
    """The product as it should lie here: found, downloaded, unpacked.

    Raises:
        RebenError: why it cannot be had.
        Stopped: if it is over.
    """
    product, check = place.product, work.session.stop.check
    check()
    present = find_present(place, thoroughly=work.options.verify, check=check)
    if present is not None:
        work.session.progress(product.size or 0)
        _remove_remains(place)
        if present.path == place.folder or not work.options.unpack:
            return Outcome(product, State.present, checked=present.checked, path=present.path.name)
        _unpack(place, check)
        return Outcome(product, State.complete, checked=present.checked, path=place.folder.name)
    if not product.online:
        raise DownloadError("offline", hint="order it on the service's web page, and try again in some hours")
    fetched = fetch(product, place.archive, work.session)
    if work.options.unpack:
        _unpack(place, check)
    path = place.folder if work.options.unpack else place.archive
    checked = tuple(fetched.checked)
    return Outcome(
        product, State.complete, bytes=fetched.bytes, retries=fetched.retries, checked=checked, path=path.name
    )


def _remove_remains(place: Place) -> None:
    """Remove what an earlier run did not come to remove, because it was killed."""
    remove_part(place.archive)
    atomic.remove_attempts(place.folder, doomed_name(place.folder))
    if place.has_folder() and place.list.is_file():  # it was unpacked here: the zip file is not needed any more
        place.archive.unlink(missing_ok=True)


def _unpack(place: Place, check: Callable[[], None]) -> None:
    """Make the folder of the zip file, which is not needed any more then."""
    unpack(place.archive, place.folder, note=place.write_list, check=check)
    place.archive.unlink()
