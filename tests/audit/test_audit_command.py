"""``genrelens audit`` from the shell's point of view, and its page."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sounds import RATE, copies, noise, piece, write

from genrelens.audit import KINDS, AuditReport, Finding, audit, collect
from genrelens.cli import main
from genrelens.data import Split
from genrelens.errors import DataError, GenrelensError
from genrelens.pages.audit import audit_page, audit_text, write_audit_page


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def findings(self) -> list[dict[str, Any]]:
        return json.loads(self.out)["findings"]

    def of(self, kind: str) -> list[set[str]]:
        """The files of each finding of a kind, without their folders."""
        return [{Path(path).name for path in f["tracks"]} for f in self.findings if f["kind"] == kind]


def call(*arguments: object) -> Result:
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n") for _ in range(2))
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        main(["audit", *map(str, arguments)])
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode())  # type: ignore[attr-defined]
    assert "Traceback" not in "".join(texts)
    code = ended.value.code
    return Result(code if isinstance(code, int) else 0 if code is None else 1, *texts)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("good")
    for i, genre in enumerate(("calm", "calm", "calm", "loud", "loud", "loud")):
        write(root / genre / f"{i}.wav", piece(i, duration_s=8.0))
    return root


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six good pieces, and one of each fault."""
    root = tmp_path_factory.mktemp("bad")
    for i in range(6):
        write(root / ("calm" if i < 3 else "loud") / f"{i}.wav", piece(i, duration_s=8.0))
    write(root / "calm" / "same0.flac", piece(0, duration_s=8.0))
    write(root / "loud" / "<script>alert('1')<.wav", piece(1, duration_s=8.0))
    tool = copies()
    codec = next(c for c in tool.CODECS if c.name == "mp3 64 kb/s")
    tool.write_copy(
        root / "calm" / "again2.mp3", piece(2, duration_s=8.0), RATE, codec=codec, gain_db=-6.0, offset_s=0.3
    )
    write(root / "calm" / "silent.wav", np.zeros(8 * RATE))
    write(root / "calm" / "clipped.wav", np.clip(noise(0, level=1.0), -1, 1))
    write(root / "loud" / "short.wav", noise(1, duration_s=1.0))
    (root / "loud" / "broken.wav").write_bytes(b"not a sound")
    whole = write(root / "loud" / "cut.wav", noise(2)).read_bytes()
    (root / "loud" / "cut.wav").write_bytes(whole[: len(whole) * 2 // 3])
    return root


def test_nothing_found_is_said_and_ends_well(good: Path) -> None:
    result = call(good, "--workers", 1)
    assert result.code == 0
    assert result.out.startswith(f"{good}: 6 files, 6 labelled tracks (folder); nothing found\n")
    assert result.err == ""
    assert call(good, "--json", "--workers", 1).findings == []


def test_a_page_of_nothing_says_so_once() -> None:
    from genrelens.audit import AuditReport
    from genrelens.pages.audit import audit_page

    page = audit_page(AuditReport("/music", None, n_files=1, n_tracks=0, findings=()))
    assert "<p>1 file; nothing found</p>" in page


def test_each_fault_is_found_once_and_alone(bad: Path) -> None:
    result = call(bad, "--json", "--workers", 1)
    assert result.code == 1
    assert result.of("unreadable") == [{"broken.wav"}]
    assert result.of("silent") == [{"silent.wav"}]
    assert result.of("clipped") == [{"clipped.wav"}]
    assert sorted(map(sorted, result.of("short"))) == [["cut.wav"], ["short.wav"]]
    assert sorted(map(sorted, result.of("exact_repeat"))) == [
        ["0.wav", "same0.flac"],
        ["1.wav", "<script>alert('1')<.wav"],
    ]
    assert result.of("near_repeat") == [{"2.wav", "again2.mp3"}]
    assert result.of("label_conflict") == [{"1.wav", "<script>alert('1')<.wav"}]
    assert result.of("imbalance") == result.of("artist_overlap") == result.of("label_suspect") == []


def test_json_holds_what_readers_count_on(bad: Path) -> None:
    result = call(bad, "--json", "--workers", 1)
    document = json.loads(result.out)
    assert document["schema"] == "genrelens.audit/1"
    assert document["counts"] == {
        kind: n for kind in KINDS if (n := sum(f["kind"] == kind for f in document["findings"]))
    }
    for finding in document["findings"]:
        assert finding.keys() == {"kind", "tracks", "score", "message"}
        assert finding["kind"] in KINDS
        assert 0 <= finding["score"] <= 1
        assert finding["message"] and finding["tracks"]
        for path in finding["tracks"]:
            assert path.startswith(str(bad)) and os.path.exists(path)  # noqa: PTH110


def test_the_table_has_a_line_a_finding(bad: Path) -> None:
    text = call(bad, "--workers", 1).out
    document = json.loads(call(bad, "--json", "--workers", 1).out)
    lines = [line for line in text.splitlines() if re.match(r"  [! ] \d\.\d\d  ", line)]
    assert len(lines) == len(document["findings"])
    assert sum(line.startswith("  !") for line in lines) == document["n_serious"]
    kinds = [line.split(" ")[0] for line in text.splitlines() if re.match(r"[a-z_]+ \(\d+\): ", line)]
    assert kinds == list(document["counts"])


def test_several_processes_find_the_same(bad: Path) -> None:
    assert call(bad, "--json", "--workers", 2).findings == call(bad, "--json", "--workers", 1).findings


def test_music_without_labels_is_audited_all_the_same(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", piece(0))
    write(tmp_path / "b.wav", piece(0))
    result = call(tmp_path, "--json", "--workers", 1)
    assert result.code == 1
    assert result.of("exact_repeat") == [{"a.wav", "b.wav"}]
    assert "nothing is said about them" in json.loads(result.out)["notes"][0]
    for option in (("--labels",), ("--split", "s4")):
        result = call(tmp_path, *option)
        assert result.code == 1
        assert "no labelled tracks" in result.err and result.out == ""


def test_a_split_file_with_an_artist_on_both_sides(tmp_path: Path, good: Path) -> None:
    root = tmp_path / "tagged"
    root.mkdir()
    rows = ["path,genre,artist"]
    for i in range(4):
        write(root / f"{i}.wav", piece(i, duration_s=8.0))
        rows.append(f"{i}.wav,{'calm' if i < 2 else 'loud'},{'Ana' if i < 2 else f'Bo {i}'}")
    (root / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    ids = [track.id for track in collect(root).tracks]
    assert len(ids) == 4
    path = tmp_path / "mine.json"
    split = Split("mine", 1, {"train": (ids[0], ids[2]), "test": (ids[1], ids[3])})
    path.write_text(split.to_json(), encoding="utf-8")
    result = call(root, "--split", path, "--json", "--workers", 1)
    assert result.code == 1
    assert result.of("artist_overlap") == [{"0.wav", "1.wav"}]
    declared = Split("mine", 1, split.parts, leaks=frozenset({"artists"}))
    path.write_text(declared.to_json(), encoding="utf-8")
    result = call(root, "--split", path, "--json", "--workers", 1)
    assert result.code == 0
    assert result.of("artist_overlap") == [{"0.wav", "1.wav"}]
    strange = Split("other", 1, {"train": ("x",), "test": ("y",)})
    path.write_text(strange.to_json(), encoding="utf-8")
    result = call(root, "--split", path)
    assert result.code == 1 and "is about other tracks" in result.err


def test_wrong_usage(tmp_path: Path, good: Path) -> None:
    assert call(tmp_path / "none").code == 2
    song = next(good.rglob("*.wav"))
    assert call(song).code == 2
    assert call(good, "--html", song).code == 2
    assert call(good, "--html", tmp_path / "none" / "page.html").code == 2
    empty = call(tmp_path)
    assert empty.code == 1 and "found no sound file" in empty.err


def test_names_that_are_no_text_and_links_do_no_harm(tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/caf\xe9\n.wav"
    source = write(tmp_path / "a.wav", piece(0))
    with open(odd, "wb") as file:  # noqa: PTH123
        file.write(source.read_bytes())
    (tmp_path / "link.wav").symlink_to(tmp_path / "gone.wav")
    page = tmp_path / "page.html"
    result = call(tmp_path, "--json", "--html", page, "--workers", 1)
    assert result.code == 1
    assert result.of("unreadable") == [{"link.wav"}]
    (found,) = (f for f in result.findings if f["kind"] == "exact_repeat")
    assert os.fsencode(found["tracks"][1]) == odd
    assert "\\udce9\\n.wav" in page.read_text("utf-8")
    assert "\\udce9\\n.wav" in call(tmp_path, "--workers", 1).out


def test_the_page_escapes_what_files_are_called(bad: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    result = call(bad, "--html", page, "--workers", 1)
    assert result.code == 1
    assert result.err.startswith(f"wrote {page}\n")
    text = page.read_text("utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;alert(&#39;1&#39;)&lt;.wav" in text
    assert "http-equiv" in text and "default-src 'none'" in text
    assert not re.search(r"(?:src|href)=[\"'](?!#)", text)
    document = json.loads(call(bad, "--json", "--workers", 1).out)
    assert text.count("<tr") - len(document["counts"]) == len(document["findings"])
    for kind, n in document["counts"].items():
        assert f'<a href="#{kind}"><b>{n}</b>' in text and f'<section id="{kind}">' in text


def test_a_clean_page_says_so(tmp_path: Path) -> None:
    text = audit_page(AuditReport("some/music", None, 3, 0, ()))
    assert "None of the faults that the audit knows was found" in text
    assert "3 files; nothing found" in text
    with pytest.raises(GenrelensError, match="cannot be written"):
        write_audit_page(tmp_path / "none" / "page.html", AuditReport("m", None, 3, 0, ()))


def test_words_of_one_file_and_one_finding() -> None:
    found = Finding("silent", ("m/a\nb.wav",), 1.0, "nothing but silence", serious=True)
    text = audit_text(AuditReport("m", None, 1, 0, (found,), ("odd",)))
    assert text.splitlines() == [
        "m: 1 file; 1 finding, 1 serious",
        "",
        "silent (1): files of silence",
        "  ! 1.00  nothing but silence: m/a\\nb.wav",
        "",
        "note: odd",
    ]


def test_from_python(bad: Path) -> None:
    report = audit(collect(bad))
    assert report.n_files == 14
    assert {finding.kind for finding in report.findings if finding.serious} >= {"unreadable", "silent"}
    with pytest.raises(DataError, match="no sound file"):
        collect(bad.parent / "nothing here")


@pytest.mark.slow
def test_labels_end_to_end(tmp_path: Path) -> None:
    """Fourteen calm and as many loud pieces; one of each is called the other. A twentieth of 28 is one of the two."""
    pytest.importorskip("cleanlab")
    for i in range(14):
        for label, style in (("still", "drone"), ("drums", "breakbeat")):
            other = {"still": "drums", "drums": "still"}[label]
            write(tmp_path / (other if i == 5 else label) / f"{style}{i}.wav", piece(i, style=style, duration_s=3.0))
    result = call(tmp_path, "--labels", "--json", "--workers", 1, "--cache", tmp_path / "cache")
    assert result.code == 0  # a suspect is to be listened to, and nothing serious
    assert result.of("label_suspect") in ([{"drone5.wav"}], [{"breakbeat5.wav"}])
    notes = json.loads(result.out)["notes"]
    assert any("of the labels of 28 tracks" in note for note in notes)


def test_files_that_are_no_sound_or_none_of_the_data_sets_are_said(tmp_path: Path) -> None:
    for genre in ("blues", "jazz"):
        write(tmp_path / genre / f"{genre}.00000.wav", piece(len(genre), duration_s=4.0))
    write(tmp_path / "jazz" / "mine.wav", piece(9, duration_s=4.0))
    (tmp_path / "jazz" / "cover.jpg").write_bytes(b"x")
    result = call(tmp_path, "--json")
    assert "passed over 1 file that is no sound: 1 .jpg" in result.err
    notes = json.loads(result.out)["notes"]
    assert any("1 sound files (jazz/mine.wav) are not GTZAN's" in note for note in notes)
    alone = call(tmp_path / "jazz")
    assert "if it is the folder of one genre, give that above" in alone.out
