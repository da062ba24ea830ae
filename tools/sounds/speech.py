"""Speech by Debian's synthesisers, and by nobody else: words of a few languages in random order.

    apt-get install espeak-ng flite festival festvox-kallpc16k festvox-kdlpc16k festvox-us-slt-hts \\
        festvox-ca-ona-hts festvox-italp16k festvox-suopuhe-lj festvox-czech-ph festvox-ru

Formants (espeak-ng) and two English diphone voices are for the choice; voices that are made of recorded pieces or of
statistics of recordings (flite, hts, Russian clunits), diphones of other languages, and espeak-ng in languages of its
own through rooms and in babble are held out.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr
from scipy import signal

from sounds.parts import RATE, Array, decay, put, samples

_WORDS = {
    "en": "the house stands near river people often ask what time train leaves because nobody knows where it goes we "
    "were told that morning would bring rain and wind but instead the sun came out over quiet streets",
    "de": "das haus steht am fluss und niemand weiss warum der zug heute so spät kommt wir haben gestern lange darüber "
    "gesprochen aber keine antwort gefunden morgen wird es vielleicht regnen",
    "fr": "la maison est près de la rivière et personne ne sait pourquoi le train arrive si tard nous avons parlé "
    "longtemps hier soir sans trouver de réponse demain il pleuvra peut-être",
    "es": "la casa está cerca del río y nadie sabe por qué el tren llega tan tarde hablamos mucho ayer por la noche "
    "pero no encontramos respuesta mañana quizás va a llover",
    "it": "la casa vicino al fiume nessuno sa perché il treno arriva così tardi ieri sera abbiamo parlato a lungo "
    "senza trovare una risposta domani forse piove",
    "ru": "дом стоит у реки и никто не знает почему поезд приходит так поздно вчера вечером мы долго говорили но "
    "ответа не нашли завтра может быть пойдёт дождь",
    "fi": "talo on joen rannalla eikä kukaan tiedä miksi juna tulee niin myöhään eilen illalla puhuimme kauan mutta "
    "emme löytäneet vastausta huomenna ehkä sataa",
    "cs": "dům stojí u řeky a nikdo neví proč vlak přijíždí tak pozdě včera večer jsme dlouho mluvili ale odpověď "
    "jsme nenašli zítra možná bude pršet",
    "ca": "la casa és a prop del riu i ningú no sap per què el tren arriba tan tard ahir al vespre vam parlar molta "
    "estona però no vam trobar resposta demà potser plourà",
    "pl": "dom stoi nad rzeką i nikt nie wie dlaczego pociąg przyjeżdża tak późno",
    "tr": "ev nehrin yanında duruyor ve trenin neden bu kadar geç geldiğini kimse bilmiyor",
    "sw": "nyumba iko karibu na mto na hakuna anayejua kwa nini treni inachelewa sana jana jioni tulizungumza kwa muda",
    "pt": "a casa fica perto do rio e ninguém sabe por que o trem chega tão tarde ontem à noite falamos muito tempo",
    "nl": "het huis staat aan de rivier en niemand weet waarom de trein zo laat komt",
}
_CHOICE_LANGUAGES, _OTHER_LANGUAGES = (("en", "de", "fr", "es", "ru", "pl"), ("it", "fi", "tr", "sw", "pt", "nl"))
_CHOICE_VARIANTS = ("", "+f2", "+f4", "+m2", "+m5", "+klatt2", "+whisper", "+croak")
_OTHER_VARIANTS = ("", "+f1", "+f3", "+m1", "+m7", "+klatt4", "+grandma")
_FLITE = ("slt", "rms", "awb", "kal16")
_HTS = (("cmu_us_slt_arctic_hts", "en"), ("upc_ca_ona_hts", "ca"), ("msu_ru_nsh_clunits", "ru"))
_DIPHONES = (("lp_diphone", "it"), ("suo_fi_lj_diphone", "fi"), ("czech_ph", "cs"))


def espeak(rng: np.random.Generator, n: int) -> Array:
    return _talk(rng, n, lambda text, wav: _espeak(rng, text, wav, variants=_CHOICE_VARIANTS), _CHOICE_LANGUAGES)


def english_diphones(rng: np.random.Generator, n: int) -> Array:
    voice = str(rng.choice(["kal_diphone", "ked_diphone"]))
    return _talk(rng, n, lambda text, wav: _festival(voice, text[1], wav), ("en",))


def flite(rng: np.random.Generator, n: int) -> Array:
    voice = str(rng.choice(_FLITE))
    stretch = f"duration_stretch={rng.uniform(0.8, 1.3):.2f}"
    return _talk(
        rng,
        n,
        lambda text, wav: _call(["flite", "-voice", voice, "--setf", stretch, "-t", text[1], "-o", str(wav)]),
        ("en",),
    )


def statistical(rng: np.random.Generator, n: int) -> Array:
    """Voices from statistics of recordings, and one of recorded units."""
    voice, language = _HTS[int(rng.integers(len(_HTS)))]
    return _talk(rng, n, lambda text, wav: _festival(voice, text[1], wav), (language,))


def other_diphones(rng: np.random.Generator, n: int) -> Array:
    voice, language = _DIPHONES[int(rng.integers(len(_DIPHONES)))]
    return _talk(rng, n, lambda text, wav: _festival(voice, text[1], wav), (language,))


def in_a_room(rng: np.random.Generator, n: int) -> Array:
    """flite or espeak-ng's other languages through a hall of 0.4 to 2 s."""
    dry = flite(rng, n) if rng.random() < 0.5 else _other_espeak(rng, n)
    seconds = rng.uniform(0.4, 2.0)
    tail = rng.standard_normal(samples(seconds)) * decay(samples(seconds), seconds=seconds / 6.9)
    wet = signal.fftconvolve(dry, tail)[:n]
    return dry / (dry.std() + 1e-9) + rng.uniform(0.5, 2) * wet / (wet.std() + 1e-9)


def babble(rng: np.random.Generator, n: int) -> Array:
    """Three to seven people talk at once."""
    voices = (flite, other_diphones, _other_espeak)
    out = np.zeros(n)
    for _ in range(int(rng.integers(3, 8))):
        x = voices[int(rng.integers(3))](rng, n)
        out += x / (x.std() + 1e-9) * rng.uniform(0.3, 1)
    return out


def _other_espeak(rng: np.random.Generator, n: int) -> Array:
    return _talk(rng, n, lambda text, wav: _espeak(rng, text, wav, variants=_OTHER_VARIANTS), _OTHER_LANGUAGES)


def _talk(rng: np.random.Generator, n: int, speak, languages: Sequence[str]) -> Array:  # type: ignore[no-untyped-def]
    """One speaker for ``n`` samples: sentences with pauses between them."""
    language = str(rng.choice(languages))
    out = np.zeros(n)
    at = 0
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "speech.wav"
        while at < n:
            words = rng.choice(_WORDS[language].split(), int(rng.integers(18, 40)))
            speak((language, " ".join(words) + "."), wav)
            x, rate = soundfile.read(wav, dtype="float64")
            x = soxr.resample(x, rate, RATE)
            put(out, x, at)
            at += len(x) + samples(rng.uniform(0.2, 0.7))
    return out


def _espeak(rng: np.random.Generator, text: tuple[str, str], wav: Path, *, variants: Sequence[str]) -> None:
    language, words = text
    variant = str(rng.choice(list(variants)))
    speed, pitch = str(int(rng.integers(110, 230))), str(int(rng.integers(20, 80)))
    _call(["espeak-ng", "-v", language + variant, "-s", speed, "-p", pitch, "-w", str(wav), words])


def _festival(voice: str, words: str, wav: Path) -> None:
    encoded = {"msu_ru_nsh_clunits": "utf-8", "czech_ph": "iso-8859-2"}.get(voice, "iso-8859-1")
    script = f'(voice_{voice}) (utt.save.wave (utt.synth (Utterance Text "{words}")) "{wav}")'
    (wav.parent / "speech.scm").write_bytes(script.encode(encoded, errors="ignore"))
    _call(["festival", "-b", str(wav.parent / "speech.scm")])


def _call(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
