"""What is to be known of a data set: the entry that its page makes, and that a line of the registry lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from genrelens.data.splits.split import Split
from genrelens.data.track import Track
from genrelens.taxonomy import Taxonomy

Tracks = tuple[Track, ...]


@dataclass(frozen=True, slots=True)
class Music:
    """What a data set's folder holds.

    Attributes:
        tracks: in order of id.
        left_out: pairs of what is there and is not among ``tracks`` (its path or id), and why.
        genres_all: all genres of those tracks that have several, by id; the first is the track's.
        notes: sentences about anything else that was odd.
        lost: genres that were named and have files, none of which can be used.
        passed_over: how many files beside the sound are none, by ending.
        missing: of a published set the ids that have no file.
        left_out_by_all: whether what is left out is so in everybody's copy.
    """

    tracks: Tracks
    left_out: tuple[tuple[str, str], ...] = ()
    genres_all: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    passed_over: Mapping[str, int] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    left_out_by_all: bool = False


@dataclass(frozen=True, slots=True)
class Beside:
    """What lies beside a published set's clips, and what should.

    Attributes:
        pictures: by the id of their clip.
        expected_pictures: the ids of all pictures that were published.
        size_px: width and height of each.
        tables: of descriptors, by name.
        expected_rows: the ids of the rows that were published, by table; one that is not named may be a part.
        lengths_in: the table whose lengths are the clips', in samples at ``sample_rate`` Hz.
        sample_rate: of the clips as published, Hz.
    """

    pictures: Mapping[str, Path]
    expected_pictures: frozenset[str]
    size_px: tuple[int, int]
    tables: Mapping[str, Path]
    expected_rows: Mapping[str, frozenset[str]]
    lengths_in: str
    sample_rate: int


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
        clip_id: the id of a clip by its file's published name; ``None`` for any other name.
        file_name: what its published tables call a track, by its id.
        beside: what lies beside the clips in a folder.
        any_music: whether it takes whatever music there is, so that it is asked last.
    """

    is_it: Callable[[Path], bool]
    load: Callable[[Path], Music]
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
    clip_id: Callable[[str], str | None] = lambda _: None
    file_name: Callable[[str], str] = str
    beside: Callable[[Path], Beside] | None = None
    any_music: bool = False
