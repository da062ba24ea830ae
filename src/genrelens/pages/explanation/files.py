"""The folder that ``genrelens explain`` writes: the page, the numbers, a picture and the reasons as sound."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from genrelens.audio import open_stream
from genrelens.bundle import Bundle
from genrelens.explanation.explain import Explained
from genrelens.explanation.explanation import SCHEMA
from genrelens.explanation.listen import reasons
from genrelens.explanation.sound import read_with_rate
from genrelens.pages.encode import encode_png, to_flac, to_mp3
from genrelens.pages.explanation.page import Shown, explain_page
from genrelens.pages.explanation.picture import figure, lit, plain, spectrogram
from genrelens.pages.own_folder import OwnFolder

MARKER = "explanation.json"
FILES = ("report.html", "explanation.png", "reasons.flac", "without.flac")
FOLDER = OwnFolder(what="explanation", marker=MARKER, schema=SCHEMA, known=frozenset(FILES))
MP3_RATES = (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
"""Hz. Sound at another rate is resampled to 44,100, so that every browser plays it."""


def write_explanation(out: Path, *, path: str, explained: Explained, bundle: Bundle) -> tuple[Path, ...]:
    """Write the files into a claimed folder, all or none; those written, the page first.

    Of a track with nothing to explain only ``explanation.json`` is written, which says so. Raises :class:`DataError`
    where the folder cannot be written, :class:`AudioError` where the file cannot be read any more.
    """
    prediction, explanation, sound = explained.prediction, explained.explanation, explained.stretch
    facts = {"prediction": prediction.to_dict(path=path)}
    if explanation is None or sound is None:
        nothing = {"path": path, "class": None, "notes": [NOTHING, *prediction.notes], **facts}
        return (*FOLDER.write(out, {}, facts=nothing), out / MARKER)
    rate = bundle.manifest.front_end.sample_rate
    assert rate is not None
    samples, heard_rate = read_with_rate(
        path, start_s=explanation.start_s, end_s=explanation.end_s, sample_rate=listening_rate(path)
    )
    parts = reasons(samples, sample_rate=heard_rate, explanation=explanation)
    picture = spectrogram(sound.samples, sample_rate=rate, start_s=explanation.start_s)
    # Encoders work outside Python's lock, and take more than half of the time here. In another thread Ctrl-C cannot
    # come while they call back to write, where it would be lost and leave a hole in the file.
    with ThreadPoolExecutor() as pool:
        players = [
            pool.submit(to_mp3, heard, sample_rate=heard_rate) for heard in (samples, parts.reasons, parts.without)
        ]
        lossless = [pool.submit(to_flac, heard, sample_rate=heard_rate) for heard in (parts.reasons, parts.without)]
        files = {"explanation.png": figure(picture, explanation)}
        plain_png, lit_png = encode_png(plain(picture)), encode_png(lit(picture, explanation))
        files |= zip(("reasons.flac", "without.flac"), (file.result() for file in lossless), strict=True)
        stretch_mp3, reasons_mp3, without_mp3 = (player.result() for player in players)
    page = explain_page(
        Shown(
            path=path,
            prediction=prediction,
            explanation=explanation,
            plain_png=plain_png,
            lit_png=lit_png,
            top_hz=picture.top_hz,
            stretch_mp3=stretch_mp3,
            reasons_mp3=reasons_mp3,
            without_mp3=without_mp3,
            quieter_db=-20 * math.log10(parts.gain),
            experimental=bundle.manifest.experimental,
        )
    )
    files = {"report.html": page.encode("utf-8", "backslashreplace"), **files}
    facts |= {"sound": {"sample_rate": heard_rate, "gain": round(parts.gain, 6)}}
    return (*FOLDER.write(out, files, facts={**explanation.to_json(path=path), **facts}), out / MARKER)


NOTHING = "There is nothing to explain: the piece holds nothing but silence."


def listening_rate(path: str) -> int:
    """The rate at which a person listens, Hz: the file's own where an mp3 can have it."""
    with open_stream(path, sample_rate=None) as stream:
        return stream.sample_rate if stream.sample_rate in MP3_RATES else 44_100
