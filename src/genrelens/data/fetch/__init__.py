"""Getting public data sets: downloads that go on where they stopped, checked before they are believed."""

from genrelens.data.dataset import Source
from genrelens.data.fetch.archives import unpack
from genrelens.data.fetch.downloads import download
from genrelens.data.fetch.fetching import SOURCES, Fetched, FetchedFile, fetch, manifest_path, manifests, read_manifest

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
