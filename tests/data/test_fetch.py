"""Downloads from a server in this process: cut, resumed, altered, gone; and archives that lie."""

from __future__ import annotations

import errno
import gzip
import hashlib
import http.server
import io
import json
import os
import shutil
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genrelens.data.fetch import SOURCES, Source, download, fetch, manifest_path, read_manifest, unpack
from genrelens.data.fetch.archives import safe_path
from genrelens.errors import DataError

CONTENT = bytes(range(256)) * 5000  # 1.28 MB: more than one piece
SHA256 = hashlib.sha256(CONTENT).hexdigest()
SUM = ("sha1", hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest())


@dataclass
class Site:
    """A server of one file, and how it misbehaves."""

    content: bytes = CONTENT
    knows_ranges: bool = True
    cut_after: list[int] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    says_sha256: str = ""
    says_length: bool = True
    asked: list[str | None] = field(default_factory=list)
    asked_by: set[str | None] = field(default_factory=set)
    url: str = ""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        site: Site = self.server.site  # type: ignore[attr-defined]
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/file")
            self.send_header("X-Linked-Etag", f'"{site.says_sha256}"')
            self.end_headers()
            return
        wanted = self.headers.get("Range")
        site.asked.append(wanted)
        site.asked_by.add(self.headers.get("User-Agent"))
        if site.answers and (status := site.answers.pop(0)) != 200:
            self.send_error(status)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and site.knows_ranges else 0
        if start and start >= len(site.content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(site.content)}")
            self.end_headers()
            return
        body = site.content[start:]
        self.send_response(206 if start else 200)
        if start:
            last = len(site.content) - 1
            self.send_header("Content-Range", f"bytes {start}-{last}/{len(site.content)}")
        if site.says_length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: site.cut_after.pop(0)] if site.cut_after else body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[Site]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site = Site()
        server.site = site  # type: ignore[attr-defined]
        site.url = f"http://127.0.0.1:{server.server_port}/file"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield site
        server.shutdown()
        thread.join()


def test_a_file_is_downloaded_checked_and_renamed(site: Site, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int | None]] = []
    said = download(site.url, tmp_path / "a", checksum=SUM, progress=lambda *step: seen.append(step), wait_s=0)
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert said == "checked against its published sha1"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert site.asked == [None]
    assert site.asked_by == {f"genrelens/{version('genrelens')}"}
    downloading = [step for step in seen if step[0] == "downloading"]
    assert downloading[-1] == ("downloading", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in downloading] == sorted(done for _, done, _ in downloading)
    assert ("checking", len(CONTENT), len(CONTENT)) in seen


def test_a_cut_connection_is_taken_up_where_it_broke(site: Site, tmp_path: Path) -> None:
    site.cut_after = [700_000, 100_000]
    download(site.url, tmp_path / "a", checksum=SUM, wait_s=0)
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert site.asked == [None, "bytes=700000-", "bytes=800000-"]


def test_a_later_call_goes_on_with_the_part(site: Site, tmp_path: Path) -> None:
    (tmp_path / "a.part").write_bytes(CONTENT[:12_345])
    download(site.url, tmp_path / "a", checksum=SUM, wait_s=0)
    assert site.asked == ["bytes=12345-"]
    assert (tmp_path / "a").read_bytes() == CONTENT


def test_a_connection_that_always_breaks_gives_up_and_keeps_the_part(site: Site, tmp_path: Path) -> None:
    site.cut_after = [1000] * 20
    with pytest.raises(
        DataError, match=r"5,000 bytes are kept, and the same command goes on from there. By hand"
    ) as caught:
        download(site.url, tmp_path / "a", checksum=SUM, by_hand="By hand: do it", wait_s=0)
    assert caught.value.code == "source_dead"
    assert (tmp_path / "a.part").read_bytes() == CONTENT[:5000]
    site.cut_after = []
    download(site.url, tmp_path / "a", checksum=SUM, wait_s=0)
    assert site.asked[-1] == "bytes=5000-"


def test_a_server_that_ignores_ranges_gives_it_all_again(site: Site, tmp_path: Path) -> None:
    site.knows_ranges = False
    (tmp_path / "a.part").write_bytes(b"x" * 2_000_000)
    download(site.url, tmp_path / "a", checksum=SUM, wait_s=0)
    assert (tmp_path / "a").read_bytes() == CONTENT


def test_a_whole_part_is_only_checked_and_a_too_long_one_begun_again(site: Site, tmp_path: Path) -> None:
    (tmp_path / "a.part").write_bytes(CONTENT)
    download(site.url, tmp_path / "a", checksum=SUM, wait_s=0)
    (tmp_path / "b.part").write_bytes(CONTENT + b"more")
    download(site.url, tmp_path / "b", checksum=SUM, wait_s=0)
    assert (tmp_path / "b").read_bytes() == CONTENT


def test_a_wrong_checksum_deletes_the_part(site: Site, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"whose sha1 is {SUM[1]}, expected 00") as caught:
        download(site.url, tmp_path / "a", checksum=("sha1", "00"), wait_s=0)
    assert caught.value.code == "wrong_checksum"
    assert list(tmp_path.iterdir()) == []


def test_without_a_published_sum_the_servers_own_is_taken(site: Site, tmp_path: Path) -> None:
    url = site.url.replace("/file", "/moved")
    site.says_sha256 = SHA256
    assert download(url, tmp_path / "a", wait_s=0) == "checked against the sha256 that the server sends"
    site.says_sha256 = "0" * 64
    with pytest.raises(DataError, match="expected 0000"):
        download(url, tmp_path / "b", wait_s=0)
    assert download(site.url, tmp_path / "c", wait_s=0).startswith("not checked: neither the source nor the server")


def test_a_length_that_is_not_said_is_no_fault(site: Site, tmp_path: Path) -> None:
    site.says_length = False
    seen: list[int | None] = []
    download(site.url, tmp_path / "a", checksum=SUM, progress=lambda stage, _, n: seen.append(n), wait_s=0)
    assert seen[0] is None
    assert (tmp_path / "a").read_bytes() == CONTENT


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_dead_source_says_what_to_do_by_hand(site: Site, tmp_path: Path, status: int) -> None:
    site.answers = [status]
    with pytest.raises(DataError, match=f"the server answers {status} .*By hand: do it") as caught:
        download(site.url, tmp_path / "a", by_hand="By hand: do it", wait_s=0)
    assert caught.value.code == "source_dead"
    assert len(site.asked) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_stumbles_is_asked_again(site: Site, tmp_path: Path) -> None:
    site.answers = [503, 500]
    download(site.url, tmp_path / "a", checksum=SUM, wait_s=0)
    assert len(site.asked) == 3
    site.answers = [503] * 9
    with pytest.raises(DataError, match="the server answers 503"):
        download(site.url, tmp_path / "b", wait_s=0)


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot be had: .*refused.* By hand"):
        download("http://127.0.0.1:9/x", tmp_path / "a", by_hand="By hand", wait_s=0)


def test_a_disk_that_is_too_small_is_said_before_the_download(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(DataError, match=r"has 0\.0 GB left, 0\.0 GB are needed; make room") as caught:
        download(site.url, tmp_path / "a", wait_s=0)
    assert caught.value.code == "disk_full"
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_keeps_what_is_there(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(DataError, match=r"No space left on device; what is there is kept") as caught:
            download(site.url, tmp_path / "a", wait_s=0)
    assert caught.value.code == "disk_full"
    assert (tmp_path / "a.part").exists()
    assert not (tmp_path / "a").exists()


# archives


def zipped(path: Path, files: dict[str, bytes], *, links: dict[str, str] | None = None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        for name, to in (links or {}).items():
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o120777 << 16
            archive.writestr(info, to)
    return path


def tarred(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for info, content in members:
            info.size = len(content) if info.isreg() else 0
            archive.addfile(info, io.BytesIO(content))
    return path


def member(name: str, *, kind: bytes = tarfile.REGTYPE, to: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, to
    return info


def test_zip_and_tar_are_unpacked_with_their_sums(tmp_path: Path) -> None:
    zip_file = zipped(tmp_path / "a.zip", {"f/": b"", "f/x.mp3": b"one", "f/g/y.mp3": b""})
    tar_file = tarred(
        tmp_path / "a.tar.gz",
        (member("./f", kind=tarfile.DIRTYPE), b""),
        (member("./f/._x.mp3"), b"what a Mac leaves"),
        (member("./f/x.mp3"), b"one"),
        (member("f/g/y.mp3"), b""),
    )
    for archive in (zip_file, tar_file):
        out = tmp_path / archive.suffix
        files = unpack(archive, out, max_bytes=1000)
        assert {name: file.size for name, file in files.items()} == {"f/x.mp3": 3, "f/g/y.mp3": 0}
        assert files["f/x.mp3"].sha256 == hashlib.sha256(b"one").hexdigest()
        assert (out / "f" / "x.mp3").read_bytes() == b"one"
        assert not list(out.rglob("._*"))


@pytest.mark.parametrize("name", ["../x", "/x", "f/../../x", "..", "c:\\x", "f\\..\\x", "f/a\nb"])
def test_paths_out_of_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    for archive in (
        zipped(tmp_path / "a.zip", {name: b"evil"}),
        tarred(tmp_path / "a.tar.gz", (member(name), b"evil")),
    ):
        with pytest.raises(DataError, match="which could lie outside the folder; it is refused") as caught:
            unpack(archive, tmp_path / "deep" / "out", max_bytes=1000)
        assert caught.value.code == "bad_archive"
    assert {path.name for path in tmp_path.iterdir()} <= {"a.zip", "a.tar.gz", "deep"}


@given(st.text())
def test_a_path_is_below_the_folder_or_refused(name: str) -> None:
    try:
        path = safe_path(name)
    except DataError:
        return
    assert Path("/out", path).resolve().is_relative_to("/out")
    assert Path("/out", path) != Path("/out")


def test_links_and_devices_are_refused(tmp_path: Path) -> None:
    for archive in (
        zipped(tmp_path / "a.zip", {}, links={"f/x": "/etc/passwd"}),
        tarred(tmp_path / "a.tar.gz", (member("f/x", kind=tarfile.SYMTYPE, to="/etc/passwd"), b"")),
        tarred(tmp_path / "b.tar.gz", (member("f/x", kind=tarfile.LNKTYPE, to="f/y"), b"")),
        tarred(tmp_path / "c.tar.gz", (member("f/x", kind=tarfile.FIFOTYPE), b"")),
    ):
        with pytest.raises(DataError, match="'f/x', which is a link or a device and no file"):
            unpack(archive, tmp_path / "out", max_bytes=1000)


def test_an_archive_that_holds_too_much_is_stopped(tmp_path: Path) -> None:
    for archive in (
        zipped(tmp_path / "a.zip", {"f/x": b"\0" * 5_000_000}),
        tarred(tmp_path / "a.tar.gz", (member("f/x"), b"\0" * 5_000_000)),
    ):
        out = tmp_path / archive.suffix
        with pytest.raises(DataError, match="unpacks to more than it can hold honestly"):
            unpack(archive, out, max_bytes=2_000_000)
        assert sum(path.stat().st_size for path in out.rglob("x")) <= 2_000_000


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    whole = zipped(tmp_path / "a.zip", {"f/x": os.urandom(20_000), "f/y": b"2"}).read_bytes()
    tar = tarred(tmp_path / "a.tar.gz", (member("f/x"), os.urandom(50_000))).read_bytes()
    cases = {
        "cut.zip": whole[:-30],
        "bits.zip": whole[:500] + bytes(64) + whole[564:],
        "cut.tar.gz": tar[:20_000],
        "text.tar.gz": b"<html>moved</html>",
        "empty.tar.gz": b"",
    }
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=r"cannot be unpacked|holds no file"):
            unpack(tmp_path / name, tmp_path / "out" / name, max_bytes=10**6)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("x", "1")
        archive.writestr("x", "2")
    with pytest.raises(DataError, match="'x' twice"):
        unpack(tmp_path / "two.zip", tmp_path / "two", max_bytes=100)


@pytest.mark.parametrize(
    "names", [["x" * 400], ["f/" + "é" * 200 + "/x"], ["d/" * 3000 + "x"], ["f", "f/x"], ["f/x", "f"], ["a/x", "a//x"]]
)
def test_names_that_no_disk_takes_are_the_archives_fault(tmp_path: Path, names: list[str]) -> None:
    for archive in (
        zipped(tmp_path / "a.zip", dict.fromkeys(names, b"evil")),
        tarred(tmp_path / "a.tar.gz", *((member(name), b"evil") for name in names)),
    ):
        with pytest.raises(DataError) as caught:
            unpack(archive, tmp_path / archive.suffix, max_bytes=1000)
        assert caught.value.code == "bad_archive"
        assert len(str(caught.value)) < 1000


def test_an_archive_of_very_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genrelens.data.fetch.archives.MAX_FILES", 3)
    names = [f"f/{i}" for i in range(4)]
    for archive in (
        zipped(tmp_path / "a.zip", dict.fromkeys(names, b"")),
        tarred(tmp_path / "a.tar.gz", *((member(name), b"") for name in names)),
    ):
        with pytest.raises(DataError, match="more than 3 files"):
            unpack(archive, tmp_path / archive.suffix, max_bytes=1000)


@pytest.mark.parametrize(
    "kind",
    [tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_SPARSE],
)
def test_headers_of_a_tar_that_have_no_end(tmp_path: Path, kind: bytes) -> None:
    """A name of 200 MB, which gzip packs to nothing: a tar's reader takes it into memory as a whole."""
    resource = pytest.importorskip("resource")
    header = member("x", kind=kind)
    header.size = 200 << 20
    with gzip.open(tmp_path / "a.tar.gz", "wb", compresslevel=1) as file:
        file.write(header.tobuf(tarfile.GNU_FORMAT))
        for _ in range(200):
            file.write(bytes(1 << 20))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError) as caught:
        unpack(tmp_path / "a.tar.gz", tmp_path / "out", max_bytes=1000)
    assert caught.value.code == "bad_archive"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10  # KB


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_bombs_of_other_methods_are_stopped_in_little_memory(tmp_path: Path, method: int) -> None:
    """FMA's tables are packed by bzip2, which unpacks as much as it is given."""
    resource = pytest.importorskip("resource")
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as archive:
        archive.writestr("f/x", bytes(400 << 20))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError, match="unpacks to more than it can hold honestly"):
        unpack(tmp_path / "a.zip", tmp_path / "out", max_bytes=1 << 20)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10


# the whole way


def source(site: Site, content: bytes, **changes: object) -> Source:
    site.content = content
    fields = {
        "name": "toy",
        "url": site.url,
        "archive": "toy.zip",
        "folder": "toy",
        "size": "a little",
        "max_bytes": 10**6,
        "licence": "any",
        "sum": ("sha1", hashlib.sha1(content, usedforsecurity=False).hexdigest()),
    }
    return Source(**(fields | changes))  # type: ignore[arg-type]


def test_fetch_leaves_the_folder_and_its_record_and_nothing_else(site: Site, tmp_path: Path) -> None:
    archive = zipped(tmp_path / "made.zip", {"toy/a.txt": b"a", "toy/b/c.txt": b"cc", "stray.txt": b"s"})
    out = tmp_path / "deep" / "out"
    got = fetch("toy", out, source=source(site, archive.read_bytes()), wait_s=0)
    assert (got.folder, got.n_files, got.n_bytes, got.checked) == (
        out / "toy",
        2,
        3,
        "checked against its published sha1",
    )
    assert {path.name for path in out.iterdir()} == {"toy", "genrelens-fetched-toy.json"}
    files = read_manifest(manifest_path(out, "toy"))
    assert [(file.path, file.size) for file in files] == [("toy/a.txt", 1), ("toy/b/c.txt", 2)]
    assert (out / "toy" / "b" / "c.txt").read_text() == "cc"
    with pytest.raises(DataError, match="is already there; look at it with genrelens data check") as caught:
        fetch("toy", out, source=source(site, archive.read_bytes()))
    assert caught.value.code == "exists"


@pytest.mark.parametrize("step", ["record", "folder", "archive"])
def test_a_call_that_was_stopped_at_its_end_is_finished_by_the_same_call(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    content = zipped(tmp_path / "made.zip", {"toy/a.txt": b"a"}).read_bytes()
    out = tmp_path / "out"

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        if step == "record":
            patch.setattr("genrelens.data.fetch.fetching.write_manifest", stop)
        elif step == "folder":
            patch.setattr(Path, "replace", lambda self, to: stop() if to.name == "toy" else self.rename(to))
        else:
            patch.setattr(Path, "unlink", stop)
        fetch("toy", out, source=source(site, content), wait_s=0)
    got = fetch("toy", out, source=source(site, content), wait_s=0)
    assert (got.folder, got.n_files, got.n_bytes) == (out / "toy", 1, 1)
    assert {path.name for path in out.iterdir()} == {"toy", "genrelens-fetched-toy.json"}
    assert len(site.asked) == 1


def test_an_archive_that_somebody_put_there_is_checked_and_used(site: Site, tmp_path: Path) -> None:
    content = zipped(tmp_path / "made.zip", {"toy/a.txt": b"a"}).read_bytes()
    out = tmp_path / "out"
    out.mkdir()
    (out / "toy.zip").write_bytes(content + b"more")
    with pytest.raises(DataError, match=r"is already there, but its sha1 is"):
        fetch("toy", out, source=source(site, content))
    (out / "toy.zip").write_bytes(content)
    assert fetch("toy", out, source=source(site, content)).n_files == 1
    assert site.asked == []


def test_an_archive_of_something_else_leaves_nothing_behind(site: Site, tmp_path: Path) -> None:
    content = zipped(tmp_path / "made.zip", {"other/a.txt": b"a"}).read_bytes()
    with pytest.raises(DataError, match=r"does not hold a folder 'toy', but other/a\.txt"):
        fetch("toy", tmp_path / "out", source=source(site, content), wait_s=0)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"toy.zip"}


def test_only_known_sources_can_be_fetched(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="what can: gtzan, fma_small, fma_metadata"):
        fetch("fma_full", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_every_source_says_what_to_do_by_hand() -> None:
    for known in SOURCES.values():
        text = known.by_hand("here")
        assert known.url in text and f"here/{known.folder}" in text and "genrelens data check here" in text
        assert known.url.startswith("https://")
        assert known.sum is None or known.sum[1] in text
    assert {name for name, known in SOURCES.items() if known.sum is None} == {"gtzan"}


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"kind": "other"},
        {"kind": "genrelens fetched files", "schema": 2, "files": {}},
        {"kind": "genrelens fetched files", "schema": 1, "files": {"../x": [1, "0" * 64]}},
        {"kind": "genrelens fetched files", "schema": 1, "files": {"x": [1, "short"]}},
        {"kind": "genrelens fetched files", "schema": 1, "files": {"x": 1}},
    ],
)
def test_a_damaged_record_is_refused(tmp_path: Path, document: object) -> None:
    path = tmp_path / "genrelens-fetched-toy.json"
    path.write_text(json.dumps(document))
    with pytest.raises(DataError):
        read_manifest(path)
