"""Tables of descriptors: read, written, computed from sound, and joined with tracks."""

from genrelens.data.features.csv_file import table_to_csv
from genrelens.data.features.extract import extract, extract_files, track_source
from genrelens.data.features.files import read_table, write_table
from genrelens.data.features.join import Joined, join
from genrelens.data.features.names import row_name, split_row_name
from genrelens.data.features.rows_cache import Source
from genrelens.data.features.table import FeatureTable

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
