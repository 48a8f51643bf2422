"""The encoded data set: an LMDB whose values are safetensors byte strings, one tensor per band.

`Store` reads, `create_store` writes. Keys are patch ids, Sentinel-1 names, and `<patch id>_reference_map`.

Source: reBEN paper, section II.C; values as the original converter writes them.
"""

from reben.io.store.maps import SHARDS_FILE, is_store, shard_name
from reben.io.store.merge import merge_stores
from reben.io.store.reader import Store, StorePlace, open_store
from reben.io.store.values import (
    DATA_FILE,
    REFERENCE_MAP_TENSOR,
    Layout,
    TensorSpec,
    header,
    parse_header,
    reference_map_key,
)
from reben.io.store.writer import StoreWriter, create_store, resume_store

__all__ = [
    "DATA_FILE",
    "REFERENCE_MAP_TENSOR",
    "SHARDS_FILE",
    "Layout",
    "Store",
    "StorePlace",
    "StoreWriter",
    "TensorSpec",
    "create_store",
    "header",
    "is_store",
    "merge_stores",
    "open_store",
    "parse_header",
    "reference_map_key",
    "resume_store",
    "shard_name",
]
