"""The page of an exploration: one file, nothing loaded, nothing from a file taken for HTML."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import explore_toys as toys
from genrelens.errors import DataError
from genrelens.features.gather import LeftOut, gather
from genrelens.pages.exploration import page as explore
from genrelens.pages.exploration.page import GLOSSARY, MAX_LISTED, explore_page
from genrelens.pages.sections import Section

pytest.importorskip("matplotlib")
from genrelens.pages.exploration import sections as draw

EVIL = '<b onload="x">&"'


class Tags(HTMLParser):
    """Every tag with its attributes, and that they are closed in turn."""

    VOID = frozenset({"meta", "img", "br", "input", "link"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parse(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    assert not tags.open
    return tags


def page_of(*sections: Section, left_out: tuple[LeftOut, ...] = (), kaggle: bool = False) -> str:
    page = explore_page(sections, title=EVIL, lead=[EVIL], left_out=left_out, kaggle_columns=kaggle)
    return page.files("index.html")["index.html"].decode("utf-8")


def test_a_genre_folder_named_like_a_tag_is_only_a_name() -> None:
    toy = toys.described((6, 6, 3), names=(EVIL, "metal", "pop"))
    counts = [draw.GenreCount(EVIL, 6, 6, 6, n_artists=3, n_largest=2, n_unknown=0)]
    examples = Section("examples", EVIL, (EVIL,), None, "", {}, {EVIL: b"mp3"})
    sections = [draw.counts_section(counts), draw.tempo_section(toy, dict.fromkeys(toy.columns, 0.1)), examples]
    page = page_of(*sections, left_out=(LeftOut(EVIL, "sound", EVIL),), kaggle=True)
    tags = parse(page)
    assert not [tag for tag, _ in tags.found if tag in {"b", "script", "link", "iframe", "object"}]
    assert not [name for _, attributes in tags.found for name in attributes if name.startswith("on")]
    assert page.count("&lt;b onload=&#34;x&#34;&gt;&amp;&#34;") >= 8
    assert EVIL not in page


def test_the_page_stands_alone() -> None:
    toy = toys.described()
    section = draw.features_section(toy, draw.numbers.eta_by_column(toy))
    page = page_of(section)
    assert "http" not in page.replace("http-equiv", "")
    tags = parse(page)
    sources = [attributes["src"] for _, attributes in tags.found if "src" in attributes]
    assert len(sources) == 1 and str(sources[0]).startswith("data:image/png;base64,")
    links = [str(attributes["href"]) for tag, attributes in tags.found if tag == "a"]
    anchors = {attributes.get("id") for _, attributes in tags.found}
    assert {link[1:] for link in links if link.startswith("#")} <= anchors
    assert {link for link in links if not link.startswith("#")} == {"features.png", "features.csv", "eta-squared.csv"}
    (policy,) = [a["content"] for tag, a in tags.found if tag == "meta" and "http-equiv" in a]
    assert str(policy).startswith("default-src 'none'")
    (image,) = [attributes for tag, attributes in tags.found if tag == "img"]
    assert str(image["alt"]).startswith("Box plots by genre of 3 features")
    assert "It holds no sound" in page


def test_what_is_known_of_only_some_is_said() -> None:
    counts = [draw.GenreCount("jazz", 8, 8, 2, n_artists=0, n_largest=0, n_unknown=8)]
    assert draw.counts_section(counts).says[0] == "Of 8 tracks, features are known of all; the sound is here of 2."


def test_what_is_left_out_is_counted_and_listed() -> None:
    faulty = tuple(LeftOut(f"jazz.{i}", "all", "known to be faulty") for i in range(MAX_LISTED + 5))
    page = page_of(left_out=(LeftOut("a.mp3", "sound", "it is no sound"), *faulty))
    assert "505 tracks are not in any figure; known to be faulty." in page
    assert "1 more, each for its own reason" in page and "it is no sound" in page
    assert "ends after 500; all are in left-out.csv" in page
    assert "Nothing: every track" in page_of()


def test_every_kaggle_column_is_explained() -> None:
    from genrelens.frontend.descriptors import SETS

    explained = " ".join(GLOSSARY)
    for column in SETS["kaggle57"].columns:
        stem = re.sub(r"_(mean|var)$", "", column)
        assert stem in explained or re.fullmatch(r"mfcc(1?\d|20)", stem), column


@pytest.mark.parametrize(
    ("section", "why"),
    [
        (lambda toy: draw.correlation_section(toys_with(toy, "one_mean")), "two columns"),
        (lambda toy: draw.correlation_section(toy.part(np.array([0, 1]))), "three tracks"),
        (lambda toy: draw.tempo_section(toys_with(toy, "a_mean"), {}), "no number in a column named tempo"),
        (lambda toy: draw.features_section(one := toy.part(toy.rows_of("pop")), eta(one)), "two genres"),
        (lambda toy: draw.map_section("map-features", "t", "too few.", about=""), "too few"),
        (lambda toy: draw.examples_section({}, n_features=5, missing=["pop"], sound=False), "no track with features"),
    ],
)
def test_what_cannot_be_drawn_says_why(section: object, why: str) -> None:
    found: Section = section(toys.described())  # type: ignore[operator]
    assert found.figure is None
    assert why in found.says[0] and found.says[0].startswith("Not drawn")
    assert why in page_of(found)


def toys_with(toy: draw.Described, column: str) -> draw.Described:
    """The same tracks with one column of another name."""
    return draw.Described(toy.names, toy.ids, toy.labels, toy.artists, (column,), toy.values[:, :1])


def eta(toy: draw.Described) -> dict[str, float]:
    return draw.numbers.eta_by_column(toy)


def test_the_numbers_beside_the_figures() -> None:
    toy = toys.described()
    share = eta(toy)
    tempo = draw.tempo_section(toy, share).tables
    assert len(tempo["tempo"].rows) == 3 and len(tempo["tempo-tracks"].rows) == len(toy.ids)
    features = draw.features_section(toy, share).tables
    assert len(features["features"].rows) == 3 * len(toy.columns)
    assert [row[0] for row in features["eta-squared"].rows] == list(share)
    assert sum(int(row[2] or 0) for row in features["eta-squared"].rows) == 3
    matrix = draw.correlation_section(toy).tables["correlation"]
    assert matrix.header == ("feature", "rms_mean", "rolloff_mean", "mfcc1_mean")
    assert [row[k + 1] for k, row in enumerate(matrix.rows)] == pytest.approx([1.0] * 3)


def test_a_folder_of_something_else_is_not_touched(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    explore.FOLDER.claim(mine)
    explore.FOLDER.claim(mine)  # an earlier exploration may be written over
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("all of it")
    with pytest.raises(DataError, match="not empty"):
        explore.FOLDER.claim(other)
    with pytest.raises(DataError, match="is a file"):
        explore.FOLDER.claim(other / "thesis.txt")
    (mine / explore.MARKER).write_text("[]")
    with pytest.raises(DataError, match="not one of this genrelens"):
        explore.FOLDER.claim(mine)
    assert [path.name for path in other.iterdir()] == ["thesis.txt"]


def test_an_example_that_fails_gives_way_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    from genrelens.errors import AudioError

    rows = [(f"{genre}{i}.wav", genre, (float(i),) * 5) for genre in ("jazz", "pop") for i in range(3)]
    data = toys.loaded(*((name, genre, None) for name, genre, _ in rows))
    found = gather(data, toys.table(rows))

    def load(track: object) -> object:
        if track.id in {"jazz1.wav", "pop0.wav", "pop1.wav", "pop2.wav"}:  # type: ignore[attr-defined]
            raise AudioError("no sound")
        return track

    monkeypatch.setattr(explore, "load_example", load)
    examples = explore._examples(found, audible={track.id for track in found.with_sound})
    assert {genre: example.id for genre, example in examples.items()} == {"jazz": "jazz0.wav"}  # type: ignore[attr-defined]
