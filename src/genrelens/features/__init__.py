"""Arrays computed from tracks and kept: frames, embeddings, tables of descriptors."""

from genrelens.features.csv_file import table_to_csv
from genrelens.features.extract import Source, extract, extract_files, track_source
from genrelens.features.files import read_table, write_table
from genrelens.features.join import Joined, join
from genrelens.features.names import row_name, split_row_name
from genrelens.features.table import FeatureTable

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
