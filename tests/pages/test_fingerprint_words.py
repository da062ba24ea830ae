"""A fingerprint in words: every number has its hedge, and what was not found is not said."""

from __future__ import annotations

import dataclasses

import pytest

from genrelens.metrics import Interval
from genrelens.pages.profile import more_words as more
from genrelens.pages.profile import page as fingerprint_page
from genrelens.pages.profile import words
from genrelens.profile.axes import CONTRAST, AxesReport, AxisTest, BestDirection
from genrelens.profile.build import Asked, Fingerprint
from genrelens.profile.fingerprint import GENRES, PARTS, BandShare, BeatPrint, Confused, Difference, GenrePrint, Nearer
from genrelens.profile.heads import HeadRow

NAN = float("nan")


def _fingerprint(**changes: object) -> Fingerprint:
    values: dict[str, object] = {
        "model": "m",
        "model_hash": "0",
        "has_attention": False,
        "tagger": "base",
        "asked": Asked("toy", 9, 3, 0),
        "tracks": (),
        "left_out": (),
        "genres": (),
        "differences": (),
        "typical": (),
        "confused": (),
        "beat": None,
        "heads": (),
        "mapped": "no map.",
    }
    return Fingerprint(**{**values, **changes})  # type: ignore[arg-type]


def _genre(*bands: tuple[float, float, float], n_artists: int = 20) -> GenrePrint:
    shares = tuple(BandShare(100.0 * i, 100.0 * (i + 1), Interval(*band)) for i, band in enumerate(bands))
    return GenrePrint("metal", 25, n_artists, 0, 24, shares, NAN)


def _difference(descriptor: str, size: float, *, what: str = PARTS, q: float = 0.01, n: int = 20) -> Difference:
    return Difference(what, "metal", descriptor, size, size, q / 10, q, 25, n, 0)


@pytest.mark.parametrize(
    ("descriptor", "size", "said"),
    [
        ("centroid", 0.5, "brighter"),
        ("centroid", -0.5, "darker"),
        ("tag:jazz", -1.0, "less \u201cjazz\u201d"),
        ("mfcc3", 1.0, "higher MFCC 3"),
        ("chroma_F#", 1.0, "more of the pitch class F#"),
        ("chroma_flatness", 1.0, "spread over more pitch classes"),
    ],
)
def test_descriptors_have_words(descriptor: str, size: float, said: str) -> None:
    assert words.in_sound(descriptor, size=size) == said


def test_bands_are_said_with_their_intervals_and_what_is_unclear_is_said_to_be() -> None:
    said = " ".join(words.genre_sentences(_fingerprint(), _genre((1, 0.5, 2), (-0.5, -1, -0.1), (0.2, -1, 1))))
    assert "What speaks for metal most is bass below 100 Hz (+1.00 [+0.50, +2.00] log-odds)" in said
    assert "against it speaks bass, 100 to 200 Hz (-0.50 [-1.00, -0.10] log-odds)" in said
    assert "of 3 ranges 1 may as well add nothing" in said
    unclear = " ".join(words.genre_sentences(_fingerprint(), _genre((1, -0.5, 2), (0.1, -1, 1))))
    assert "No range of frequencies speaks clearly" in unclear and "speaks for" not in unclear
    alone = " ".join(words.genre_sentences(_fingerprint(), _genre((1, NAN, NAN), n_artists=1)))
    assert "single artist" in alone and "told from" in alone


def test_what_speaks_for_most_genres_alike_is_said_to_be_no_genres_own() -> None:
    genres = tuple(
        dataclasses.replace(_genre((1, 0.5, 2), (1, 0.5 if i else -0.5, 2), (0, -1, 1)), genre=f"g{i}")
        for i in range(3)
    )
    said = words.common(_fingerprint(genres=genres))
    assert "bass below 100 Hz (clearly for 3 of 3), bass, 100 to 200 Hz (clearly for 2 of 3)." in said
    assert words.common(_fingerprint(genres=genres[:2])) == ""


def test_ranges_that_a_genre_rests_on_more_than_others_are_said_apart() -> None:
    rows = (
        _difference("range:2000-3000", 1.5, what=GENRES),
        _difference("range:0-140", -0.7, what=GENRES),
        _difference("level", 0.5, what=GENRES),
    )
    said = " ".join(words.genre_sentences(_fingerprint(differences=rows), _genre((1, 0.5, 2))))
    assert "Against the other genres it is louder (+0.5 d)." in said
    assert (
        "Than the others it rests more on upper mids, 2 to 3 kHz (+1.5 d), less on bass below 140 Hz (-0.7 d)." in said
    )


def test_only_findings_are_said_and_the_largest_come_first() -> None:
    rows = (
        _difference("level", 0.6),
        _difference("centroid", -1.2),
        _difference("flatness", 3.0, q=0.2),
        _difference("tag:metal", 0.9),
        _difference("mfcc2", 0.7),
        _difference("centroid", 0.4, what=GENRES, q=0.5),
    )
    said = " ".join(words.genre_sentences(_fingerprint(differences=rows), _genre((1, 0.5, 2))))
    assert "darker (-1.2 d), louder (+0.6 d), more \u201cmetal\u201d (+0.9 d), and 1 further difference" in said
    assert "noisier" not in said and "Nothing tells it from the other genres" in said


def test_a_genre_at_a_glance_holds_findings_only() -> None:
    rows = (
        _difference("zero_crossings", -1.2, what=GENRES),
        _difference("level", 0.6, what=GENRES),
        _difference("flatness", 3.0, what=GENRES, q=0.2),
        _difference("tempo", 3.0),
        _difference("tag:metal", 0.9, what=GENRES),
        _difference("tag:jazz", -2.0, what=GENRES),
        _difference("range:2000-3000", 1.5, what=GENRES),
        _difference("range:0-140", -0.7, what=GENRES),
    )
    assert words.in_short(_fingerprint(differences=rows), _genre((1, 0.5, 2))) == (
        "smoother, louder",
        "metal",
        "upper mids, 2 to 3 kHz",
    )
    assert words.in_short(_fingerprint(), _genre((1, 0.5, 2))) == ("-", "-", "-")


def test_markdown_reads_as_it_was_written_and_holds_no_tag() -> None:
    assert fingerprint_page._inert("q < 0.001 and <b>x</b> <!-- -->") == ("q < 0.001 and &lt;b>x&lt;/b> &lt;!-- -->")


def test_with_five_artists_the_sign_test_is_said_to_show_nothing() -> None:
    rows = (_difference("level", 2.0, q=0.3, n=5),)
    said = " ".join(words.genre_sentences(_fingerprint(differences=rows), _genre((1, 0.5, 2), n_artists=5)))
    assert "signs of 5 artists" in said and "intervals are too narrow" in said


def test_mistakes_say_whether_the_model_learnt_the_track() -> None:
    row = Confused(
        "rock.1",
        "rock",
        "metal",
        "x",
        True,
        0.8,
        0.1,
        (1000.0, 2000.0, 0.5),
        (3.0, 4.0, 0.25),
        ("metal", "punk"),
        (Nearer("centroid", 2345.0, 1800.0, 2400.0, 1.0),),
    )
    said = more.confusion(row)
    assert "taken for metal (80 %, its own 10 %). The model was trained on this very track." in said
    assert "mids, 1 to 2 kHz (+0.50 log-odds) and the second from 3 to 4 s (+0.25)" in said
    assert (
        "Compared with most rock it is brighter (centroid 2,345 Hz; rock 1,800, metal 2,400): nearer to metal." in said
    )
    assert "metal, punk" in said
    bare = more.confusion(dataclasses.replace(row, seen=False, band=None, segment=None, nearer=(), tags=()))
    assert "No single range or second" in bare and "trained" not in bare


def _axes(q: float, within_q: float) -> AxesReport:
    return AxesReport(
        60,
        40,
        (AxisTest("t-SNE axis 1", CONTRAST, 0.5, q / 2, q, 0.4, within_q / 2, within_q),),
        (BestDirection("t-SNE axis", CONTRAST, 45.0, 0.6, 0.2, 0.35, 0.0012),),
        (("t-SNE axis 1", (("metal", 0.8), ("jazz", -0.7), ("sad", 0.5))),),
        (("t-SNE axis 1", 22),),
    )


def test_the_axis_is_said_to_be_the_voice_only_where_it_is() -> None:
    found = " ".join(more.axes(_axes(0.01, 0.01), shares=(0.3, 0.1)))
    assert "goes with t-SNE axis 1. On t-SNE axis 1 that holds within genres, too." in found
    assert "metal (+0.80), jazz (-0.70), sad (+0.50); the contrast would come 22nd of all tags" in found
    assert "30% and 10%" in found and "rho +0.60 at 45 degrees" in found and "p = 0.0012" in found
    genres = " ".join(more.axes(_axes(0.01, 0.3), shares=(0.3, 0.1)))
    assert "may be no more than which genres have singers" in genres
    nothing = " ".join(more.axes(_axes(0.3, 0.3), shares=(0.3, 0.1)))
    assert "No axis goes with vocals against instrumental more than chance does." in nothing


def test_the_beat_is_hedged() -> None:
    def said(low: float, high: float, token_s: float = 0.0232) -> str:
        phases = (Interval(1.0, 0.9, 1.1),) * 7 + (Interval(1.2, 1.1, 1.3),)
        beat = BeatPrint(12, 10, 5, token_s, phases, Interval(0.1, low, high))
        return more.beat(_fingerprint(has_attention=True, beat=beat))

    assert "more is received on the beat" in said(0.05, 0.2)
    assert "less is received on the beat" in said(-0.2, -0.05)
    assert "the interval includes 0" in said(-0.1, 0.2) and "Of 17 tracks 12 by 10 artists" in said(-0.1, 0.2)
    assert "every 23 ms" in said(-0.1, 0.2) and "run into each other" not in said(-0.1, 0.2)
    assert "received 7/8 of a beat after it, 1.20 times the even share [1.10, 1.30]" in said(-0.1, 0.2)
    assert "run into each other" in said(-0.1, 0.2, token_s=0.186)
    assert "has no attention" in more.beat(_fingerprint())
    assert "Not drawn: no track's pulse is clear enough" in more.beat(_fingerprint(has_attention=True))


def test_a_head_is_a_specialist_only_where_chance_is_not_enough() -> None:
    row = HeadRow(1, 2, 1.5, 0.8, 0.3, 0.1, 0.001, 0.01, "metal", 20, 15)
    assert (
        "layer 1 head 2 (spread 0.300 against 0.100 by chance, metal most unlike"
        in more.heads(_fingerprint(heads=(row,)))[1]
    )
    other = dataclasses.replace(row, q=0.4)
    assert "no head is one genre's specialist" in more.heads(_fingerprint(heads=(other,)))[1]
    assert "no heads" in more.heads(_fingerprint())[0]


def test_where_nothing_could_be_tested_no_number_of_tests_is_given() -> None:
    """It once said that of 0 tests 0 survive."""
    assert _fingerprint().n_tested == 0
    assert words.tests(_fingerprint()).startswith("Nothing is tested: that needs 4 artists")
