"""Whole files of a second or two in every format that can be made here: what the damaged ones are made from."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from damaged import by_hand
from genrelens.pages.encode import encode_png

RATE = 22_050
DURATION_S = 1.6
CHANNELS = {"mono": 1, "stereo": 2, "five": 6, "eight": 8, "sixteen": 16}
"""The sounds that encoders are given, by name."""


@dataclass(frozen=True)
class Seed:
    """A whole file; ``suffix`` is the usual ending of its name, with the dot."""

    name: str
    suffix: str
    data: bytes


# ending, sound, what ffmpeg is told
_FFMPEG: dict[str, tuple[str, str, str]] = {
    "wav-adpcm-ms": ("wav", "stereo", "-c:a adpcm_ms"),
    "wav-adpcm-ima": ("wav", "mono", "-c:a adpcm_ima_wav"),
    "wav-gsm": ("wav", "mono", "-ar 8000 -c:a libgsm_ms"),
    "wav-mp3": ("wav", "stereo", "-c:a libmp3lame -b:a 96k -f wav"),
    "wav-mp3-vbr": ("wav", "mono", "-c:a libmp3lame -q:a 9 -f wav"),
    "wav-8-channels": ("wav", "eight", "-c:a pcm_s16le"),
    "w64-24": ("w64", "stereo", "-c:a pcm_s24le"),
    "aiff-tagged": ("aiff", "stereo", "-write_id3v2 1 -metadata genre=Rock"),
    "aifc-float": ("aifc", "mono", "-c:a pcm_f32be -f aiff"),
    "au-mulaw": ("au", "mono", "-c:a pcm_mulaw"),
    "caf-alac": ("caf", "stereo", "-c:a alac"),
    "flac-8-channels": ("flac", "eight", "-c:a flac"),
    "ogg-vorbis": ("ogg", "stereo", "-c:a libvorbis -metadata genre=Rock -metadata artist=Somebody"),
    "ogg-vorbis-8-channels": ("ogg", "eight", "-c:a libvorbis"),
    "ogg-flac": ("oga", "stereo", "-c:a flac -f ogg"),
    "ogg-speex": ("spx", "mono", "-ar 16000 -c:a libspeex -f ogg"),
    "opus": ("opus", "stereo", "-c:a libopus -b:a 64k"),
    "opus-510": ("opus", "stereo", "-c:a libopus -b:a 510k"),
    "mp3-cbr": ("mp3", "stereo", "-c:a libmp3lame -b:a 128k"),
    "mp3-no-length": ("mp3", "mono", "-c:a libmp3lame -q:a 4 -write_xing 0 -id3v2_version 0"),
    "mp2": ("mp2", "stereo", "-c:a mp2"),
    "m4a-aac": ("m4a", "stereo", "-c:a aac -b:a 96k -metadata genre=Rock"),
    "m4a-front": ("m4a", "stereo", "-c:a aac -b:a 96k -movflags +faststart"),
    "m4a-fragments": ("m4a", "mono", "-c:a aac -movflags +frag_keyframe+empty_moov -f mp4"),
    "m4a-alac": ("m4a", "stereo", "-c:a alac"),
    "m4a-8-channels": ("m4a", "eight", "-c:a aac"),
    "m4a-protected": (
        "m4a",
        "stereo",
        "-c:a aac -f mp4 -encryption_scheme cenc-aes-ctr -encryption_key 000102030405060708090a0b0c0d0e0f "
        "-encryption_kid 00112233445566778899aabbccddeeff",
    ),
    "mov-pcm": ("mov", "stereo", "-c:a pcm_s16le"),
    "3gp": ("3gp", "mono", "-c:a aac"),
    "aac": ("aac", "stereo", "-c:a aac -b:a 96k"),
    "ac3": ("ac3", "five", "-ar 48000 -c:a ac3"),
    "eac3": ("eac3", "stereo", "-ar 48000 -c:a eac3"),
    "dts": ("dts", "five", "-ar 48000 -c:a dca -strict -2"),
    "truehd": ("thd", "stereo", "-ar 48000 -c:a truehd -strict -2"),
    "mlp": ("mlp", "stereo", "-ar 48000 -c:a mlp -strict -2"),
    "latm": ("latm", "stereo", "-c:a aac"),
    "wma1": ("wma", "stereo", "-c:a wmav1"),
    "wma2": ("wma", "stereo", "-c:a wmav2 -metadata genre=Rock"),
    "wv": ("wv", "stereo", "-c:a wavpack"),
    "wv-8-channels": ("wv", "eight", "-c:a wavpack"),
    "wv-float": ("wv", "mono", "-sample_fmt fltp -c:a wavpack"),
    "tta": ("tta", "stereo", "-c:a tta"),
    "mka-vorbis": ("mka", "stereo", "-c:a libvorbis"),
    "mka-flac": ("mka", "mono", "-c:a flac"),
    "mka-pcm": ("mka", "stereo", "-c:a pcm_s24le"),
    "mka-opus-16-channels": ("mka", "sixteen", "-ar 48000 -c:a libopus -mapping_family 255 -b:a 256k"),
    "webm": ("webm", "stereo", "-c:a libopus -b:a 64k"),
    "rm": ("rm", "mono", "-ar 8000 -c:a real_144"),
    "rm-ac3": ("rm", "stereo", "-ar 44100 -c:a ac3 -b:a 128k"),
}
_FILMS: dict[str, tuple[str, str]] = {
    "film-mkv": ("mkv", "-c:v mpeg4 -c:a ac3 -ar 48000"),
    "film-mp4": ("mp4", "-c:v mpeg4 -c:a aac"),
    "film-avi": ("avi", "-c:v mpeg4 -c:a libmp3lame"),
    "film-flv": ("flv", "-c:v flv -c:a libmp3lame"),
    "film-flv-aac": ("flv", "-c:v flv -c:a aac"),
    "film-mpg": ("mpg", "-c:v mpeg1video -c:a mp2 -ar 44100"),
    "film-ts": ("ts", "-c:v mpeg2video -c:a aac"),
    "film-wmv": ("wmv", "-c:v wmv2 -c:a wmav2"),
    "film-rm": ("rm", "-c:v rv20 -c:a ac3 -ar 44100"),
    "late-mpg": ("mpg", "-c:v mpeg1video -c:a mp2 -ar 44100"),
    "late-flv": ("flv", "-c:v flv -c:a libmp3lame"),
    "late-mkv": ("mkv", "-c:v mpeg4 -c:a libvorbis"),
}
"""Pictures and sound; where the name begins so, the sound begins a second late."""
_LAME = {
    "mp3-vbr": "-V 4 --tt Title --ta Somebody --tg Rock",
    "mp3-free-format": "--freeformat -b 400",
    "mp3-tag-1": "-b 64 -m m --id3v1-only --tt Title --tg Rock",
}
_SNDFILE_SUBTYPES = {
    "WAV": ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW"),
    "AIFF": ("PCM_16", "PCM_24"),
    "FLAC": ("PCM_16", "PCM_24"),
    "OGG": ("VORBIS", "OPUS"),
    "CAF": ("PCM_16", "ALAC_16"),
}
"""Where one of a format is not enough."""


def seeds() -> tuple[list[Seed], list[str]]:
    """All files that can be made here, in a fixed order, and a line for each program or format that is missing."""
    sounds = {name: _sound(n_channels) for name, n_channels in CHANNELS.items()}
    made, missing = _by_libsndfile(sounds)
    made += [Seed(name, suffix, data) for name, suffix, data in by_hand.files(_picture())]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name, samples in sounds.items():
            soundfile.write(folder / f"{name}.wav", samples, RATE, subtype="PCM_16")
        for program, make in (("ffmpeg", _by_ffmpeg), ("lame", _by_lame)):
            if shutil.which(program) is None:
                missing.append(f"{program} is not installed")
            else:
                found, failed = make(folder)
                made, missing = made + found, missing + failed
    return made + _dressed(made), missing


def _sound(n_channels: int) -> NDArray[np.float32]:
    """Chords, drum beats and a little noise, (n, channels), each channel another: what encoders spend their bits on."""
    rng = np.random.default_rng(n_channels)
    times_s = np.arange(round(DURATION_S * RATE)) / RATE
    beats = np.exp(-20 * (times_s % 0.4)) * rng.standard_normal(len(times_s))
    channels = []
    for i in range(n_channels):
        chord = sum(np.sin(2 * np.pi * hz * (1 + i / 50) * times_s) for hz in (110, 220, 277.2, 329.6))
        channels.append(0.1 * chord + 0.2 * beats + 0.002 * rng.standard_normal(len(times_s)))
    return np.stack(channels, axis=1).astype(np.float32)


def _picture() -> bytes:
    return encode_png(np.random.default_rng(0).integers(0, 255, (60, 60, 3), dtype=np.uint8))


def _by_libsndfile(sounds: dict[str, NDArray[np.float32]]) -> tuple[list[Seed], list[str]]:
    made, missing = [], []
    for major in sorted(soundfile.available_formats()):
        if major in ("RAW", "SD2"):  # no header; a header in another file
            continue
        usual = soundfile.default_subtype(major)
        for subtype in _SNDFILE_SUBTYPES.get(major, (usual,)):
            name = f"sf-{major.lower()}-{subtype.lower().replace('_', '')}"
            samples = sounds["mono" if major in ("HTK", "XI", "WVE", "SDS", "SVX") else "stereo"]
            out = io.BytesIO()
            try:
                rate = {"WVE": 8_000, "OPUS": 24_000}.get(major if major == "WVE" else subtype, RATE)
                soundfile.write(out, samples, rate, format=major, subtype=subtype)
            except soundfile.LibsndfileError as error:
                missing.append(f"{name}: {error}")
            else:
                made.append(Seed(name, f".{major.lower()}", out.getvalue()))
    return made, missing


def _by_ffmpeg(folder: Path) -> tuple[list[Seed], list[str]]:
    made, missing = [], []
    jobs = {name: (ending, f"-i {sound}.wav {how}") for name, (ending, sound, how) in _FFMPEG.items()}
    picture = f"-f lavfi -i testsrc=size=64x48:rate=25:duration={DURATION_S}"
    for name, (ending, how) in _FILMS.items():
        late = "-itsoffset 1" if name.startswith("late-") else ""
        jobs[name] = (ending, f"{picture} {late} -i stereo.wav {how} -threads 1")
    for name, (ending, how) in jobs.items():
        out = folder / f"{name}.{ending}"
        command = f"ffmpeg -nostdin -v error -y {how} -fflags +bitexact -flags +bitexact {out.name}"
        done = subprocess.run(command.split(), cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode or not out.is_file() or not out.stat().st_size:
            missing.append(f"{name}: ffmpeg: {done.stderr.strip()[-200:]}")
        else:
            made.append(Seed(name, out.suffix, out.read_bytes()))
    return made, missing


def _by_lame(folder: Path) -> tuple[list[Seed], list[str]]:
    made, missing = [], []
    for name, how in _LAME.items():
        out = folder / f"{name}.mp3"
        command = f"lame --quiet {how} stereo.wav {out.name}"
        done = subprocess.run(command.split(), cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            missing.append(f"{name}: lame: {done.stderr.strip()[-200:]}")
        else:
            made.append(Seed(name, ".mp3", out.read_bytes()))
    return made, missing


def _dressed(made: list[Seed]) -> list[Seed]:
    """Some of the files with tags around them, as players and shops put them there."""
    by_name = {seed.name: seed.data for seed in made}
    mp3 = by_name.get("mp3-cbr", by_name["sf-mp3-mpeglayeriii"])
    flac, wav = by_name["sf-flac-pcm16"], by_name["sf-wav-pcm16"]
    cover = _picture() * 4
    front, back = by_hand.id3v2(cover), by_hand.apev2(cover)
    return [
        Seed("mp3-id3v2-cover", ".mp3", front + mp3),
        Seed("mp3-two-id3v2", ".mp3", front + by_hand.id3v2(b"") + mp3 + by_hand.ID3V1),
        Seed("mp3-ape-behind", ".mp3", mp3 + back + by_hand.ID3V1),
        Seed("mp3-lyrics3", ".mp3", front + mp3 + back + by_hand.LYRICS3 + by_hand.ID3V1),
        Seed("flac-id3v2", ".flac", front + flac + by_hand.ID3V1),
        Seed("wav-id3v2", ".wav", front + wav),
        Seed("mp3-in-two", ".mp3", mp3 + mp3),
        Seed("ogg-in-two", ".ogg", by_name["sf-ogg-vorbis"] * 2),
    ]
