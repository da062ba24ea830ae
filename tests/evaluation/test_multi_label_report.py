"""The report on models that give a track several genres, and the evaluation that makes it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from genrelens.data.track import Track, labels_of
from genrelens.errors import AudioError, DataError, SeenTracksError, TaxonomyError
from genrelens.evaluation.evaluate import evaluate_multi_label
from genrelens.evaluation.multi_label import build_multi_label_report
from genrelens.evaluation.report import Subject
from genrelens.taxonomy import Taxonomy

NAMES = ("a", "b", "c")


def report(probabilities: Any, labels: Any, **more: Any) -> Any:
    n = len(labels)
    artists = more.pop("artists", [f"artist {i // 2}" for i in range(n)])
    tracks = []
    for i, (row, artist) in enumerate(zip(labels, artists, strict=True)):
        genres = tuple(name for name, has_it in zip(NAMES, row, strict=True) if has_it)
        tracks.append(Track(f"t{i}", Path("x"), genres[0], artist, "d", genres=genres[: 9 * (len(genres) > 1)]))
    own = {key: more.pop(key) for key in ("experimental", "notes") if key in more}
    given: dict[str, Any] = {
        "labels": labels_of(tracks, taxonomy=Taxonomy(NAMES)),
        "tracks": tracks,
        "of": Subject("m", "-", "d", NAMES, part="p", **own),
        "n_resamples": 50,
    }
    return build_multi_label_report(np.array(probabilities, dtype=np.float64), **(given | more))


def test_figures_in_closed_form() -> None:
    labels = [[1, 0, 0], [1, 1, 0], [0, 1, 0], [1, 1, 0]]
    probabilities = [[0.9, 0.1, 0.1], [0.8, 0.4, 0.2], [0.6, 0.7, 0.2], [0.2, 0.3, 0.3]]
    found = report(probabilities, labels)
    a, b, c = found.genres
    assert (a.precision.value, a.recall.value, a.f1.value) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert (b.precision.value, b.recall.value, b.f1.value) == pytest.approx((1.0, 1 / 3, 1 / 2))
    assert (a.average_precision.value, b.average_precision.value) == pytest.approx(((1 + 1 + 3 / 4) / 3, 1.0))
    assert np.isnan([c.average_precision.value, c.f1.value, c.recall.value]).all()  # nothing to be found
    assert found.micro_f1.value == pytest.approx(2 * 3 / (4 + 6))
    assert found.macro_f1.value == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert found.subset_accuracy.value == pytest.approx(1 / 4)
    assert (found.undecided, found.share) == pytest.approx((1 / 4, 6 / 12))
    assert (found.n_genres_a_track, found.n_said_a_track, found.n_artists) == (1.5, 1.0, 2)
    assert (a.n_tracks, a.n_artists, c.n_tracks) == (3, 2, 0)
    assert np.isnan(a.f1.low)  # two artists give no interval
    assert found.tracks[2].said == ("a", "b")
    assert found.tracks[2].genres == ("b",)


def test_intervals_are_over_artists_an_unknown_one_alone() -> None:
    rng = np.random.default_rng(0)
    labels = rng.random((60, 3)) < 0.5
    labels[:, 0] |= ~labels.any(axis=1)
    probabilities = 0.3 * labels + 0.7 * rng.random((60, 3))
    found = report(probabilities, labels, artists=[None] * 60, n_resamples=200)
    assert found.n_artists == 60
    for figure in (found.mean_average_precision, found.micro_f1, found.subset_accuracy):
        assert figure.low < figure.value < figure.high


def test_the_forms_say_what_cannot_be_measured_and_who_has_no_answer() -> None:
    found = report([[0.9, 0.1, 0.1]] * 4, [[1, 0, 0]] * 4, failed=[("x", "silent")], experimental=["b"])
    document = json.loads(found.to_json())
    assert document["schema"] == "genrelens.multi-label-report/1"
    assert document["genres"][2]["f1"]["value"] is None
    assert document["failed"] == [["x", "silent"]]
    text = found.to_text()
    assert "b *" in text
    assert "Without an answer (1)\n- x: silent" in text
    assert "only 2 artists" in text


def test_nothing_or_what_does_not_fit_is_refused() -> None:
    with pytest.raises(DataError, match="expected probabilities of 3 genres"):
        report(np.zeros((0, 3)), np.zeros((0, 3)))
    with pytest.raises(DataError, match="expected probabilities of 3 genres"):
        report([[0.1, 0.2]], [[1, 0, 0]])


# evaluate


class Model:
    """Answers "a" and "b" for every file, and fails for those called lost."""

    hash = "0" * 12
    manifest = SimpleNamespace(
        name="m",
        taxonomy=Taxonomy(NAMES),
        experimental=(),
        training=SimpleNamespace(trained_on=("old",), stopped_on=()),
    )

    def predict(self, source: Path, /, *, sample_rate: int | None = None) -> Any:
        if source.name == "lost":
            raise AudioError("it is lost", code="missing")
        probabilities = np.array([0.9, 0.8, 0.1])
        silent = source.name == "silent"
        return SimpleNamespace(
            genre=None if silent else "a",
            guess=None if silent else "a",
            probabilities=probabilities * (np.nan if silent else 1),
            abstained=silent,
            reason="silence" if silent else None,
            notes=(),
        )


def track(id_: str, *genres: str) -> Track:
    return Track(id_, Path(id_), genres[0], None, "test", genres=genres if len(genres) > 1 else ())


def test_every_genre_of_a_track_counts() -> None:
    done: list[int] = []
    tracks = [track("x", "a", "b"), track("y", "c"), track("lost", "a"), track("silent", "b")]
    found = evaluate_multi_label(Model(), tracks, progress=lambda k, n: done.append(k))  # type: ignore[arg-type]
    assert [t.genres for t in found.tracks] == [("a", "b"), ("c",)]
    assert found.subset_accuracy.value == 0.5
    assert found.failed == (("lost", "it is lost"), ("silent", "no guess: silence"))
    assert done == [0, 1, 2, 3, 4]


def test_what_an_evaluation_refuses() -> None:
    model: Any = Model()
    with pytest.raises(TaxonomyError, match="genres that the model 'm' does not know: z"):
        evaluate_multi_label(model, [track("x", "a", "z")])
    with pytest.raises(SeenTracksError):
        evaluate_multi_label(model, [track("old", "a")])
    with pytest.raises(DataError, match="at least one track"):
        evaluate_multi_label(model, [])
    with pytest.raises(DataError, match="no track has an answer, the first is lost"):
        evaluate_multi_label(model, [track("lost", "a")])
