"""All catalogue records of a data set, into one folder."""

from collections.abc import Callable, Sequence
from pathlib import Path

from reben.describe.citation import CITATION_FILE, citation_of
from reben.describe.croissant import CROISSANT_FILE, croissant_of
from reben.describe.data_card import CARD_FILE, ViewerConfig, card_of
from reben.describe.datacite import DATACITE_FILE, datacite_of, missing_for_datacite
from reben.describe.facts import DatasetFacts, expect_patches, facts_of_dataset
from reben.describe.files import DescribedFile, described, of_part, write_json_record
from reben.describe.geotable import write_geotable
from reben.describe.options import RecordOptions
from reben.describe.stac import COLLECTION_FILE, ITEMS_FILE, collection_of
from reben.describe.stac_items import write_items
from reben.io.dataset.metadata import write_metadata
from reben.work import atomic

TABLE_FILE = "patches.parquet"
RECORD_FILES = (
    TABLE_FILE,
    COLLECTION_FILE,
    ITEMS_FILE,
    CROISSANT_FILE,
    DATACITE_FILE,
    CITATION_FILE,
    CARD_FILE,
)
"""All that `write_records` may write."""
_TABLE_CONFIG = ViewerConfig("patches", {"patches": TABLE_FILE})


def _silent(_: str) -> None:
    pass


def write_records(
    data: Path,
    folder: Path,
    options: RecordOptions,
    files: Sequence[DescribedFile] = (),
    *,
    configs: Sequence[ViewerConfig] = (),
    store: Path | None = None,
    tell: Callable[[str], None] = _silent,
) -> list[DescribedFile]:
    """Write records of a data set; those of an earlier call are replaced, all else in the folder is left alone.

    Written are `patches.parquet` (all metadata tables as one, with footprints), `collection.json` and `items.parquet`
    (STAC), `croissant.json`, `datacite.json`, `CITATION.cff` and `README.md` (the data card). What cannot be said
    truly is not written, and the reason told: no footprints without places, no DataCite record without authors.

    Args:
        data: data folder, or data set in the published layout.
        folder: where the records go; it is made if it does not exist.
        options: what the publisher says.
        files: of the release, with paths relative to `folder`; they decide what records say there is.
        configs: tables that the hub's viewer shows before that of the patches.
        store: as it is published, in files of other sizes perhaps; by default that of the data folder.
        tell: called with a line for each record that is left out.

    Returns:
        the files written, each with its SHA-256.

    Raises:
        MetadataError: if a table is wrong, there is no patch, or the options do not fit the data.
        StoreError: if the store is damaged.
    """
    facts = facts_of_dataset(data, options, files, store=store)
    expect_patches(facts)
    folder.mkdir(parents=True, exist_ok=True)
    for name in RECORD_FILES:
        (folder / name).unlink(missing_ok=True)
    written = [_write_table(folder, facts, tell)]
    written += _write_stac(folder, facts, [*files, *written], tell)
    named = [*of_part(files, "s2", "s1", "maps", "store", "images", "metadata"), *written]
    write_json_record(folder / CROISSANT_FILE, croissant_of(facts, named, table=TABLE_FILE))
    written.append(described(folder, CROISSANT_FILE, "record"))
    record = datacite_of(facts, nbytes=sum(file.nbytes for file in files))
    if record is None:
        tell(f"note: {DATACITE_FILE} is not written: it needs {', '.join(missing_for_datacite(facts))}")
    else:
        write_json_record(folder / DATACITE_FILE, record)
        written.append(described(folder, DATACITE_FILE, "record"))
    citation = citation_of(facts)
    if citation is None:
        tell(f"note: {CITATION_FILE} is not written: it needs --author")
    else:
        atomic.write_text(folder / CITATION_FILE, citation)
        written.append(described(folder, CITATION_FILE, "record"))
    card = card_of(facts, [*files, *written], [*configs, _TABLE_CONFIG])
    atomic.write_text(folder / CARD_FILE, card)
    return [*written, described(folder, CARD_FILE, "record")]


def _write_table(folder: Path, facts: DatasetFacts, tell: Callable[[str], None]) -> DescribedFile:
    """All metadata tables as one, with footprints if it is known where the patches lie."""
    if facts.patches.footprints is None:
        tell(f"note: {TABLE_FILE} has no footprints: {facts.patches.unplaced}")
        write_metadata(folder / TABLE_FILE, facts.patches.table)
    else:
        write_geotable(folder / TABLE_FILE, facts.patches)
    return described(folder, TABLE_FILE, "metadata")


def _write_stac(
    folder: Path, facts: DatasetFacts, files: Sequence[DescribedFile], tell: Callable[[str], None]
) -> list[DescribedFile]:
    """Collection and items, as far as they can be written."""
    collection = collection_of(facts, files)
    if collection is None:
        tell(
            f"note: {COLLECTION_FILE} and {ITEMS_FILE} are not written: it is not known when and where the patches are"
        )
        return []
    if not write_items(folder / ITEMS_FILE, facts, collection):
        tell(f"note: {ITEMS_FILE} is not written: it needs times in the names of all patches, and images")
        collection["links"] = [link for link in collection["links"] if link["rel"] != "items"]
        del collection["assets"][ITEMS_FILE]
        write_json_record(folder / COLLECTION_FILE, collection)
        return [described(folder, COLLECTION_FILE, "record")]
    write_json_record(folder / COLLECTION_FILE, collection)
    return [described(folder, name, "record") for name in (COLLECTION_FILE, ITEMS_FILE)]
