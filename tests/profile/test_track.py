"""From a sound file to a track's print, with the model of tests/tiny_model.py, whose answers are known."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import soundfile

import tiny_model
from explain_toys import hum_and_hiss
from genrelens.bundle import Bundle
from genrelens.data import Track
from genrelens.errors import BundleError, DataError, TaxonomyError
from genrelens.explanation.hearing import Hearing
from genrelens.explanation.methods.scoring import score
from genrelens.explanation.sound import check_several
from genrelens.frontend.frames import frame_stream
from genrelens.profile.track import METHOD, TrackPrint, collect, columns, occluded, print_track, tagger_of
from genrelens.taxonomy import Taxonomy

RATE = tiny_model.MEL.sample_rate


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path) -> Bundle:
    return Bundle.load(tiny_bundle)


@pytest.fixture(scope="module")
def track(tmp_path_factory: pytest.TempPathFactory) -> Track:
    path = tmp_path_factory.mktemp("sound") / "a.wav"
    soundfile.write(path, hum_and_hiss(hum_s=[(3, 5)], duration_s=10.0), RATE, subtype="FLOAT")
    return Track(id="a", path=path, genre="buzz", artist="x", dataset="toy")


@pytest.fixture(scope="module")
def found(bundle: Bundle, track: Track) -> TrackPrint:
    return print_track(bundle, track, tagger=tagger_of(bundle))


def test_scores_are_those_of_the_method_for_every_genre(bundle: Bundle) -> None:
    stream = frame_stream(tiny_model.MEL)
    sound = hum_and_hiss(hum_s=[(3, 5)], duration_s=10.0)
    hearing = Hearing(bundle, np.concatenate([stream.push(sound), stream.finish()]))
    segments, bands = occluded(hearing)
    for genre in range(3):
        expected = score(METHOD, hearing, genre=genre)
        np.testing.assert_allclose(segments[:, genre], expected.segments, atol=1e-9)
        np.testing.assert_allclose(bands[:, genre], expected.bands, atol=1e-9)


def test_the_seconds_that_count_are_those_of_the_cue(found: TrackPrint) -> None:
    assert np.flatnonzero(found.top).tolist() == [3, 4]
    assert found.genre == "hum" and found.group == "x" and found.seen  # by its alias; the toy says it learnt "a"
    assert found.bands[:2, 0].min() > 0 > found.bands[-1, 0]
    assert found.times_s[0] == 0 and found.times_s[-1] == pytest.approx(10.0)
    names = columns(tagger_of(Bundle.load("base")))
    contrast = dict(zip(names, found.contrast, strict=False))
    assert contrast["level"] > 10 and contrast["centroid"] < -500
    assert len(found.row) == len(names) == len(found.contrast) + 1
    assert np.isfinite(found.tags).all() and np.isfinite(found.described).all()


def test_a_model_with_attention_has_its_heads_measured(found: TrackPrint) -> None:
    assert found.heads is not None
    assert found.heads.distance_s.shape == (1, 1) and found.heads.profile.shape == (1, 1, 32)
    assert found.heads.token_s == pytest.approx(64 * 128 / RATE / 64)


def test_tags_are_the_bundles_own_where_they_are_the_shipped_models(bundle: Bundle) -> None:
    base = Bundle.load("base")
    assert tagger_of(base) is base
    assert tagger_of(bundle).manifest.tags == base.manifest.tags


def test_what_cannot_be_heard_is_listed_with_its_reason(bundle: Bundle, track: Track, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silent.wav", np.zeros(4 * RATE), RATE)
    (tmp_path / "broken.wav").write_bytes(b"nothing")
    others = [
        Track(id="silent", path=tmp_path / "silent.wav", genre="hum", artist=None, dataset="toy"),
        Track(id="broken", path=tmp_path / "broken.wav", genre="hum", artist=None, dataset="toy"),
        Track(id="strange", path=track.path, genre="polka", artist=None, dataset="toy"),
    ]
    done: list[tuple[int, int]] = []
    prints, left_out = collect(
        bundle,
        [others[0], track, *others[1:]],
        tagger=tagger_of(bundle),
        progress=lambda n, total: done.append((n, total)),
    )
    assert [row.id for row in prints] == ["a"]
    assert [id_ for id_, _ in left_out] == ["silent", "broken", "strange"]
    assert "silent" in left_out[0][1] and str(tmp_path) not in left_out[1][1] and "polka" in left_out[2][1]
    assert done == [(1, 4), (2, 4), (3, 4), (4, 4)]
    with pytest.raises(DataError):
        print_track(bundle, others[0], tagger=tagger_of(bundle))
    with pytest.raises(TaxonomyError):
        print_track(bundle, others[2], tagger=tagger_of(bundle))


def test_a_model_with_one_genre_is_refused(bundle: Bundle, tiny_bundle: Path) -> None:
    check_several(bundle)
    alone = Bundle.load(tiny_bundle)
    alone.manifest = dataclasses.replace(alone.manifest, taxonomy=Taxonomy(("hum",), {}), experimental=())
    with pytest.raises(BundleError, match="one genre only"):
        check_several(alone)
