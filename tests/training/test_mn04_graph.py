"""`genrelens weights fetch plus`: what is fetched, refused and made, from a server in this process."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnxscript")

import torch

import mn04_expected
import tiny_mn04
from genrelens.bundle.mn04 import Mn04, graph_path
from genrelens.cli import main
from genrelens.errors import BundleError, DataError, MissingExtraError
from genrelens.frontend.frames import frames_of
from genrelens.frontend.mn04 import Mn04Settings, log_mel
from genrelens.models import mn04
from genrelens.training import mn04 as making
from genrelens.training.mn04 import MN04, Release, convert, fetch_mn04


@dataclass
class Site:
    """A server of one file, and how it misbehaves."""

    content: bytes = b""
    cut_after: list[int] = field(default_factory=list)
    n_asked: int = 0
    url: str = ""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        site: Site = self.server.site  # type: ignore[attr-defined]
        site.n_asked += 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(site.content)))
        self.end_headers()
        self.wfile.write(site.content[: site.cut_after.pop(0)] if site.cut_after else site.content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[Site]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site = Site(b"weights " * 1000)
        server.site = site  # type: ignore[attr-defined]
        site.url = f"http://127.0.0.1:{server.server_port}/{MN04.name}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield site
        server.shutdown()
        thread.join()


@pytest.fixture
def release(site: Site) -> Release:
    return Release(site.url, MN04.name, hashlib.sha256(site.content).hexdigest())


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making a graph takes no torch here: what is written says of which file it is made."""

    def write(source: Path, target: Path, *, release: Release) -> None:
        tiny_mn04.write(target, source_sha256=hashlib.sha256(source.read_bytes()).hexdigest())

    monkeypatch.setattr(making, "convert", write)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# Fetching


@pytest.mark.usefixtures("quick")
def test_good_bytes_become_the_graph_and_are_not_fetched_twice(site: Site, release: Release, home: Path) -> None:
    made = fetch_mn04(release=release, wait_s=0)
    assert made == graph_path() == home / "genrelens/weights/mn04.onnx"
    assert names_in(made.parent) == ["mn04.onnx", MN04.name]
    before = made.read_bytes()
    assert fetch_mn04(release=release, wait_s=0) == made
    made.unlink()
    fetch_mn04(release=release, wait_s=0)
    assert (site.n_asked, made.read_bytes()) == (1, before)
    # What was damaged meanwhile is fetched again.
    made.unlink()
    made.with_name(MN04.name).write_bytes(site.content[:-1])
    fetch_mn04(release=release, wait_s=0)
    assert (site.n_asked, made.read_bytes()) == (2, before)


@pytest.mark.usefixtures("quick")
def test_a_graph_of_other_weights_is_made_anew(site: Site, release: Release) -> None:
    tiny_mn04.write(graph_path(), source_sha256="1" * 64)
    fetch_mn04(release=release, wait_s=0)
    assert Mn04.load().source_sha256 == release.sha256


@pytest.mark.usefixtures("quick")
def test_cut_bytes_are_fetched_to_their_end(site: Site, release: Release) -> None:
    site.cut_after = [100, 5000]
    fetch_mn04(release=release, wait_s=0)
    assert Mn04.load().source_sha256 == release.sha256


@pytest.mark.usefixtures("quick")
def test_bytes_that_never_come_whole_make_nothing(site: Site, release: Release) -> None:
    site.cut_after = [100] * 20
    with pytest.raises(DataError, match=f"and give its path: genrelens weights fetch plus {MN04.name}") as caught:
        fetch_mn04(release=release, wait_s=0)
    assert caught.value.code == "source_dead"
    assert names_in(graph_path().parent) == [f"{MN04.name}.part"]


@pytest.mark.usefixtures("quick")
def test_wrong_bytes_are_deleted(site: Site, release: Release) -> None:
    site.content = b"another " * 1000
    with pytest.raises(DataError, match=f"expected {release.sha256}"):
        fetch_mn04(release=release, wait_s=0)
    assert names_in(graph_path().parent) == []


@pytest.mark.usefixtures("quick")
def test_more_bytes_than_the_file_can_have_are_not_taken(
    site: Site, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "MAX_BYTES", 7999)
    with pytest.raises(DataError, match="gives 8,000 bytes or more, expected at most 7,999"):
        fetch_mn04(release=release, wait_s=0)
    assert names_in(graph_path().parent) == []


def test_no_network_says_how_to_do_it_by_hand(release: Release) -> None:
    nobody = replace(release, url="http://127.0.0.1:9/none.pt")
    with pytest.raises(DataError, match=r"cannot be had: .* Get mn04_as_mAP_432.pt by other means"):
        fetch_mn04(release=nobody, wait_s=0)


def test_a_home_that_cannot_be_written_is_said(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    home.write_text("no folder")
    with pytest.raises(DataError, match=r"cannot be made: .*; name a folder that can be written in .* XDG_DATA_HOME"):
        fetch_mn04()
    home.unlink()

    def read_only(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system", str(home))

    monkeypatch.setattr(Path, "mkdir", read_only)
    with pytest.raises(SystemExit) as stopped:
        main(["weights", "fetch", "plus"])
    said = capsys.readouterr().err
    assert stopped.value.code == 1 or stopped.value.code == 2
    assert f"{str(home)!r}, cannot be made: Read-only file system; name a folder" in said and "Traceback" not in said


def test_what_is_not_installed_is_said_before_anything_is_fetched(
    site: Site, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genrelens.errors.find_spec", lambda module: None if module == "torch" else object())
    with pytest.raises(MissingExtraError, match=r"pip install '.\[pretrained\]'"):
        fetch_mn04(release=release, wait_s=0)
    assert site.n_asked == 0


@pytest.mark.usefixtures("quick")
def test_a_file_at_hand_is_taken_and_stays(
    tmp_path: Path, site: Site, release: Release, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    file = tmp_path / "mine.pt"
    file.write_bytes(site.content)
    assert fetch_mn04(file, release=release).is_file()
    assert file.is_file() and site.n_asked == 0
    with pytest.raises(SystemExit) as stopped:
        main(["weights", "fetch", "plus", str(file)])
    captured = capsys.readouterr()
    assert (stopped.value.code, captured.out) == (0, f"{graph_path()}\n")
    assert "--model plus" in captured.err


# Making the graph


def released(path: Path, table: Any) -> Release:
    torch.save(table, path)
    return Release("http://nowhere", path.name, hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.mark.slow
def test_the_real_file_becomes_a_graph_that_says_what_an_independent_reading_got(tmp_path: Path) -> None:
    source = mn04_expected.folder() / mn04_expected.RELEASED
    network = Mn04.load(fetch_mn04(source))
    assert network.source_sha256 == MN04.sha256
    settings, expected = Mn04Settings(), mn04_expected.expected()
    for name in mn04_expected.SIGNALS:
        [row] = network(frames_of(mn04_expected.signal(name), settings=settings)[np.newaxis])
        np.testing.assert_allclose(row[:384], expected[f"{name}_features"], rtol=0, atol=1e-3)
        np.testing.assert_allclose(row[384:], expected[f"{name}_logits"], rtol=0, atol=1e-3)
    # Of any length, as the network itself says it.
    tensors = torch.load(source, weights_only=True)
    plain = mn04.with_weights({key: value for key, value in tensors.items() if not mn04.is_counter(key)})
    power = frames_of(mn04_expected.signal("beats"), settings=settings)
    for n_frames in (25, 730):
        with torch.inference_mode():
            said = plain(torch.from_numpy(log_mel(power[np.newaxis, :n_frames], settings=settings)))
        np.testing.assert_allclose(network(power[np.newaxis, :n_frames])[0, 384:], said.logits[0], rtol=0, atol=1e-3)


class Malice:
    """Unpickled, it would leave a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: {key: value for key, value in table.items() if key != "classifier.2.bias"}, "is missing"),
        (lambda table: table | {"more": torch.zeros(1)}, "'more' is unknown"),
        (lambda table: table | {"classifier.2.bias": torch.zeros(511)}, r"float32 \(511,\), expected"),
        (lambda table: table | {"classifier.2.bias": torch.full((512,), torch.nan)}, "not finite"),
        (lambda table: list(table), "it holds a list"),
        (lambda table: {"x": Malice(Path("was-here"))}, "torch cannot read it"),
    ],
)
def test_a_file_of_other_weights_is_refused(
    change: Callable[[dict[str, Any]], Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    release = released(tmp_path / "a.pt", change(mn04.random_weights(seed=0)))
    with pytest.raises(BundleError, match=message):
        convert(tmp_path / "a.pt", tmp_path / "out", release=release)
    assert names_in(tmp_path) == ["a.pt"]


def test_another_file_than_the_released_is_not_even_opened(tmp_path: Path) -> None:
    released(tmp_path / "a.pt", {"x": Malice(tmp_path / "was-here")})
    with pytest.raises(BundleError, match=f"that of mn04_as_mAP_432.pt begins with {MN04.sha256}"):
        fetch_mn04(tmp_path / "a.pt")
    with pytest.raises(BundleError, match="there is no such file"):
        fetch_mn04(tmp_path / "none.pt")
    assert not (tmp_path / "was-here").exists()


# Reading it


def test_without_the_graph_a_sentence_says_how_to_get_it() -> None:
    with pytest.raises(BundleError, match="the weights of mn04 are not here; `genrelens weights fetch plus`") as caught:
        Mn04.load()
    assert caught.value.code == "not_fetched"


@pytest.mark.parametrize("content", [b"", b"no graph", None])
def test_a_graph_that_is_damaged_or_another_is_refused(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "mn04.onnx"
    path.write_bytes(tiny_mn04.graph(widths={"features": 384, "logits": 50}) if content is None else content)
    with pytest.raises(BundleError):
        Mn04.load(path)


@pytest.mark.parametrize(
    ("environment", "folder"),
    [({"XDG_DATA_HOME": "/data"}, "/data/genrelens"), ({"XDG_DATA_HOME": "data"}, "/me/.local/share/genrelens")],
)
def test_the_users_folder_is_the_systems(
    environment: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(Path, "home", lambda: Path("/me"))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert graph_path() == Path(folder) / "weights/mn04.onnx"
