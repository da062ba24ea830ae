"""The page is whole, loads nothing, escapes everything, and says what the rows say."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genrelens.bundle import Prediction, failed_row
from genrelens.bundle.segments import Segment
from genrelens.errors import GenrelensError
from genrelens.pages.timeline.card import MAX_COLUMNS, Column, card, columns, how_sure, runs, strip, ticks
from genrelens.pages.timeline.page import TimelinePage

GENRES = ("disco", "jazz", "rock")
VOID = {"meta", "input", "path", "rect", "br"}


def row(
    path: str, windows: list[list[float]], *, reason: str | None = None, notes: tuple[str, ...] = (), **more: Any
) -> dict[str, Any]:
    """A prediction of one-second windows with these probabilities."""
    table = np.array(windows, dtype=np.float64)
    times = np.stack([np.arange(len(table)), np.arange(len(table)) + 1], axis=1).astype(np.float64)
    mean = np.nanmean(table, axis=0) if not np.isnan(table).all() else np.full(len(GENRES), np.nan)
    prediction = Prediction(
        names=GENRES,
        probabilities=mean,
        window_times_s=times,
        window_probabilities=table,
        embedding=np.zeros(2, np.float32),
        duration_s=float(len(table)),
        model_name="m<odel",
        model_hash="0123456789ab",
        abstained=reason is not None,
        reason=reason,
        notes=notes,
        **more,
    )
    return prediction.to_dict(path=path, timeline=True)


def failed(path: str, message: str) -> dict[str, Any]:
    return failed_row(path, code="damaged", message=message, model_name="m<odel", model_hash="0123", timeline=True)


class Checker(HTMLParser):
    """Collects text, and complains about tags that do not close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"style", "script"}:
            self.text.append(data)


def parse(page: str) -> Checker:
    checker = Checker()
    checker.feed(page)
    checker.close()
    assert checker.open == []
    return checker


EVIL = "/m/<script>alert(1)</script>\"'&\n\x1b[31m\udcff$title.wav"
ROWS = [
    row("/m/a.wav", [[0.9, 0.05, 0.05]] * 3),
    row("/m/b.wav", [[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.3, 0.6, 0.1]], notes=("cut & <short>",)),
    row(EVIL, [[0.4, 0.3, 0.3]] * 2),
    row("/m/silence.wav", [[np.nan] * 3] * 2, reason="silence"),
    row("/m/short.wav", [[0.9, 0.05, 0.05]], reason="too_short"),
    failed("/m/bad.wav", "'/m/bad.wav': nothing in it can be decoded <here>"),
]


def page_of(rows: list[dict[str, Any]], *, experimental: tuple[str, ...] = ()) -> str:
    made = TimelinePage(experimental=experimental)
    for each in rows:
        made.add(each)
    return made.html()


def data(page: str, name: str) -> list[Any]:
    """One of the page's lists of data."""
    (text,) = re.findall(f'<script type="application/json" id="{name}">(.*?)</script>', page, re.S)
    found: list[Any] = json.loads(text)
    assert text.count("\n") == max(1, len(found)) + 1  # an item a line, by which the script finds one
    return found


def words_of(page: str) -> list[str]:
    """What line and card of each track say, and nothing else."""
    return [
        json.dumps([line, one], ensure_ascii=False)
        for line, one in zip(data(page, "lines"), data(page, "cards"), strict=True)
    ]


@pytest.fixture(scope="module")
def page() -> str:
    return page_of(ROWS, experimental=("jazz",))


def test_every_tag_closes_and_every_track_has_its_data(page: str) -> None:
    tags = parse(page).tags
    assert [tag for tag, _ in tags if tag == "noscript"] == ["noscript"]
    assert [line[1] for line in data(page, "lines")][:2] == ["a.wav", "b.wav"]
    assert len(data(page, "cards")) == len(ROWS)
    assert page.count("<article") == 2  # the patterns that the script fills


def test_nothing_is_loaded_from_anywhere(page: str) -> None:
    for tag, attributes in parse(page).tags:
        assert tag not in {"link", "img", "iframe", "object", "embed", "audio", "video", "base"}
        assert "src" not in attributes
        assert not any(name.startswith("on") for name in attributes)
    assert not re.search(r"url\(|@import|https?://", page)
    assert "default-src 'none'" in page


def test_names_and_messages_cannot_become_markup(page: str) -> None:
    kinds = [attributes.get("type") for tag, attributes in parse(page).tags if tag == "script"]
    assert kinds == ["application/json", "application/json", None]
    assert "alert(1)" not in re.sub(r"(?s)<script type.*?</script>", "", page)
    said = words_of(page)
    assert "script>\\\"'&\\\\n\\\\x1b[31m\\\\udcff$title.wav" in said[2]
    assert "cut & <short>" in said[1]
    assert "nothing in it can be decoded <here>" in said[5]
    assert "m<odel 0123456789ab" in said[0]


def test_names_in_any_script_stand_as_they_are() -> None:
    folder, name = "/m/\u30e2\u30fc\u30cb\u30f3\u30b0", "\u0645\u0648\u0633\u064a\u0642\u0649.wav"
    found = page_of([row(f"{folder}/{name}", [[0.9, 0.05, 0.05]])])
    assert data(found, "lines")[0][:2] == [folder, name]
    assert folder in found


def test_what_the_cards_say(page: str) -> None:
    said = words_of(page)
    assert '"disco", 0.9, "90 %"' in said[0]
    assert "The model is sure of disco." in said[0]
    assert "Likeliest throughout: disco." in said[0]
    assert '"jazz*", 0.5333, "53 %"' in said[1]
    assert '"experimental": "jazz"' in said[1]
    assert "Likeliest in turn: disco 0:00–0:01, jazz 0:01–0:03." in said[1]
    assert "The model is not sure" in said[2]
    assert '"no answer", "why": "there is nothing but silence"' in said[3]
    assert '"no answer", "why": "less than a second' in said[4]
    assert '"could not be read", "why": "nothing in it' in said[5]
    for silent in said[3:]:
        assert not any(genre in silent for genre in GENRES)


def test_sets_and_tags_in_words() -> None:
    """A set of one genre would only say again what the verdict says."""
    even = [[0.4, 0.35, 0.25]]
    cases = [
        ({"set": ("disco",), "coverage": 0.9}, None),
        ({"set": ("disco", "jazz"), "coverage": 0.9}, "One of these is right 90 % of the time: disco or jazz."),
        ({"set": ("disco", "jazz"), "multi_label": True}, "Belongs to disco, jazz."),
        ({"tags": (("<loud>", 0.5), ("slow", 0.25))}, "Sounds like: <loud> 50 %, slow 25 %."),
        (
            {"set": ("disco", "jazz", "rock"), "coverage": 0.9, "reason": "undecided"},
            "One of these is right 90 % of the time: disco, jazz or rock.",
        ),
    ]
    for more, said in cases:
        (found,) = data(page_of([row("/m/a.wav", even, **more)]), "cards")
        assert found.get("more") == said


def test_several_genres_are_not_told_as_one_against_the_others() -> None:
    page = page_of([row("/m/a.wav", [[0.9, 0.8, 0.1]], set=("disco", "jazz"), multi_label=True)])
    text = " ".join(words_of(page))
    assert "Each genre has a probability of its own" in text
    assert ">Also<" in page
    assert ">Next best<" not in page
    assert data(page, "lines")[0][7] == "jazz 80 %"
    alone = page_of([row("/m/a.wav", [[0.9, 0.3, 0.1]], set=("disco",), multi_label=True)])
    assert data(alone, "lines")[0][7] == ""  # the next best is none that it is of
    assert "sure of" not in text
    assert "together" not in text


def test_the_top_line_counts(page: str) -> None:
    assert "disco 2 · jazz 1 · no answer 2 · could not be read 1" in page
    assert "6 tracks, by genre" in page
    assert "1 track, by genre" in page_of(ROWS[:1])
    assert "* Experimental" in page
    assert "* Experimental" not in page_of(ROWS[:1])


def test_how_sure_in_words() -> None:
    assert how_sure([("pop", 0.95), ("rock", 0.05)]) == "The model is sure of pop."
    assert "leans to pop" in how_sure([("pop", 0.6), ("rock", 0.4)])
    assert "rock comes next with 30 %" in how_sure([("pop", 0.4), ("rock", 0.3), ("jazz", 0.3)])
    assert "pop" in how_sure([("pop", 0.4)])


def test_overlapping_windows_become_stretches_that_meet_half_way() -> None:
    p = {"a": 1.0}
    windows = [{"start_s": start, "end_s": start + 4.0, "probabilities": p} for start in (0.0, 2.0, 4.0, 5.0)]
    edges = [(stretch.start_s, stretch.end_s) for stretch in columns(windows, duration_s=9.0)]
    assert edges == [(0.0, 3.0), (3.0, 5.0), (5.0, 6.5), (6.5, 9.0)]


def test_long_tracks_are_averaged_and_silence_does_not_count() -> None:
    windows = [
        {"start_s": float(i), "end_s": i + 1.0, "probabilities": {"a": i % 2} if i % 4 else None} for i in range(4000)
    ]
    found = columns(windows, duration_s=4000.0)
    assert len(found) <= MAX_COLUMNS
    assert found[0].start_s == 0
    assert found[-1].end_s == 4000
    assert all(stretch.probabilities is not None for stretch in found)


def test_runs_join_neighbours() -> None:
    a, b = {"a": 0.9, "b": 0.1}, {"a": 0.2, "b": 0.8}
    found = runs([Column(i, i + 1, p) for i, p in enumerate([a, a, None, b, a])])
    assert found == [(0, 2, "a"), (2, 3, None), (3, 4, "b"), (4, 5, "a")]


def test_the_strip_draws_one_shape_a_run_and_leaves_out_what_is_nothing() -> None:
    stretches = [Column(i, i + 1, {"a": 0.9, "b": 0.02}) for i in range(4)]
    drawn = strip(stretches, genres=["a", "b"], duration_s=4.0)
    assert (drawn.rows, drawn.paths) == (["9999", "0000"], {"9": "M0 9H1000"})


@pytest.mark.parametrize(
    "hops", [[2.0] * 60, [2.0] * 60 + [0.7], [1.0, 5.0, 2.0, 2.0, 9.0, 1.0], [3.0], [1.0, 2.0, 3.0]]
)
def test_edges_are_those_of_the_columns_and_few_where_windows_are_regular(hops: list[float]) -> None:
    starts = np.cumsum([0.0, *hops])
    windows = [
        {"start_s": s, "end_s": s + 3.0, "probabilities": {"a": k % 2} if k % 7 else None} for k, s in enumerate(starts)
    ]
    duration_s = float(starts[-1] + 3.0)
    stretches = columns(windows, duration_s=duration_s)
    drawn = strip(stretches, genres=["a"], duration_s=duration_s)
    assert (len(drawn.edges) < len(stretches)) == (len(hops) >= 60)
    every = "".join(drawn.paths.values())
    found = {int(x) for x in re.findall(r"M(\d+) ", every)}
    for k, stretch in enumerate(stretches):
        if k % 7 == 0 or k % 2:
            assert min(abs(1000 * stretch.start_s / duration_s - x) for x in found) <= 2


@pytest.mark.parametrize("duration_s", [0.3, 1.0, 5.0, 30.0, 61.0, 200.0, 3600.0, 10_800.0, 90_000.0])
def test_ticks_are_few_and_round(duration_s: float) -> None:
    marks = ticks(duration_s)
    assert 1 <= len(marks) <= 8
    assert marks[0] == (0.0, "0:00")
    assert all(0 <= at <= 100 for at, _ in marks)
    assert len({text for _, text in marks}) == len(marks)


def test_a_track_takes_few_bytes() -> None:
    rng = np.random.default_rng(0)
    rows = [row(f"/m/{i}.wav", rng.dirichlet([0.3] * 3, size=80).tolist()) for i in range(300)]
    assert len(page_of(rows)) < 300 * 2_000


def test_writing_replaces_a_page_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "page.html"
    place.write_text("old")
    TimelinePage().write(place)
    assert place.read_text("utf-8").startswith("<!doctype html>")
    before = place.read_bytes()

    def full_disk(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(GenrelensError, match="No space left"):
        TimelinePage().write(place)
    assert place.read_bytes() == before
    assert list(tmp_path.iterdir()) == [place]


def test_no_tracks_at_all() -> None:
    parse(page_of([]))


def test_segments_are_a_sentence_where_there_are_several() -> None:
    parts = tuple(Segment(80.0 * i, 80.0 * (i + 1), GENRES[i % 3], 0.8) for i in range(30))
    said = card(row("a.mp3", [[0.2, 0.7, 0.1]], segments=parts[:2]), number=1, experimental=())
    assert "In parts: 0:00–1:20 disco 80 %, 1:20–2:40 jazz 80 %." in said["more"]
    held = card(row("a.mp3", [[0.2, 0.7, 0.1]], segments=parts[:2], reason="undecided"), number=1, experimental=())
    assert "In parts: 0:00–1:20 disco 80 %" in held["more"]
    many = card(row("a.mp3", [[0.2, 0.7, 0.1]], segments=parts), number=1, experimental=())
    assert many["more"].endswith("rock 80 % and 6 more.")
    assert (
        "In parts" not in card(row("a.mp3", [[0.2, 0.7, 0.1]], segments=parts[:1]), number=1, experimental=())["more"]
    )
