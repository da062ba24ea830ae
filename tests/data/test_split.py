import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genrelens.data import Split, Track
from genrelens.data.splits.split import LEAKS
from genrelens.errors import DataError, SplitError
from genrelens.taxonomy import composed


def track(id_: str, *, artist: str | None = None, recording: str | None = None) -> Track:
    return Track(id_, Path(id_ + ".wav"), "pop", artist, "test", recording)


def split(*, leaks: frozenset[str] = frozenset(), **parts: tuple[str, ...]) -> Split:
    return Split("mine", 1, parts, leaks)


def test_the_group_is_the_artist_and_an_unknown_artist_is_a_group_of_its_own() -> None:
    assert track("a", artist="Björk").group == "Björk"
    assert track("a").group == "?a" != track("b").group


@pytest.mark.parametrize(("id_", "genre", "artist"), [("", "pop", None), ("a", "", None), ("a", "pop", " ")])
def test_a_track_needs_an_id_a_genre_and_an_artist_or_none(id_: str, genre: str, artist: str | None) -> None:
    with pytest.raises(DataError):
        Track(id_, Path("x"), genre, artist, "test")


def test_parts_come_in_the_order_of_the_split_and_join() -> None:
    tracks = [track(c) for c in "abcd"]
    mine = split(train=("c", "a"), valid=("d",), test=("b",))
    assert [t.id for t in mine.part(tracks, "train")] == ["c", "a"]
    assert [t.id for t in mine.part(reversed(tracks), "train+valid")] == ["c", "a", "d"]
    assert mine.ids("train+train") == ("c", "a")


def test_an_unknown_part_lists_the_parts() -> None:
    with pytest.raises(SplitError, match="no part 'dev'; its parts: train, test"):
        split(train=("a",), test=("b",)).ids("train+dev")


def test_missing_tracks_are_left_out_or_refused() -> None:
    mine = split(train=("a", "b"), test=("c",))
    assert [t.id for t in mine.part([track("a")], "train")] == ["a"]
    with pytest.raises(SplitError, match=r"expects 2 tracks, of which 1 are missing: b"):
        mine.part([track("a")], "train", allow_missing=False)
    with pytest.raises(SplitError, match="1 are missing: c"):
        mine.part([track("a")], "test")


@pytest.mark.parametrize(
    "parts", [{}, {"": ("a",)}, {"a+b": ("a",)}, {"train": ("a", "a")}, {"train": ("",)}, {"x": ("a",), "y": ("a",)}]
)
def test_refuses_parts_that_cannot_be(parts: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(SplitError):
        Split("mine", 1, parts)


def test_refuses_an_unknown_leak_and_lists_the_known_ones() -> None:
    with pytest.raises(SplitError, match="segments, duplicates, artists"):
        split(train=("a",), leaks=frozenset({"everything"}))
    with pytest.raises(SplitError, match="versions count from 1"):
        Split("mine", 0, {"train": ("a",)})


def test_one_id_on_both_sides_must_be_declared() -> None:
    with pytest.raises(SplitError, match=r"a \(train, test\).*'segments'"):
        split(train=("a",), test=("a", "b"))
    mine = split(train=("a",), test=("a", "b"), leaks=frozenset({"segments"}))
    mine.check([track("a"), track("b")])
    with pytest.raises(SplitError, match="Cher"):  # then the artist is on both sides too, which is said as well
        mine.check([track("a", artist="Cher"), track("b")])


@pytest.mark.parametrize(
    ("kind", "a", "b"),
    [
        ("artists", track("a", artist="Cher"), track("b", artist="Cher")),
        ("duplicates", track("a", recording="a"), track("b", recording="a")),
    ],
)
def test_artists_and_repeats_on_both_sides_must_be_declared(kind: str, a: Track, b: Track) -> None:
    honest = split(train=("a",), test=("b",))
    with pytest.raises(SplitError, match=f"'{kind}'") as caught:
        honest.part([a, b], "train")
    assert caught.value.code == "undeclared_leak"
    assert (a.artist or a.recording or "") in str(caught.value)
    leaky = split(train=("a",), test=("b",), leaks=frozenset({kind}))
    leaky.check([a, b])
    assert [o.kind for o in leaky.overlaps([a, b])] == [kind]


def test_declaring_one_leak_does_not_allow_another() -> None:
    both = [track("a", artist="Cher", recording="r"), track("b", artist="Cher", recording="r")]
    with pytest.raises(SplitError, match="'duplicates'"):
        split(train=("a",), test=("b",), leaks=frozenset({"artists"})).check(both)


def test_unknown_artists_never_overlap_and_no_tracks_know_nothing() -> None:
    mine = split(train=("a",), test=("b",))
    mine.check([track("a"), track("b")])
    assert mine.overlaps([]) == ()


def test_two_tracks_of_one_id_cannot_be_told_apart() -> None:
    mine = split(train=("a",))
    mine.part([track("a"), track("a")], "train")  # the same track twice is one track
    with pytest.raises(SplitError, match="'a'"):
        mine.part([track("a"), track("a", artist="Cher")], "train")


ids = st.lists(st.text(min_size=1, max_size=8).map(composed), unique=True, max_size=12)  # ids are read in this form


@given(ids, ids, st.sets(st.sampled_from(sorted(LEAKS))), st.text(max_size=20), st.integers(1, 9))
def test_json_round_trip(train: list[str], test: list[str], leaks: set[str], words: str, version: int) -> None:
    try:
        mine = Split("näme", version, {"train": tuple(train), "test": tuple(test)}, frozenset(leaks), words)
    except SplitError:
        assert set(train) & set(test)
        assert "segments" not in leaks
        return
    again = Split.from_json(mine.to_json())
    assert again == mine
    assert list(again.parts) == ["train", "test"]


GOOD = split(train=("a",), test=("b",)).to_json()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        (r'{"kind": "genrelens split", "name": "\ud800"}', "not valid JSON: .* surrogates"),
        ("[]", "not a split"),
        ("{}", "not a split"),
        (GOOD.replace('"schema": 1', '"schema": 2'), "schema 2.*update genrelens"),
        (GOOD.replace('"schema": 1', '"schema": true'), "schema True"),
        (GOOD.replace('"version"', '"versions"'), "version, versions"),
        (GOOD.replace('"version": 1', '"version": "1"'), "split.version should be of type int"),
        (GOOD.replace('"leaks": []', '"leaks": "artists"'), "split.leaks should be a list"),
        (GOOD.replace('"a"', "1"), "split.parts"),
    ],
)
def test_a_damaged_split_says_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(SplitError, match=says):
        Split.from_json(text)


def test_reads_from_a_file_and_names_it_when_it_cannot(tmp_path: Path) -> None:
    path = tmp_path / "my split.json"
    path.write_text(GOOD, encoding="utf-8")
    assert Split.read(path).to_json() == GOOD
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SplitError, match=r"my split\.json"):
        Split.read(path)
    with pytest.raises(SplitError, match=r"none\.json"):
        Split.read(tmp_path / "none.json")
    assert json.loads(GOOD)["kind"] == "genrelens split"


def test_pieces_of_one_track_in_two_parts_are_an_overlap_that_must_be_declared(tmp_path: Path) -> None:
    pieces = [
        Track(f"a.{i}", tmp_path / "a.wav", "blues", None, "test", segment_of="a", span_s=(3.0 * i, 3.0 * i + 3))
        for i in range(2)
    ]
    mine = split(train=("a.0",), test=("a.1",))
    with pytest.raises(SplitError, match=r"segments of one track.*a \(train, test\).*'segments'"):
        mine.check(pieces)
    declared = split(train=("a.0",), test=("a.1",), leaks=frozenset({"segments", "artists"}))
    declared.check(pieces)
    assert [(o.kind, o.what) for o in declared.overlaps(pieces)] == [("segments", "a")]
