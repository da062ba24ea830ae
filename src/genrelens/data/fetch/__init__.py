"""Getting public data sets: downloads that go on where they stopped, checked before they are believed."""

from genrelens.data.fetch.archives import unpack
from genrelens.data.fetch.downloads import download
from genrelens.data.fetch.fetching import Fetched, fetch
from genrelens.data.fetch.manifest import FetchedFile, manifest_path, manifests, read_manifest
from genrelens.data.fetch.sources import SOURCES, Source

__all__ = [
    "SOURCES",
    "Fetched",
    "FetchedFile",
    "Source",
    "download",
    "fetch",
    "manifest_path",
    "manifests",
    "read_manifest",
    "unpack",
]
