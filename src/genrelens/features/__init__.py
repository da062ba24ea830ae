"""Arrays computed from tracks and kept: frames, embeddings, tables of descriptors."""

from genrelens.features.extract import Source, extract, extract_files, track_source
from genrelens.features.files import read_table, table_to_csv, write_table
from genrelens.features.table import FeatureTable, Joined, join, row_name, split_row_name

__all__ = [
    "FeatureTable",
    "Joined",
    "Source",
    "extract",
    "extract_files",
    "join",
    "read_table",
    "row_name",
    "split_row_name",
    "table_to_csv",
    "track_source",
    "write_table",
]
