"""mn04's released weights, fetched or given, made once into the graph that is read afterwards, in the user's folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from genrelens.bundle.mn04 import RELEASED_SHA256, SETTINGS, SOURCE, WINDOW, Mn04, graph_path
from genrelens.data.fetch.downloads import Progress, download, file_digest
from genrelens.errors import BundleError, DataError, check_extra
from genrelens.files import write_whole

MAX_BYTES: Final = 16 << 20
"""Of a download; the released file has 4,066,513."""


@dataclass(frozen=True, slots=True)
class Release:
    """A file that its authors released: where it is, its name and its SHA-256."""

    url: str
    name: str
    sha256: str


MN04: Final = Release(
    "https://github.com/fschmid56/EfficientAT/releases/download/v0.0.1/mn04_as_mAP_432.pt",
    "mn04_as_mAP_432.pt",
    RELEASED_SHA256,
)
"""EfficientAT v0.0.1, MIT licence."""


def fetch_mn04(
    given: Path | None = None, *, release: Release = MN04, progress: Progress | None = None, wait_s: float = 2.0
) -> Path:
    """Make the graph of mn04 in the user's folder, if it is not there, and return its path.

    ``given`` is the released file, if it is at hand; otherwise it is downloaded beside the graph, and stays there. A
    call that was stopped is gone on with by the same call. Raises :class:`MissingExtraError` without torch and onnx;
    :class:`DataError` where the folder cannot be written or the file cannot be had, or has another digest;
    :class:`BundleError` for a file that is not the released one.
    """
    check_extra("torch", "onnx", "onnxscript", needed_for="making a graph of released weights", extra="pretrained")
    target = _writable_graph_path()
    if _is_made(target, release):
        return target
    source = given or target.with_name(release.name)
    if given is None and not _is_released(source, release):
        by_hand = f"Get {release.name} by other means and give its path: genrelens weights fetch plus {release.name}"
        download(
            release.url,
            source,
            checksum=("sha256", release.sha256),
            max_bytes=MAX_BYTES,
            by_hand=by_hand,
            progress=progress,
            wait_s=wait_s,
        )
    convert(source, target, release=release)
    return target


def convert(source: Path, target: Path, *, release: Release = MN04) -> None:
    """Write the graph of a released file, whole or not at all.

    The digest is looked at before the content is, and no code in it is run. Raises :class:`BundleError` where the
    digest is another or the weights are not mn04's, :class:`DataError` where ``target`` cannot be written.
    """
    from genrelens.models import mn04
    from genrelens.models.released import check_table, read_table
    from genrelens.training.export import tagger_onnx

    if not source.is_file():
        raise BundleError(f"{source}: there is no such file; {release.name} is to be had from {release.url}")
    again = f"get it again from {release.url}"
    table, sha256 = read_table(source, name=release.name, sha256_begins=release.sha256, again=again)
    weights = {name: value for name, value in table.items() if not mn04.is_counter(str(name))}
    check_table(weights, shapes=mn04.shapes(), network="mn04", where=str(source))
    graph = tagger_onnx(
        mn04.with_weights(weights),
        n_frames=WINDOW.n_frames,
        n_bands=SETTINGS.n_bands,
        said={SOURCE: sha256, "origin": f"EfficientAT, {release.name}, MIT licence (c) 2022 Florian Schmid"},
    )
    try:
        write_whole(target, graph)
    except OSError as error:
        raise DataError(f"{target}: cannot be written: {error.strerror or error}") from error


def _writable_graph_path() -> Path:
    try:
        target = graph_path()
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"the folder for weights, {str(error.filename or '~')!r}, cannot be made: {error.strerror or error}",
            code="no_room",
            hint="name a folder that can be written in the environment variable XDG_DATA_HOME",
        ) from error
    return target


def _is_released(source: Path, release: Release) -> bool:
    return source.is_file() and file_digest(source, "sha256") == release.sha256


def _is_made(target: Path, release: Release) -> bool:
    """Whether the graph is there, and of these weights."""
    try:
        return Mn04.load(target).source_sha256 == release.sha256
    except BundleError:
        return False
