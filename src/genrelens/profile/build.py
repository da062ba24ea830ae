"""A fingerprint whole: everything measured over the tracks, as one value and as its JSON document."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from genrelens.bundle import Bundle
from genrelens.errors import DataError
from genrelens.explanation.parts import band_groups
from genrelens.explanation.sound import front_end_of
from genrelens.features.description import GenreMap, describe, map_or_reason
from genrelens.metrics import Interval
from genrelens.profile import axes as fingerprint_axes
from genrelens.profile import fingerprint
from genrelens.profile.axes import AxesReport
from genrelens.profile.fingerprint import BeatPrint, Confused, Difference, GenrePrint, Typical, confused, typical
from genrelens.profile.heads import MIN_BEAT_CLARITY, HeadRow, head_rows
from genrelens.profile.sound import DESCRIPTORS
from genrelens.profile.track import METHOD, TEMPO, TrackPrint, columns

SCHEMA: Final = "genrelens.fingerprint/1"
SEED: Final = 0
PLAIN: Final = frozenset(
    {TEMPO, *(name for name in DESCRIPTORS if not name.startswith(("mfcc", "chroma_"))), "chroma_flatness"}
)
"""Descriptors that people can hear, and that say why a track was mistaken."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked: the data set, split and part in words, how many tracks there were, and the most of a genre."""

    sample: str
    n_there: int
    per_genre: int
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class MapFound:
    """The t-SNE map, the first two principal components' shares of the variance, and what their axes go with."""

    found: GenreMap
    shares: tuple[float, float]
    contrast: tuple[float, ...]
    axes: AxesReport | None


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """All of it; ``beat`` and ``heads`` are empty without attention, ``mapped`` says why there is no map."""

    model: str
    model_hash: str
    has_attention: bool
    tagger: str
    asked: Asked
    tracks: tuple[TrackPrint, ...]
    left_out: tuple[tuple[str, str], ...]
    genres: tuple[GenrePrint, ...]
    differences: tuple[Difference, ...]
    typical: tuple[Typical, ...]
    confused: tuple[Confused, ...]
    beat: BeatPrint | None
    heads: tuple[HeadRow, ...]
    mapped: MapFound | str

    @property
    def n_tested(self) -> int:
        """Tests in the family that was corrected together."""
        return sum(math.isfinite(row.p) for row in self.differences)

    @property
    def n_seen(self) -> int:
        """Tracks that the model learnt from."""
        return sum(row.seen for row in self.tracks)


def build(
    bundle: Bundle,
    *,
    tagger: Bundle,
    tracks: Sequence[TrackPrint],
    left_out: Sequence[tuple[str, str]],
    asked: Asked,
    stage: Callable[[str], None] | None = None,
) -> Fingerprint:
    """From the tracks' prints to a fingerprint; :class:`DataError` where there are none. Imports scikit-learn."""
    if not tracks:
        why = f", the first because {left_out[0][1]}" if left_out else ""
        raise DataError(f"no track is left to make a fingerprint of{why}; give a part with tracks that can be heard")
    tell = stage or (lambda _: None)
    names, groups = bundle.names, band_groups(front_end_of(bundle))
    its_columns = columns(tagger)
    tell("bands")
    genres = fingerprint.genre_prints(tracks, names=names, groups=groups)
    tell("differences")
    differences = fingerprint.differences(tracks, names=names, columns=its_columns, groups=groups)
    tell("map")
    return Fingerprint(
        model=bundle.name,
        model_hash=bundle.hash,
        has_attention=bundle.has_attention,
        tagger=tagger.name,
        asked=asked,
        tracks=tuple(tracks),
        left_out=tuple(left_out),
        genres=genres,
        differences=differences,
        typical=typical(tracks, names=names),
        confused=confused(
            tracks, names=names, groups=groups, columns=its_columns, tags=tagger.manifest.tags, plain=PLAIN
        ),
        beat=fingerprint.beat_print(tracks),
        heads=head_rows(tracks, seed=SEED),
        mapped=_map(bundle, tracks, tagger=tagger),
    )


def _map(bundle: Bundle, tracks: Sequence[TrackPrint], *, tagger: Bundle) -> MapFound | str:
    values = np.stack([row.embedding for row in tracks])
    described = describe(
        [row.id for row in tracks],
        values,
        tuple(f"embedding{k}" for k in range(values.shape[1])),
        names=bundle.names,
        genres={row.id: row.genre for row in tracks},
        artists={row.id: row.group for row in tracks},
    )
    seen = frozenset(row.id for row in tracks if row.seen)
    found = map_or_reason(described, what=f"the embeddings of {bundle.name}", seen=seen)
    if isinstance(found, str):
        return found
    kept = {id_: i for i, id_ in enumerate(found.mapped.ids)}
    rows = [row for row in tracks if row.id in kept and np.isfinite(row.tags).all()]
    places = found.places[[kept[row.id] for row in rows]]
    components, shares = fingerprint_axes.principal(np.stack([row.embedding for row in rows]))
    tags = np.stack([row.tags for row in rows])
    contrast, _ = fingerprint_axes.words(tags, tagger.manifest.tags)
    by_id = dict(zip((row.id for row in rows), contrast[:, 0].tolist(), strict=True))
    return MapFound(
        found,
        (float(shares[0]), float(shares[1])),
        tuple(by_id.get(id_, float("nan")) for id_ in found.mapped.ids),
        fingerprint_axes.axes_report(
            {"t-SNE axis": places, "principal component": components},
            tags=tags,
            tag_names=tagger.manifest.tags,
            genres=[row.genre for row in rows],
            groups=[row.group for row in rows],
            seed=SEED,
        ),
    )


def document(found: Fingerprint) -> dict[str, Any]:
    """The JSON document; numbers that are not known are null. Of the differences it holds those that were found."""
    whole: dict[str, Any] = {
        "schema": SCHEMA,
        "model": {"name": found.model, "hash": found.model_hash, "attention": found.has_attention},
        "tags_by": found.tagger,
        "method": METHOD,
        "sample": asdict(found.asked),
        "n_tracks": len(found.tracks),
        "n_artists": len({row.group for row in found.tracks}),
        "n_seen": found.n_seen,
        "left_out": [{"id": id_, "why": why} for id_, why in found.left_out],
        "genres": [
            {
                **{key: getattr(row, key) for key in ("genre", "n_tracks", "n_artists", "n_seen", "n_right")},
                "agreement": row.agreement,
                "bands": [
                    {"low_hz": band.low_hz, "high_hz": band.high_hz, **interval(band.score)} for band in row.bands
                ],
            }
            for row in found.genres
        ],
        "tests": {
            "family": "every descriptor of every genre, in both comparisons",
            "n": found.n_tested,
            "n_found": sum(row.is_found for row in found.differences),
            "false_discovery_rate": fingerprint.LEVEL,
        },
        "findings": [_finding(row) for row in found.differences if row.is_found],
        "typical": [asdict(row) for row in found.typical],
        "confused": [asdict(row) for row in found.confused],
        "beat": None if found.beat is None else _beat(found.beat),
        "heads": [asdict(row) for row in found.heads],
        "map": _map_json(found.mapped),
    }
    plain: dict[str, Any] = _plain(whole)
    return plain


def interval(found: Interval) -> dict[str, float]:
    """``value``, ``low`` and ``high``."""
    return {"value": found.value, "low": found.low, "high": found.high}


def _finding(row: Difference) -> dict[str, Any]:
    return {
        key: getattr(row, key)
        for key in ("what", "genre", "descriptor", "size", "difference", "q", "n_tracks", "n_artists", "n_others")
    }


def _beat(found: BeatPrint) -> dict[str, Any]:
    return {
        "min_clarity": MIN_BEAT_CLARITY,
        "n_tracks": found.n_tracks,
        "n_artists": found.n_artists,
        "n_unclear": found.n_unclear,
        "token_s": found.token_s,
        "phases": [interval(phase) for phase in found.phases],
        "on_beat": interval(found.on_beat),
    }


def _map_json(found: MapFound | str) -> dict[str, Any]:
    if isinstance(found, str):
        return {"missing": found}
    axes = found.axes
    return {
        "variance_shares": found.shares,
        "neighbour_agreement": found.found.agreement,
        "neighbour_agreement_other_artists": found.found.agreement_elsewhere,
        "axes": None
        if axes is None
        else {
            "n_tracks": axes.n_tracks,
            "n_artists": axes.n_artists,
            "tests": [asdict(row) for row in axes.tests],
            "best_directions": [asdict(row) for row in axes.directions],
            "most_telling_tags": dict(axes.telling),
            "rank_of_the_contrast_among_all_tags": dict(axes.contrast_rank),
        },
    }


def _plain(value: Any) -> Any:
    """Floats with five digits that count, NaN as null."""
    if isinstance(value, float):
        return None if math.isnan(value) else float(f"{value:.5g}")
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
