"""Which tracks train, which stop the training, which test it: a file with a version and a history, and it in numbers.

A split refuses what it does not admit. Tracks of one artist, repeats of one recording or segments of one track
on both sides make a genre classifier look better than it is (Sturm, "The GTZAN dataset: its contents, its
faults, their effects on evaluation, and its future use", arXiv 1306.1461), so an overlap is an error unless
the split declares it in ``leaks``.
"""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from genrelens.data.track import Track, in_one_form
from genrelens.errors import DataError, SplitError
from genrelens.files import no_device
from genrelens.schema import decode, encode

SCHEMA: Final = 1
LEAKS: Final[Mapping[str, str]] = {
    "segments": "segments of one track may stand in more than one part",
    "duplicates": "known repeats of one recording may stand in more than one part",
    "artists": "tracks of one artist may stand in more than one part",
}
"""The overlaps that a split may declare, and what each allows."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """A split's file, field by field."""

    kind: str
    schema: int
    name: str
    version: int
    leaks: tuple[str, ...]
    provenance: str
    parts: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Overlap:
    """One thing that stands in more than one part: ``kind`` is a key of :data:`LEAKS`, ``what`` the id,
    recording or artist, ``parts`` the names of the parts it stands in.
    """

    kind: str
    what: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """Named parts of a data set, as ids.

    ``parts`` maps a part's name ("train", "valid", "test", ...) to its ids; ``leaks`` are the keys of
    :data:`LEAKS` that the split admits; ``provenance`` says in words where it comes from. Raises
    :class:`SplitError` when made with a repeated id, an unknown leak, or one id in two parts without the leak
    "segments"; :meth:`check` does the same for segments of one track, repeats and artists, which only the tracks know.
    """

    name: str
    version: int
    parts: Mapping[str, tuple[str, ...]]
    leaks: frozenset[str] = frozenset()
    provenance: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", {name: tuple(ids) for name, ids in self.parts.items()})
        object.__setattr__(self, "leaks", frozenset(self.leaks))
        if not self.name or not self.parts:
            raise SplitError(f"a split needs a name and at least one part, got {self.name!r} and {list(self.parts)}")
        if self.version < 1:
            raise SplitError(f"split {self.name!r}: versions count from 1, got {self.version}")
        if unknown := sorted(self.leaks - LEAKS.keys()):
            raise SplitError(f"split {self.name!r} declares unknown leaks {unknown}; known words: {', '.join(LEAKS)}")
        for part, ids in self.parts.items():
            if not part or "+" in part:
                raise SplitError(f"split {self.name!r}: a part's name must be non-empty and without '+', got {part!r}")
            if repeated := [id_ for id_, count in Counter(ids).items() if count > 1 or not id_]:
                raise SplitError(f"split {self.name!r}, part {part!r}: empty or repeated ids: {_some(repeated)}")
        self._refuse(_in_several(_places(self.parts, None), "segments"))

    def ids(self, part: str) -> tuple[str, ...]:
        """The ids of a part, in the split's order; ``"train+valid"`` joins parts (an id in both once)."""
        ids: dict[str, None] = {}
        for name in part.split("+"):
            if name not in self.parts:
                raise SplitError(
                    f"split {self.name!r} has no part {name!r}; its parts: {', '.join(self.parts)} (join them with '+')"
                )
            ids.update(dict.fromkeys(self.parts[name]))
        return tuple(ids)

    @property
    def all_but_test(self) -> str:
        """The parts that may be looked at, as one: ``"train+valid"``; where all is test, that."""
        parts = [name for name in self.parts if name != "test" and self.parts[name]]
        return "+".join(parts or list(self.parts))

    def part(self, tracks: Iterable[Track], name: str, *, allow_missing: bool = True) -> tuple[Track, ...]:
        """The tracks of a part, in the split's order; ``"train+valid"`` joins parts.

        The tracks are checked first (:meth:`check`). Ids that no track has are left out, or refused with
        ``allow_missing=False``; a part of which nothing is there is always a :class:`SplitError`.
        """
        tracks = tuple(tracks)
        wanted = self.ids(name)
        self.check(tracks)
        by_id = {track.id: track for track in tracks}
        found = tuple(by_id[id_] for id_ in wanted if id_ in by_id)
        missing = [id_ for id_ in wanted if id_ not in by_id]
        if missing and (not found or not allow_missing):
            raise SplitError(
                f"split {self.name!r}, part {name!r} expects {len(wanted)} tracks, of which {len(missing)} "
                f"are missing: {_some(missing)}. Check that the data set is complete and is the one that the "
                "split was made for"
            )
        return found

    def overlaps(self, tracks: Iterable[Track]) -> tuple[Overlap, ...]:
        """All that stands in more than one part, declared or not, as far as ``tracks`` know it."""
        by_id = _by_id(tracks, name=self.name)
        wholes = {id_: track.whole for id_, track in by_id.items()}
        wholes = {id_: wholes.get(id_, id_) for ids in self.parts.values() for id_ in ids}
        artists = {id_: track.artist for id_, track in by_id.items()}
        recordings = {id_: track.recording for id_, track in by_id.items()}
        return (
            *_in_several(_places(self.parts, wholes), "segments"),
            *_in_several(_places(self.parts, recordings), "duplicates"),
            *_in_several(_places(self.parts, artists), "artists"),
        )

    def check(self, tracks: Iterable[Track]) -> None:
        """Raise :class:`SplitError` if segments of one track, repeats or artists overlap undeclared."""
        self._refuse(self.overlaps(tracks))

    def _refuse(self, overlaps: Sequence[Overlap]) -> None:
        for kind, what in (
            ("segments", "segments of one track"),
            ("duplicates", "repeats of one recording"),
            ("artists", "artists"),
        ):
            found = [f"{o.what} ({', '.join(o.parts)})" for o in overlaps if o.kind == kind]
            if found and kind not in self.leaks:
                raise SplitError(
                    f"split {self.name!r} has {what} in more than one part and does not declare it: "
                    f"{_some(found)}. Move them to one side, or add {kind!r} to the split's leaks so that "
                    "every report says so",
                    code="undeclared_leak",
                )

    def to_json(self) -> str:
        """The split as JSON text with a schema version; :meth:`from_json` reads it back equal."""
        kept = (self.name, self.version, tuple(sorted(self.leaks)), self.provenance, dict(self.parts))
        return json.dumps(encode(_Stored("genrelens split", SCHEMA, *kept)), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str, *, source: str = "the split") -> Split:
        """Read what :meth:`to_json` wrote; errors call it ``source``. Raises :class:`SplitError`."""
        try:
            document: Any = json.loads(text)
            # Half of a pair of characters ("\ud800") could not be written again.
            json.dumps(document, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            raise SplitError(f"{source} is not valid JSON: {error}") from error
        if not isinstance(document, dict) or document.get("kind") != "genrelens split":
            raise SplitError(f'{source} is not a split: expected a JSON object with "kind": "genrelens split"')
        if (schema := document.get("schema")) != SCHEMA or isinstance(schema, bool):
            raise SplitError(
                f"{source} has schema {schema!r}, this genrelens reads schema {SCHEMA}; update genrelens or "
                "make it again"
            )
        try:
            stored: _Stored = decode(_Stored, document, where=source)
        except DataError as error:
            raise SplitError(str(error)) from error
        called = in_one_form(id_ for ids in stored.parts.values() for id_ in ids)
        parts = {name: tuple(called[id_] for id_ in ids) for name, ids in stored.parts.items()}
        return cls(stored.name, stored.version, parts, frozenset(stored.leaks), stored.provenance)

    @classmethod
    def read(cls, path: Path | str) -> Split:
        """Read a split from a JSON file. Raises :class:`SplitError` when that fails or is not a split."""
        try:
            text = no_device(Path(path)).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SplitError(f"the split file {str(path)!r} cannot be read: {error}") from error
        return cls.from_json(text, source=f"the split file {str(path)!r}")


def _by_id(tracks: Iterable[Track], *, name: str) -> dict[str, Track]:
    by_id: dict[str, Track] = {}
    for track in tracks:
        other = by_id.setdefault(track.id, track)
        if other != track:
            raise SplitError(
                f"split {name!r} cannot tell two tracks with the id {track.id!r} apart: {str(other.path)!r} "
                f"and {str(track.path)!r}; give each track of a data set an id of its own"
            )
    return by_id


def _places(parts: Mapping[str, tuple[str, ...]], key: Mapping[str, str | None] | None) -> dict[str, list[str]]:
    """What stands where: an id's key (without ``key`` the id) -> names of parts; ``None`` is left out."""
    places: dict[str, list[str]] = {}
    for part, ids in parts.items():
        for id_ in ids:
            what = id_ if key is None else key.get(id_)
            if what is not None and part not in places.setdefault(what, []):
                places[what].append(part)
    return places


def _in_several(places: Mapping[str, list[str]], kind: str) -> tuple[Overlap, ...]:
    return tuple(Overlap(kind, what, tuple(parts)) for what, parts in places.items() if len(parts) > 1)


def _some(items: Sequence[str], *, n: int = 5) -> str:
    rest = f" and {len(items) - n} more" if len(items) > n else ""
    return ", ".join(items[:n]) + rest


def summary(split: Split, tracks: tuple[Track, ...]) -> dict[str, Any]:
    """The numbers as JSON values; ``n_here`` counts the ids of a part that are ``tracks``, or segments of them."""
    here = {track.id for track in tracks}
    wholes = {track.whole for track in tracks}
    of_segments = "segments" in split.leaks
    return {
        "name": split.name,
        "version": split.version,
        "parts": {
            part: {
                "n": len(ids),
                "n_here": sum((id_.rpartition(".")[0] in wholes) if of_segments else (id_ in here) for id_ in ids),
            }
            for part, ids in split.parts.items()
        },
        "leaks": sorted(split.leaks),
        "provenance": split.provenance,
    }


def summary_text(row: dict[str, Any]) -> str:
    """The same for people."""
    parts = ", ".join(f"{part} {size['n_here']:,} of {size['n']:,}" for part, size in row["parts"].items())
    leaks = f"LEAKS {', '.join(row['leaks'])}" if row["leaks"] else "leaks nothing that is known"
    about = textwrap.fill(row["provenance"], 100, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
    return f"{row['name']} (version {row['version']}), {leaks}\n  here: {parts}\n{about}"
