"""What is to be known of a data set: the entry that its page makes, and that a line of the registry lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from genrelens.data.own_music.tracks import OwnMusic
from genrelens.data.splits.split import Split
from genrelens.data.track import Track
from genrelens.taxonomy import Taxonomy

Tracks = tuple[Track, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """An archive: ``folder`` is what it unpacks to, ``sum`` its checksum (algorithm, hex digits) where one is
    published, ``max_bytes`` more than it can unpack to, ``size`` in words, ``licence`` what may be done with it.
    """

    name: str
    url: str
    archive: str
    folder: str
    size: str
    max_bytes: int
    licence: str
    sum: tuple[str, str] | None = None
    elsewhere: str = ""

    def by_hand(self, out: str) -> str:
        """What to do where the source is dead."""
        how = f" and check it ({self.sum[0]}sum: {self.sum[1]})" if self.sum else ""
        return (
            f"By hand: get {self.archive} ({self.size}) with a browser from {self.url}{self.elsewhere}{how}, unpack it "
            f"so that there is a folder {out}/{self.folder}, and run genrelens data check {out}"
        )


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set. Only the first three have to be said.

    Attributes:
        is_it: whether a folder holds it.
        load: its tracks in a folder, and what is not among them.
        expects: what a folder of it holds, in words.
        title: what people call it; empty for people's own music.
        taxonomy: its genres in class order; ``None``: those that its tracks have, in alphabetical order.
        splits: the names of its own splits, the usual one first.
        split: a split by name, of all its tracks.
        published_split: the split that leakage is shown beside.
        never_train: ids that are known to be faulty.
        sources: where it can be fetched.
        by_hand: what to say of what cannot be fetched.
        pictures: pictures of clips as tracks, in a folder.
        segments: the segments of tracks that its splits by segments are about.
        clips_of_rows: tracks without sound, of the ids of a published table's rows.
        file_name: what its published tables call a track, by its id.
        any_music: whether it takes whatever music there is, so that it is asked last.
    """

    is_it: Callable[[Path], bool]
    load: Callable[[Path], OwnMusic]
    expects: str
    title: str = ""
    taxonomy: Taxonomy | None = None
    splits: tuple[str, ...] = ()
    split: Callable[[str, Tracks], Split] | None = None
    published_split: str | None = None
    never_train: Callable[[], frozenset[str]] = frozenset
    sources: tuple[Source, ...] = ()
    by_hand: str = ""
    pictures: Callable[[Path | str | None], Tracks] | None = None
    segments: Callable[[Iterable[Track]], Tracks] | None = None
    clips_of_rows: Callable[[Iterable[str]], Tracks] | None = None
    file_name: Callable[[str], str] = str
    any_music: bool = False
