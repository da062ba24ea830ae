"""The judge is right where the truth is known: the tiny model's logits are sums over frames and bands."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

import tiny_model
from genrelens.bundle import Bundle
from genrelens.data.track import Track
from genrelens.errors import BundleError, DataError
from genrelens.explanation.faithfulness import report as faithfulness_report
from genrelens.explanation.faithfulness.judging import CONTROLS, Curves, area, control_scores, curves, mean_curves
from genrelens.explanation.faithfulness.sample import (
    OWN_BASELINES,
    TrackCurves,
    asked_methods,
    check_sample,
    judge_sample,
    judge_track,
    judge_tracks,
    judging_baselines,
    methods_of,
    sample,
    shared_baselines,
)
from genrelens.explanation.faithfulness.sanity import (
    GUEST_S,
    Pointing,
    Sanity,
    agreement,
    pairs,
    point,
    randomised,
    sanity_of,
    splice,
)
from genrelens.explanation.hearing import Hearing
from genrelens.explanation.methods.baselines import BASELINES, JUDGING_BASELINES, blurred, shuffled
from genrelens.explanation.methods.scoring import BOTH, OCCLUSION_METHODS, score
from genrelens.explanation.parts import Part, time_parts
from genrelens.files import write_whole
from genrelens.frontend.mel import mel_power
from genrelens.metrics import grouped_bootstrap, mean_statistic
from genrelens.metrics.permutation import spearman

RATE = tiny_model.MEL.sample_rate


def tone(hz: float, seconds: float, *, level: float = 0.1) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return Bundle.load(tiny_model.write(tmp_path_factory.mktemp("m") / "b"))


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genrelens.explanation.faithfulness.sample.N_DRAWS", 2)


@pytest.fixture(scope="module")
def hearing(bundle: Bundle) -> Hearing:
    """10 s: a low tone, and from 4 to 6 s a high one, which speaks for hiss."""
    sound = np.concatenate([tone(200, 4), tone(3500, 2), tone(200, 4)])
    return Hearing(bundle, mel_power(sound, settings=tiny_model.MEL))


def write_tone(path: Path, *, hz: float, seconds: float = 12.0, seed: int = 0) -> Path:
    import soundfile

    noise = np.random.default_rng(seed).standard_normal(round(seconds * RATE)).astype(np.float32)
    soundfile.write(path, tone(hz, seconds) + noise * 0.001, RATE)
    return path


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Track, ...]:
    folder = tmp_path_factory.mktemp("tones")
    made = []
    for genre, hz in (("hum", 150), ("hiss", 3500)):
        for i in range(3):
            path = write_tone(folder / f"{genre}{i}.wav", hz=hz + 20 * i, seed=i)
            made.append(Track(f"{genre}.{i}", path, genre, f"artist {i}", "tones", None))
    return tuple(made)


def test_the_area_is_the_mean_height() -> None:
    assert area(np.linspace(1, 0, 11)) == pytest.approx(0.5)
    assert area(np.ones(11)) == pytest.approx(1.0)
    assert area(np.array([1.0, *np.zeros(10)])) == pytest.approx(0.05)
    heights = np.random.default_rng(0).random(11)
    assert area(heights) == pytest.approx(sklearn.metrics.auc(np.linspace(0, 1, 11), heights), abs=1e-12)


def test_drop_and_increase_look_at_the_top_fifth_alone() -> None:
    falls = Curves(np.linspace(0.8, 0, 11), np.array([0, 0.1, 0.2, *np.full(8, 0.8)]))
    assert falls.drop == pytest.approx(0.75) and not falls.increases
    rises = Curves(np.linspace(0.8, 0, 11), np.array([0, 0.1, 0.9, *np.full(8, 0.8)]))
    assert rises.drop == 0 and rises.increases == 1


def test_draws_of_chance_are_averaged_and_their_drops_are_not_those_of_the_mean() -> None:
    falls = Curves(np.linspace(0.8, 0, 11), np.array([0, 0.1, 0.2, *np.full(8, 0.8)]))
    rises = Curves(np.linspace(0.8, 0, 11), np.array([0, 0.1, 1.0, *np.full(8, 0.8)]))
    both = mean_curves([falls, rises])
    assert both.insertion_area == pytest.approx((falls.insertion_area + rises.insertion_area) / 2)
    assert both.deletion_area == pytest.approx(falls.deletion_area)
    # The mean curve has 0.6 of 0.8 left: a drop of a quarter, and no increase.
    assert both.drop == pytest.approx(0.375) and both.increases == 0.5


def test_the_true_map_has_the_least_deletion_and_the_most_insertion(hearing: Hearing) -> None:
    edges = np.linspace(0, len(hearing.frames), 11).astype(np.int64)
    parts = time_parts(edges)
    genre = tiny_model.GENRES.index("hiss")
    fill = BASELINES["silence"](hearing.frames, hearing.front_end)
    truth = np.array([float(4 <= i < 6) for i in range(10)])

    def areas(scores: np.ndarray) -> tuple[float, float]:
        found = curves(hearing, parts, scores, genre=genre, baseline=fill)
        return found.deletion_area, found.insertion_area

    best, worst = areas(truth), areas(-truth)
    rng = np.random.default_rng(0)
    others = [areas(rng.permutation(10).astype(float)) for _ in range(5)]
    assert all(best[0] <= other[0] and best[1] >= other[1] for other in [worst, *others])
    assert best[0] < worst[0] and best[1] > worst[1]


def test_curves_begin_and_end_with_all_sound_and_none(hearing: Hearing) -> None:
    parts = [Part(i * 60, min((i + 1) * 60, len(hearing.frames))) for i in range(11)]
    fill = BASELINES["mean"](hearing.frames, hearing.front_end)
    found = curves(hearing, parts, np.arange(11.0), genre=0, baseline=fill)
    assert found.deletion.shape == found.insertion.shape == (11,)
    assert found.deletion[0] == found.insertion[-1] == hearing.probabilities(hearing.logits)[0]
    assert found.deletion[-1] == found.insertion[0]
    # Half of the parts: what deletion has left is what insertion of the others' order has put in.
    turned = curves(hearing, parts, -np.arange(11.0), genre=0, baseline=fill)
    assert found.deletion[3] == pytest.approx(turned.insertion[7])


def test_controls_know_loudness_and_onsets_and_nothing_else(bundle: Bundle) -> None:
    quiet, loud = tone(300, 2, level=0.01), tone(300, 2, level=0.5)
    clicks = np.zeros(2 * RATE, np.float32)
    clicks[:: RATE // 8] = 0.3
    hearing = Hearing(bundle, mel_power(np.concatenate([quiet, loud, clicks]), settings=tiny_model.MEL))
    parts = time_parts(np.linspace(0, len(hearing.frames), 7).astype(np.int64))
    assert int(np.argmax(control_scores("energy", hearing, parts, seed=0))) in (2, 3)
    assert int(np.argmax(control_scores("onset", hearing, parts, seed=0))) in (4, 5)
    chance = control_scores("random", hearing, parts, seed=0)
    assert np.array_equal(chance, control_scores("random", hearing, parts, seed=0))
    assert not np.array_equal(chance, control_scores("random", hearing, parts, seed=1))
    low = control_scores("energy", hearing, [Part(0, 250, 0, 4), Part(0, 250, 4, 8)], seed=0)
    assert low[0] > low[1]


def test_shuffled_frames_are_the_same_frames(hearing: Hearing) -> None:
    made = shuffled(hearing.frames, hearing.front_end)
    assert not np.array_equal(made, hearing.frames)
    assert np.array_equal(np.sort(made, axis=0), np.sort(hearing.frames, axis=0))


def test_blurred_frames_are_running_means(hearing: Hearing) -> None:
    frames = np.repeat(np.arange(500, dtype=np.float32)[:, None], 8, axis=1)
    made = blurred(frames, hearing.front_end)
    assert np.allclose(made[100:400], frames[100:400])  # of a ramp the mean is the middle
    assert np.allclose(made[0], np.arange(64).mean(), atol=1)


def test_a_method_is_never_judged_by_its_own_fill(bundle: Bundle, tracks: tuple[Track, ...]) -> None:
    judged = judge_track(bundle, tracks[0], methods=("occlusion", "occlusion-both", "energy"))
    fills = {m: {key[2] for key in judged.curves if key[0] == m} for m in ("occlusion", "energy")}
    assert fills == {m: {"silence", "shuffled", "blurred"} for m in ("occlusion", "energy")}
    assert {key[2] for key in judged.curves if key[0] == "occlusion-both"} == {"shuffled", "blurred"}
    assert {key[1] for key in judged.curves} == {"time", "time-frequency"}
    alone = judge_track(bundle, tracks[0], methods=("occlusion-both", "energy"))
    assert {key[2] for key in alone.curves} == {"shuffled", "blurred"}  # nothing to compare the others with
    assert judging_baselines(CONTROLS) == tuple(JUDGING_BASELINES)


def test_the_report_pairs_methods_over_the_fills_that_may_judge_both(bundle: Bundle, tracks: tuple[Track, ...]) -> None:
    judged = judge_tracks(bundle, tracks, methods=("occlusion", *CONTROLS))
    report = faithfulness_report.build(judged, model="tiny", model_hash="0", sample="tones")
    assert [row.fills for row in report.rows if row.method == "occlusion"] == [("silence", "shuffled", "blurred")] * 2
    against = {(row.against, row.domain): row for row in report.differences}
    assert set(against) == {(c, d) for c in CONTROLS for d in ("time", "time-frequency")}
    row = against["random", "time"]
    by_hand = np.mean(
        [
            np.mean([j.curves["random", "time", f].deletion_area for f in ("silence", "shuffled", "blurred")])
            - np.mean([j.curves["occlusion", "time", f].deletion_area for f in ("silence", "shuffled", "blurred")])
            for j in judged
        ]
    )
    assert row.deletion.value == pytest.approx(by_hand) and row.deletion.low <= by_hand <= row.deletion.high
    document = json.loads(report.to_json())
    assert document["schema"] == "genrelens.faithfulness/2" and document["n_tracks"] == 6
    assert len(document["curves"]) == sum(len(j.curves) for j in judged)
    assert "occlusion             than energy" in report.to_text()


def test_tracks_that_cannot_be_judged_are_named(bundle: Bundle, tracks: tuple[Track, ...], tmp_path: Path) -> None:
    silent = tmp_path / "silent.wav"
    import soundfile

    soundfile.write(silent, np.zeros(RATE * 3, np.float32), RATE)
    broken = tmp_path / "broken.wav"
    write_whole(broken, "no sound")
    bad = [Track(p.stem, p, "hum", None, "tones", None) for p in (silent, broken)]
    with pytest.raises(DataError, match=r"2 of 3 tracks .* silent: .*silent"):
        judge_tracks(bundle, [*bad, tracks[0]], methods=("random",))
    judged = judge_sample(bundle, [*bad, tracks[0]], methods=("random",))
    assert [row.id for row in judged.tracks] == [tracks[0].id]
    assert [id_ for id_, _ in judged.left_out] == ["silent", "broken"]


def test_methods_are_checked_before_anything_is_heard(bundle: Bundle) -> None:
    assert methods_of(bundle) == (*OCCLUSION_METHODS, *CONTROLS)
    assert asked_methods(None, bundle=bundle) == methods_of(bundle)
    assert asked_methods(["random", "occlusion", "random"], bundle=bundle) == ("random", "occlusion")
    with pytest.raises(BundleError, match=r"no method 'attention'; expected some of .*occlusion-both"):
        asked_methods(["random", "attention"], bundle=bundle)


def test_raw_attention_stands_beside_every_method_where_the_model_has_it(
    tiny_bundle: Path, tracks: tuple[Track, ...]
) -> None:
    model = Bundle.load(tiny_bundle)
    asked = asked_methods(["occlusion", "random"], bundle=model)
    assert asked == ("occlusion", "random", "attention")
    assert asked_methods(["random"], bundle=model) == ("random",)
    # What is only there to be beaten brings no fills of its own.
    assert judging_baselines(asked) == judging_baselines(["occlusion"])
    report = faithfulness_report.build(
        judge_tracks(model, tracks, methods=asked), model="tiny", model_hash="0", sample="tones"
    )
    rows = {(row.method, row.against) for row in report.differences if row.domain == "time"}
    assert rows == {("occlusion", "attention"), ("occlusion", "random"), ("attention", "random")}
    # Attention is over time alone.
    assert {row.against for row in report.differences if row.domain == "time-frequency"} == {"random"}
    assert "occlusion             than raw attention" in report.to_text()
    assert any("raw attention in both" in sentence for sentence in report.verdict)


def test_chance_is_drawn_anew_for_every_track_and_more_than_once(bundle: Bundle, tracks: tuple[Track, ...]) -> None:
    first = tracks[0]
    twin = dataclasses.replace(first, id="another name for the same sound")
    one, again, other = (
        judge_track(bundle, track, methods=("random",)).curves["random", "time", "silence"]
        for track in (first, first, twin)
    )
    assert len(one.draws) == 2
    assert np.array_equal(one.insertion, again.insertion)
    assert not np.array_equal(one.insertion, other.insertion)
    assert not np.array_equal(one.draws[0].insertion, one.draws[1].insertion)
    assert one.insertion_area == pytest.approx(np.mean([draw.insertion_area for draw in one.draws]))


@pytest.mark.parametrize("method", OCCLUSION_METHODS)
def test_own_fills_are_what_a_method_is_made_with(
    hearing: Hearing, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    used: set[str] = set()
    for name, fill in list(BASELINES.items()):

        def noted(frames: np.ndarray, front_end: Any, name: str = name, fill: Any = fill) -> np.ndarray:
            used.add(name)
            made: np.ndarray = fill(frames, front_end)
            return made

        monkeypatch.setitem(BASELINES, name, noted)  # type: ignore[arg-type]
    score(method, hearing, genre=0)
    assert used == set(OWN_BASELINES[method])


def test_the_figure_compares_methods_by_the_fills_that_may_judge_all() -> None:
    assert shared_baselines(["occlusion", "attention", *CONTROLS]) == ("silence", "shuffled", "blurred")
    assert shared_baselines(["occlusion-both", "attention", *CONTROLS]) == ("shuffled", "blurred")


def test_the_sample_is_fixed_by_its_size_and_seed(tracks: tuple[Track, ...]) -> None:
    assert sample(tracks, n=4) == sample(tracks[::-1], n=4)
    assert len(sample(tracks, n=4)) == 4 and len(sample(tracks, n=50)) == 6
    assert sample(tracks, n=3, seed=1) != sample(tracks, n=3, seed=2)
    check_sample(tracks)
    with pytest.raises(DataError, match="5 tracks at least are needed, this part of the data has 4"):
        check_sample(tracks[:4])
    with pytest.raises(DataError, match="one artist, 'x'"):
        check_sample([dataclasses.replace(track, artist="x") for track in tracks])


@given(at=st.integers(0, 700), n=st.integers(1, 300))
def test_a_splice_changes_the_place_of_the_guest_alone(at: int, n: int) -> None:
    host = np.sin(np.arange(1000, dtype=np.float32))
    guest = 7 * np.cos(np.arange(n, dtype=np.float32) * 1.3)
    made = splice(host, guest, at=at, sample_rate=1000)
    assert np.array_equal(made[:at], host[:at]) and np.array_equal(made[at + n :], host[at + n :])
    assert np.abs(made).max() < 10


def test_a_guest_is_as_loud_as_its_host() -> None:
    host, guest = np.full(1000, 0.5, np.float32), np.full(400, 0.01, np.float32)
    np.testing.assert_allclose(splice(host, guest, at=100, sample_rate=1000), 0.5, rtol=1e-5)
    with pytest.raises(ValueError, match="do not fit"):
        splice(host, guest, at=700, sample_rate=1000)


def test_the_map_of_the_guests_genre_points_at_the_guest(bundle: Bundle, tracks: tuple[Track, ...]) -> None:
    chosen = pairs(tracks, n=8)
    assert all(host.genre != guest.genre for host, guest in chosen) and chosen == pairs(tracks, n=8)
    found = point(bundle, chosen, method="occlusion")
    assert all(one.hit for one in found)
    assert all(abs(one.even - GUEST_S / 12) < 0.06 for one in found)
    with pytest.raises(DataError, match="two genres"):
        pairs(tracks[:3])


def test_the_checks_have_their_place_in_the_report(bundle: Bundle, tracks: tuple[Track, ...]) -> None:
    pointings = point(bundle, pairs(tracks, n=6), method="occlusion")
    found = sanity_of("occlusion", pointings, agreement=[0.25, float("nan"), 0.75], groups=["a", "b", "c"])
    assert found.hits.value == 1.0 and found.n_agreement == 2
    assert found.agreement is not None and found.agreement.value == 0.5
    judged = judge_tracks(bundle, tracks[:2], methods=("occlusion", "random"))
    report = faithfulness_report.build(judged, model="t", model_hash="0", sample="s", sanity=found)
    document = json.loads(report.to_json())["sanity"]
    assert document["pointing"]["hits"]["value"] == 1.0 and len(document["pointing"]["splices"]) == 6
    assert document["shuffled_weights"] == {"agreement": {"value": 0.5, "low": 0.25, "high": 0.75}, "n_tracks": 2}
    assert "1.000 of 6 splices" in report.to_text() and "0.500 [0.250, 0.750]" in report.to_text()
    alike = sanity_of("occlusion", pointings, agreement=[float("nan")], groups=["a"])
    report = faithfulness_report.build(judged, model="t", model_hash="0", sample="s", sanity=alike)
    assert "no map could be compared" in report.to_text()
    with pytest.raises(ValueError, match="argument 2"):
        sanity_of("occlusion", pointings, agreement=[0.25, 0.5], groups=["a"])


def test_more_splices_and_tracks_of_the_same_artists_make_no_narrower_checks() -> None:
    """Intervals are over artists: what one artist's sound does five times is no five witnesses."""

    def checks(times: int) -> Sanity:
        pointings = [
            Pointing("host", f"{artist}.{k}", "hum", f"artist {artist}", 3.0, 4.0 if artist % 2 else 9.0, 0.4)
            for artist in range(8)
            for k in range(times)
        ]
        agreement = [0.1 * artist for artist in range(8) for _ in range(times)]
        return sanity_of("occlusion", pointings, agreement=agreement, groups=[one.group for one in pointings])

    few, many = checks(1), checks(5)
    assert few.hits.value == many.hits.value == 0.5
    assert few.agreement is not None and many.agreement is not None
    for one, other in ((few.hits, many.hits), (few.agreement, many.agreement)):
        assert one.low < one.value < one.high
        assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-9)


def _judged(*, ours: float, energy: float, n: int = 30, per_artist: int = 2, noise: float = 0.01) -> list[TrackCurves]:
    """Tracks whose curves are flat: deletion lies at 0.5 less a method's merit, insertion at 0.5 and its merit."""
    rng = np.random.default_rng(0)
    rows = []
    for i in range(n):
        found = {}
        for method, merit in (("occlusion-both", ours), ("attention", -0.1), ("energy", energy)):
            for fill in ("shuffled", "blurred"):
                off = merit + rng.normal(0, noise)
                found[method, "time", fill] = Curves(np.full(11, 0.5 - off), np.full(11, 0.5 + off))
        rows.append(TrackCurves(f"{i}", f"artist {i // per_artist}", "hum", found))
    return rows


def test_the_verdict_is_what_the_numbers_say() -> None:
    def verdict(judged: list[TrackCurves]) -> tuple[str, ...]:
        return faithfulness_report.build(judged, model="m", model_hash="0", sample="s").verdict

    assert verdict(_judged(ours=0.1, energy=0.0)) == (
        "Over time, occlusion-both beats raw attention in both deletion and insertion.",
        "Over time, occlusion-both beats energy in both deletion and insertion; attention does not.",
    )
    assert verdict(_judged(ours=0.0, energy=0.1))[1] == (
        "Over time, nothing beats energy in both deletion and insertion: not occlusion-both or attention."
    )
    # Where no interval can be given, nothing is claimed either way.
    assert verdict(_judged(ours=0.1, energy=0.0, per_artist=30))[1] == (
        "Over time, whether anything beats energy cannot be told: there are no intervals."
    )


def test_the_reports_numbers_come_out_of_its_curves_by_another_way() -> None:
    judged = _judged(ours=0.02, energy=0.0, n=40, noise=0.05)
    document = json.loads(faithfulness_report.build(judged, model="m", model_hash="0", sample="s").to_json())
    shares = np.linspace(0, 1, 11)
    areas: dict[tuple[str, str], dict[str, list[float]]] = {}
    artists = {}
    for row in document["curves"]:
        artists[row["id"]] = row["group"]
        for what in ("deletion", "insertion"):
            its = areas.setdefault((row["method"], what), {})
            its.setdefault(row["id"], []).append(sklearn.metrics.auc(shares, row[what]))
    means = {key: {id_: np.mean(found) for id_, found in its.items()} for key, its in areas.items()}
    for row in document["methods"]:
        for what in ("deletion", "insertion"):
            expected = np.mean(list(means[row["method"], what].values()))
            assert row[what]["value"] == pytest.approx(expected, abs=1e-4)
    row = next(d for d in document["differences"] if d["against"] == "energy" and d["method"] != "attention")
    for what, sign in (("deletion", -1), ("insertion", 1)):
        ours, theirs = means["occlusion-both", what], means["energy", what]
        apart: dict[str, list[float]] = {}
        for id_, artist in artists.items():
            apart.setdefault(artist, []).append(sign * (ours[id_] - theirs[id_]))
        # All artists have two tracks, so that drawing artists is drawing their means.
        per_artist = np.array([np.mean(found) for found in apart.values()])
        found = scipy.stats.bootstrap(
            (per_artist,), np.mean, n_resamples=5000, method="percentile", rng=np.random.default_rng(1)
        ).confidence_interval
        assert row[what]["value"] == pytest.approx(per_artist.mean(), abs=1e-4)
        assert [row[what]["low"], row[what]["high"]] == pytest.approx([found.low, found.high], abs=1.5e-3)
    assert document["n_groups"] == 20 and document["notes"] == []


def test_average_drop_and_increase_are_in_the_json_and_the_text() -> None:
    whole, halves = np.linspace(0.8, 0, 11), np.array([0, 0, 0.4, *np.full(8, 0.8)])
    rises = np.array([0, 0, 0.9, *np.full(8, 0.8)])
    judged = [
        TrackCurves(str(i), f"a{i}", "hum", {("occlusion-both", "time", "shuffled"): Curves(whole, kept)})
        for i, kept in enumerate([halves, halves, halves, rises])
    ]
    judged = [
        dataclasses.replace(
            row, curves={**row.curves, ("occlusion-both", "time", "blurred"): next(iter(row.curves.values()))}
        )
        for row in judged
    ]
    report = faithfulness_report.build(judged, model="m", model_hash="0", sample="s")
    document = json.loads(report.to_json())
    (row,) = document["methods"]
    assert row["average_drop"]["value"] == 0.375 and row["increase_in_confidence"]["value"] == 0.25
    assert row["average_drop"]["low"] < 0.375 < row["average_drop"]["high"]
    assert [(c["drop"], c["increase"]) for c in document["curves"]] == [(0.5, 0)] * 6 + [(0, 1)] * 2
    assert "37.5%" in report.to_text() and "25.0%" in report.to_text() and "average drop" in report.to_text()
    assert document["notes"] == ["4 artists only: intervals over so few are too narrow"]


def test_more_tracks_of_the_same_artists_make_no_narrower_intervals() -> None:
    rng = np.random.default_rng(0)
    merits = rng.normal(0, 0.1, 20)
    few, many = (
        grouped_bootstrap(mean_statistic(np.repeat(merits, k)), groups=np.repeat(np.arange(20).astype(str), k), seed=0)
        for k in (1, 10)
    )
    assert (few.low, few.high) == pytest.approx((many.low, many.high), abs=1e-9)


def test_ranks_correlate_as_scipys() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 5, 40).astype(float), rng.standard_normal(40)
    assert spearman(a, b) == pytest.approx(scipy.stats.spearmanr(a, b).statistic)
    assert np.isnan(spearman(np.ones(5), b[:5]))
    assert np.isnan(spearman(np.array([1, np.nan, 3.0]), b[:3]))  # as scipy's; a rank of no number is no rank


def _unnamed(graph: bytes) -> Sequence[str]:
    import onnx

    return [entry.name for entry in onnx.load_from_string(graph).graph.initializer]


def test_shuffled_weights_give_other_maps(bundle: Bundle, tracks: tuple[Track, ...], tmp_path: Path) -> None:
    other = randomised(bundle, seed=1, out=tmp_path / "shuffled")
    assert other.hash != bundle.hash and _unnamed(other.graph) == _unnamed(bundle.graph)
    samples = tone(3500, 3)
    before, after = (m.predict(samples, sample_rate=RATE).probabilities for m in (bundle, other))
    assert np.abs(np.array(before) - np.array(after)).max() > 0.01
    assert np.allclose(agreement(bundle, bundle, tracks[:2], method="occlusion"), 1.0)
    assert (agreement(bundle, other, tracks[:2], method="occlusion") < 0.999).all()


def curve(deletion: float, insertion: float) -> Curves:
    return Curves(np.full(11, deletion), np.full(11, insertion))


def test_differences_are_paired_clip_by_clip_over_the_shared_baselines() -> None:
    """Clips differ by far more than maps do: an unpaired comparison would see nothing."""
    rows = []
    for k in range(12):
        level = k / 12
        of = {
            "attention": (level - 0.02, level + 0.01),
            "random": (level, level),
            "energy": (level - 0.03, level),
            "onset": (level, level),
            BOTH: (level - 0.02, level + 0.02),
        }
        wobble = 0.001 * (k % 3)
        rows.append(
            TrackCurves(
                str(k),
                f"artist {k}",
                "jazz",
                {
                    (name, "time", fill): curve(d - wobble * (name == "attention"), i + side)
                    for name, (d, i) in of.items()
                    for fill, side in (("mean", 0.0), ("shuffled", 0.0), ("blurred", 0.1))
                },
            )
        )
    baselines = ("mean", "shuffled", "blurred")
    found = {
        other: faithfulness_report.difference(rows, "attention", other, "time", baselines=baselines)
        for other in ("random", "energy", BOTH)
    }
    assert found["random"].deletion.value == pytest.approx(0.021)
    assert found["random"].insertion.value == pytest.approx(0.01)
    assert found["random"].deletion.low > 0.019
    assert found["energy"].deletion.high < 0 and found["energy"].insertion.value == pytest.approx(0.01)
    assert found[BOTH].insertion.value == pytest.approx(-0.01)
    assert found["random"].fills == ("mean", "shuffled", "blurred")
    assert found[BOTH].fills == ("shuffled", "blurred")  # occlusion was made with the mean
