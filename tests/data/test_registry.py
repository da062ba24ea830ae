import subprocess
import sys
from pathlib import Path

import pytest

from genrelens.data import gtzan, registry, synthetic
from genrelens.errors import DataError, SplitError


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


@pytest.mark.parametrize(
    ("name", "fixture", "n"), [("gtzan", "tiny_gtzan", 1), ("synthetic", "tiny_synthetic", 10)]
)
def test_every_data_set_keeps_the_contract(
    name: str, fixture: str, n: int, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = request.getfixturevalue(fixture)
    assert registry.detect(root) == name
    tracks = registry.load(root)
    assert len(tracks) == n
    assert len({track.id for track in tracks}) == n
    assert {track.dataset for track in tracks} == {name}
    assert {track.genre for track in tracks} <= set(registry.TAXONOMIES[name].names)
    assert registry.load(str(root), dataset=name) == tracks
    monkeypatch.setenv("GENRELENS_DATA", str(root))
    assert registry.load() == tracks


def test_every_data_set_has_a_row_above() -> None:
    assert registry.DATASETS.keys() == registry.TAXONOMIES.keys() == {"gtzan", "synthetic"}


def test_an_unknown_name_lists_the_known_ones(tiny_gtzan: Path) -> None:
    with pytest.raises(DataError, match="'fma'; known data sets: gtzan, synthetic"):
        registry.load(tiny_gtzan, dataset="fma")


def test_a_named_data_set_that_is_not_there_is_refused(tiny_gtzan: Path) -> None:
    with pytest.raises(DataError, match="not a synthetic corpus"):
        registry.load(tiny_gtzan, dataset="synthetic")


def test_a_folder_of_nothing_known_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none of the data sets.*gtzan, synthetic.*blues\.00000\.wav"):
        registry.load(tmp_path)


def test_splits_by_name(tmp_path: Path) -> None:
    tracks = synthetic.write_corpus(tmp_path / "s", n_per_style=5, seed=0, duration_s=0.05)
    made = registry.split("synthetic", "by-timbre", tracks=tracks)
    assert made == synthetic.split("by-timbre", tracks=tracks)
    assert registry.split("gtzan", "s4") == gtzan.split("s4")
    with pytest.raises(SplitError, match="'s4'; its only split: by-timbre"):
        registry.split("synthetic", "s4")
    with pytest.raises(DataError, match="known data sets"):
        registry.split("fma", "s4")


def test_importing_the_data_room_is_light() -> None:
    modules = ("registry", "cache", "folds", "gtzan", "synthetic", "split", "track")
    code = (
        f"import sys, {', '.join('genrelens.data.' + name for name in modules)}\nheavy = "
        f"{'torch', 'scipy', 'sklearn', 'pandas', 'librosa', 'matplotlib', 'lightning'} & "
        "sys.modules.keys()\nassert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
