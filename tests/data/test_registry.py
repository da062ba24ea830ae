import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import make_music
from genrelens.audit.check import check
from genrelens.data import Split, Track, gtzan, registry, synthetic
from genrelens.data.dataset import Dataset, Music, Source
from genrelens.errors import DataError, SplitError
from genrelens.features import track_source
from genrelens.taxonomy import Taxonomy


@pytest.fixture
def tiny_gtzan(tmp_path: Path) -> Path:
    folder = tmp_path / "genres" / "blues"
    folder.mkdir(parents=True)
    (folder / "blues.00000.wav").write_bytes(b"RIFF" + b"\0" * 40)
    return tmp_path


@pytest.fixture
def tiny_synthetic(tmp_path: Path) -> Path:
    synthetic.write_corpus(tmp_path / "s", n_per_style=1, seed=0, duration_s=0.05)
    return tmp_path / "s"


@pytest.fixture
def tiny_fma_small(tmp_path: Path) -> Path:
    return make_music.fma(tmp_path)


@pytest.fixture
def tiny_fma_medium(tmp_path: Path) -> Path:
    return make_music.fma(tmp_path, subset="medium")


@pytest.fixture
def tiny_fma_large(tmp_path: Path) -> Path:
    return make_music.fma(tmp_path, subset="large")


@pytest.fixture
def tiny_folder(tmp_path: Path) -> Path:
    for name in ("polka/a.mp3", "polka/album/b.flac", "tango/c.wav"):
        make_music.noise(tmp_path / name)
    return tmp_path


@pytest.fixture
def tiny_tags(tmp_path: Path) -> Path:
    for i, genre in enumerate(("Polka", "Tango", "Tango")):
        make_music.noise(tmp_path / f"{i}.mp3", tags={"genre": genre, "artist": f"Band {i}"})
    return tmp_path


@pytest.fixture
def tiny_table(tmp_path: Path) -> Path:
    rows = [f"{i}.wav,{genre}" for i, genre in enumerate(("Polka", "Tango", "Tango"))]
    for i in range(3):
        make_music.noise(tmp_path / f"{i}.wav")
    (tmp_path / "labels.csv").write_text("\n".join(["path,genre", *rows]) + "\n", encoding="utf-8")
    return tmp_path


ROWS = {
    "synthetic": 10,
    "gtzan": 1,
    "fma_small": 6,
    "fma_medium": 6,
    "fma_large": 6,
    "table": 3,
    "folder": 3,
    "tags": 3,
}


@pytest.mark.parametrize("name", ROWS)
def test_every_data_set_keeps_the_contract(
    name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = request.getfixturevalue(f"tiny_{name}")
    n = ROWS[name]
    assert registry.detect(root) == name
    loaded = registry.open_dataset(root)
    tracks = registry.load(root)
    assert loaded.tracks == tracks
    assert loaded.dataset == name
    assert len(tracks) == n
    assert len({track.id for track in tracks}) == n
    assert [track.id for track in tracks] == sorted(track.id for track in tracks)
    assert {track.dataset for track in tracks} == {name}
    assert all(track.path.is_file() for track in tracks)
    assert {track.genre for track in tracks} <= set(loaded.taxonomy.names)
    assert registry.taxonomy(name, tracks) == loaded.taxonomy
    assert registry.load(str(root), dataset=name) == tracks
    assert registry.splits(name)[-2:] == ("hold-out", "k-fold")
    with pytest.raises(SplitError, match=r"no split 'none such'.*hold-out, k-fold, or a \.json file") as caught:
        registry.split(name, "none such", tracks=tracks)
    assert caught.value.code == "unknown_split"
    monkeypatch.setenv("GENRELENS_DATA", str(root))
    assert registry.load() == tracks


# A data set is its page, a line in the table, and a row above: here is a toy one in these three places.


def toy_page() -> Dataset:
    """The page: files called ``toy-<genre>-<artist>-<number>.wav`` in one folder."""

    def load(root: Path) -> Music:
        tracks = [
            Track(path.stem, path, *path.stem.split("-")[1:3], "toy")  # type: ignore[misc]
            for path in sorted(root.glob("toy-*.wav"))
        ]
        return Music(tuple(tracks), missing=("toy-polka-z-9",))

    return Dataset(
        is_it=lambda root: any(root.glob("toy-*.wav")),
        load=load,
        expects="files like toy-polka-ann-1.wav",
        title="Toys",
        taxonomy=Taxonomy(("polka", "tango")),
        splits=("tangos",),
        split=lambda name, tracks: (
            registry.folds.computed_split("hold-out", tracks=tracks) if name == "tangos" else unknown(name)
        ),
        published_split="tangos",
        never_train=lambda: frozenset({"toy-polka-ann-1"}),
        segments=lambda tracks: tuple(
            replace(track, id=f"{track.id}.{i}", segment_of=track.id, span_s=(i, i + 1))
            for track in tracks
            for i in range(2)
        ),
        file_name=lambda id_: f"{id_}.wav",
        sources=(Source("toy", "https://example.org/toy.zip", "toy.zip", "toy", "1 MB", 10**6, "none"),),
    )


def unknown(name: str) -> Split:
    raise SplitError(f"toys have no split {name!r}", code="unknown_split")


def test_a_new_data_set_is_a_page_a_line_and_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    others = dict(registry.DATASETS)
    monkeypatch.setattr(registry, "DATASETS", {"toy": toy_page(), **others})  # the line
    for genre in ("polka", "tango"):
        for artist in ("ann", "bob", "cy", "dee", "eve"):
            make_music.noise(tmp_path / f"toy-{genre}-{artist}{genre}-1.wav")
    make_music.noise(tmp_path / "toy-polka-ann-1.wav")
    monkeypatch.setitem(ROWS, "toy", 11)  # the row, and its folder:
    monkeypatch.setattr(request, "getfixturevalue", {"tiny_toy": tmp_path}.__getitem__)
    test_every_data_set_keeps_the_contract("toy", request, monkeypatch)
    tracks = registry.load(tmp_path)
    assert registry.splits("toy")[0] == "tangos"
    assert registry.split("toy", "tangos", tracks=tracks).name == "hold-out"
    assert "toy-polka-ann-1" not in str(registry.split("toy", "hold-out", tracks=tracks).parts)
    assert len(registry.segments("toy", tracks, leaks={"segments"})) == 22
    assert registry.segments("toy", tracks, leaks={"artists"}) == tracks
    assert track_source(tracks[0]).filename == f"{tracks[0].id}.wav"
    assert registry.clips_of_rows("toy", ["a"]) == ()
    assert registry.open_dataset(tmp_path).missing == ("toy-polka-z-9",)
    checked = check(tmp_path, quick=True)
    assert [(problem.kind, problem.what) for problem in checked.problems] == [("missing", "toy-polka-z-9")]
    with pytest.raises(DataError, match=r"\(toy, .*expected files like toy-polka-ann-1.wav, .*or music with"):
        (tmp_path / "empty").mkdir()
        registry.load(tmp_path / "empty")


def test_no_room_but_the_registry_and_its_page_knows_a_data_set() -> None:
    """Names of published sets stand in their pages; the commands and systems that are about one may ask for it."""
    source = Path(registry.__file__).parents[1]
    about_one = {"cli/synthesise.py", "cli/learn.py"}
    for path in source.rglob("*.py"):
        place = path.relative_to(source).as_posix()
        if place.startswith(("data/", "systems/")) or place in about_one:
            continue
        found = re.findall(r"from genrelens\.data import [^\n]*\b(?:gtzan|fma|synthetic)\b", path.read_text("utf-8"))
        assert not found, (place, found)


def test_every_data_set_has_a_row_above() -> None:
    assert list(registry.DATASETS) == list(ROWS)


def test_an_unknown_name_lists_the_known_ones(tiny_gtzan: Path) -> None:
    with pytest.raises(DataError, match="'fma'; known data sets: synthetic, gtzan, fma_small"):
        registry.load(tiny_gtzan, dataset="fma")


def test_a_named_data_set_that_is_not_there_is_refused(tiny_gtzan: Path) -> None:
    for name, expected in (
        ("synthetic", "not a synthetic corpus"),
        ("fma_small", r"expected fma_small/000/000002\.mp3"),
        ("table", "no table in"),
    ):
        with pytest.raises(DataError, match=expected):
            registry.load(tiny_gtzan, dataset=name)


def test_a_folder_of_nothing_known_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none of the data sets.*synthetic, gtzan.*blues\.00000\.wav") as caught:
        registry.load(tmp_path)
    assert caught.value.code == "unknown_dataset"


def test_of_two_data_sets_in_one_folder_the_first_is_taken_and_it_is_said(tiny_gtzan: Path) -> None:
    make_music.fma(tiny_gtzan)
    loaded = registry.open_dataset(tiny_gtzan)
    assert loaded.dataset == "gtzan"
    assert "holds gtzan and fma_small: gtzan is taken; name the other to take that" in loaded.notes[0]
    assert registry.open_dataset(tiny_gtzan, dataset="fma_small").notes == ()


def test_a_music_folder_beside_a_known_set_does_not_count(tiny_gtzan: Path) -> None:
    make_music.noise(tiny_gtzan / "polka" / "a.wav")
    assert registry.open_dataset(tiny_gtzan).notes == ("there is one genre only, 'blues', and nothing to tell it from",)


def test_a_tables_file_is_a_data_set_too(tiny_table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = (tiny_table / "labels.csv").rename(tiny_table / "mine.csv")
    assert registry.detect(moved) == "table"
    assert len(registry.load(moved)) == 3
    monkeypatch.setenv("GENRELENS_DATA", str(moved))
    assert len(registry.load()) == 3
    with pytest.raises(DataError, match="is not a folder"):
        registry.load(tiny_table / "0.wav")


def test_splits_by_name(tmp_path: Path) -> None:
    tracks = synthetic.write_corpus(tmp_path / "s", n_per_style=5, seed=0, duration_s=0.05)
    made = registry.split("synthetic", "by-timbre", tracks=tracks)
    assert made == synthetic.split("by-timbre", tracks=tracks)
    assert registry.split("gtzan", "s4") == gtzan.split("s4")
    with pytest.raises(SplitError, match="'s4'; its only split: by-timbre"):
        registry.split("synthetic", "s4")
    with pytest.raises(DataError, match="known data sets"):
        registry.split("fma", "s4")


def test_computed_splits_of_gtzan_leave_its_faulty_clips_out() -> None:
    facts = gtzan.facts()
    tracks = tuple(
        gtzan_track
        for gtzan_track in (
            registry.Track(
                id_, Path(id_), id_.split(".")[0], facts.artists.get(id_), "gtzan", facts.recordings.get(id_)
            )
            for id_ in gtzan.all_ids()
        )
    )
    for name in ("hold-out", "k-fold", "k-fold-10"):
        split = registry.split("gtzan", name, tracks=reversed(tracks))
        assert split.overlaps(tracks) == ()
        assert not split.leaks
        ids = split.ids("+".join(split.parts))
        assert set(ids) == set(gtzan.all_ids()) - facts.left_out
    assert list(split.parts) == [f"fold-{k}" for k in range(1, 11)]
    hold_out = registry.split("gtzan", "hold-out", tracks=tracks)
    shares = {part: len(ids) / 930 for part, ids in hold_out.parts.items()}
    assert shares == pytest.approx({"train": 0.64, "valid": 0.16, "test": 0.2}, abs=0.03)


def test_importing_the_data_room_is_light() -> None:
    data = (
        "registry",
        "splits.folds",
        "gtzan",
        "fma",
        "own_music.table",
        "own_music.tags",
        "synthetic",
        "splits.split",
        "track",
    )
    modules = [*("genrelens.data." + name for name in data), "genrelens.features.frame_cache"]
    code = (
        f"import sys, {', '.join(modules)}\nheavy = "
        f"{'torch', 'scipy', 'sklearn', 'pandas', 'librosa', 'matplotlib', 'lightning', 'pyarrow', 'av'} & "
        "sys.modules.keys()\nassert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("dataset", [None, "gtzan"])
def test_a_known_data_set_is_found_some_levels_below(tmp_path: Path, dataset: str | None) -> None:
    genres = tmp_path / "hub" / "versions" / "1" / "Data" / "genres_original"
    for genre in ("blues", "jazz"):
        (genres / genre).mkdir(parents=True)
        (genres / genre / f"{genre}.00000.wav").write_bytes(b"RIFF" + b"\0" * 40)
    (genres / "jazz" / "cover.jpg").touch()
    for place in (tmp_path, tmp_path / "hub"):
        loaded = registry.open_dataset(place, dataset=dataset)
        assert (loaded.dataset, len(loaded.tracks)) == ("gtzan", 2)
        assert loaded.root == tmp_path / "hub" / "versions" / "1"
        assert f"the data set gtzan is the one in {str(loaded.root)!r}" in loaded.notes[0]
        assert loaded.passed_over == {".jpg": 1}
        assert registry.detect(place) == "gtzan"
    picture = genres.parent / "images_original" / "jazz" / "jazz00000.png"
    picture.parent.mkdir(parents=True)
    picture.touch()
    assert [track.path for track in gtzan.picture_tracks(tmp_path)] == [picture]


def test_a_table_and_fma_are_found_a_level_below(tiny_fma_small: Path, tiny_tags: Path) -> None:
    assert tiny_fma_small == tiny_tags  # one folder: the table of the other is moved aside
    aside = tiny_tags / "mine"
    aside.mkdir()
    for path in tiny_tags.glob("*.mp3"):
        path.rename(aside / path.name)
    (aside / "labels.csv").write_text("path,genre\n0.mp3,Polka\n1.mp3,Tango\n", encoding="utf-8")
    fma = tiny_tags / "there" / "fma"
    fma.mkdir(parents=True)
    (tiny_tags / "fma_small").rename(fma / "fma_small")
    (tiny_tags / "fma_metadata").rename(fma / "fma_metadata")
    assert registry.open_dataset(tiny_tags / "there").dataset == "fma_small"
    shutil.rmtree(tiny_tags / "there")
    assert len(registry.load(tiny_tags, dataset="table")) == len(registry.load(tiny_tags)) == 2


def test_a_misspelt_split_is_told_which_was_meant(tmp_path: Path) -> None:
    from genrelens.data.registry import find_split

    with pytest.raises(SplitError, match="did you mean 'fault-filtered'"):
        find_split("fault-filterd", dataset="gtzan", tracks=())
