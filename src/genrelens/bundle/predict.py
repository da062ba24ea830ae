"""The one path from sound to a prediction; the shell, the web page, evaluation and scanning all take it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genrelens.audio import AudioStream, open_stream, stream_array
from genrelens.bundle.manifest import Manifest
from genrelens.bundle.pooling import pool_logits, softmax
from genrelens.bundle.prediction import Prediction
from genrelens.bundle.sessions import check_predict_graph, open_session, run_graph
from genrelens.bundle.store import ATTENTION, CARD, PREDICT, StoredBundle, read_bundle
from genrelens.bundle.windows import Window, is_silent, iter_windows
from genrelens.errors import AudioError, BundleError
from genrelens.frontend.mel import MelStream, compress

Float32 = NDArray[np.float32]
Source = str | Path | bytes | ArrayLike
"""A path, the bytes of a file, or samples ``(n,)`` or ``(n, channels)``."""

DEFAULT = "default"
SHORTEST_S = 1.0
"""Sound shorter than this is answered with a guess only, never with a genre."""

BATCH_FRAMES = 512
"""Windows go through the net together up to this many frames, but always one. More is no faster and costs memory:
8 windows of 256 frames take as long each as one alone, and 100 MB more (2 cores, 4 x 4 transformers)."""


class Bundle:
    """A model that is ready to predict. Made by :meth:`load`; safe to use from several threads at once."""

    def __init__(self, stored: StoredBundle, *, source: str | Path) -> None:
        self.manifest: Manifest = stored.manifest
        self.hash: str = stored.hash
        self.path: Path = stored.path
        self._files = stored.files
        self._source = source
        self._lock = threading.Lock()
        self._sessions: dict[str, Any] = {}

    @classmethod
    def load(cls, path: str | Path = DEFAULT) -> Bundle:
        """The bundle in a folder or .zip file, or ``"default"``: the one that comes with genrelens.

        Every file is checked against its SHA-256 and the graph against the labels. Raises
        :class:`BundleError`.
        """
        if path == DEFAULT:
            with ExitStack() as stack:
                bundle = cls(read_bundle(stack.enter_context(_shipped())), source=DEFAULT)
        else:
            bundle = cls(read_bundle(path), source=path)
        bundle._session(PREDICT)
        return bundle

    def __reduce__(self) -> tuple[Any, tuple[str | Path]]:
        """Another process loads the bundle again: sessions cannot be sent."""
        return Bundle.load, (self._source,)

    def __repr__(self) -> str:
        return f"Bundle({self.name!r}, hash={self.hash!r}, genres={len(self.names)})"

    @property
    def name(self) -> str:
        """The model's name, for people."""
        return self.manifest.name

    @property
    def names(self) -> tuple[str, ...]:
        """The genres, in class order."""
        return self.manifest.taxonomy.names

    @property
    def card(self) -> str:
        """The model card, Markdown."""
        return self._files.get(CARD, b"").decode("utf-8", "replace")

    @property
    def has_attention(self) -> bool:
        """Whether :meth:`attention` can be asked."""
        return ATTENTION in self._files

    def logits(self, mel: Float32) -> tuple[Float32, Float32]:
        """Logits ``(w, c)`` and embeddings ``(w, d)`` of windows ``(w, n_frames, n_mels)``, compressed.

        Runs a bounded number of windows at a time. Raises :class:`BundleError` when the graph fails or gives
        values that are not finite.
        """
        where = f"{self.path}: {PREDICT}"
        session = self._session(PREDICT)
        name = self.manifest.front_end.input_name
        step = self._batch_windows
        parts = [
            run_graph(session, ["logits", "embedding"], inputs={name: mel[start : start + step]}, where=where)
            for start in range(0, len(mel), step)
        ]
        logits: Float32 = np.concatenate([part[0] for part in parts])
        if logits.shape != (len(mel), len(self.names)):
            raise BundleError(
                f"{where}: the graph gives logits {logits.shape} for {len(mel)} windows and "
                f"{len(self.names)} genres"
            )
        if not np.isfinite(logits).all():
            raise BundleError(f"{where}: the graph gives values that are not finite")
        return logits, np.concatenate([part[1] for part in parts])

    def attention(self, mel: Float32) -> Float32:
        """Attention ``(layers, heads, tokens, tokens)`` in one window ``(n_frames, n_mels)``, compressed.

        Raises :class:`BundleError` with the code ``no_attention`` when the model has none.
        """
        if not self.has_attention:
            raise BundleError(
                f"{self.name} has no attention to show: its architecture has none", code="no_attention"
            )
        where = f"{self.path}: {ATTENTION}"
        session = self._session(ATTENTION)
        inputs = {self.manifest.front_end.input_name: mel[np.newaxis]}
        maps: Float32 = run_graph(session, ["attention"], inputs=inputs, where=where)[0]
        return maps

    def predict(self, source: Source, *, sample_rate: int | None = None) -> Prediction:
        """The genre of a piece: a path, the bytes of a file, or samples ``(n,)`` or ``(n, channels)``.

        ``sample_rate`` (Hz) goes with samples and with nothing else. Sound of any length is read by blocks in
        constant memory. Raises :class:`AudioError` when no sound can be had; sound that is silent throughout
        or shorter than a second is no error: the prediction abstains.
        """
        settings = self.manifest.front_end
        with _opened(source, sample_rate=sample_rate, target_rate=settings.sample_rate) as stream:
            mel = MelStream(settings)
            heard = _Heard(self)
            for window in iter_windows(_frames(stream, mel), settings=self.manifest.windows):
                heard.add(window)
            n_samples, notes = stream.n_samples, tuple(stream.notes)
        if n_samples == 0:
            raise AudioError("the file holds no sound: 0 samples", code="no_sound")
        return heard.prediction(duration_s=n_samples / settings.sample_rate, notes=notes)

    @property
    def _batch_windows(self) -> int:
        return max(1, BATCH_FRAMES // self.manifest.windows.n_frames)

    def _session(self, file: str) -> Any:
        with self._lock:
            if file not in self._sessions:
                where = f"{self.path}: {file}"
                session = open_session(self._files[file], where=where)
                if file == PREDICT:
                    check_predict_graph(
                        session,
                        where=where,
                        input_name=self.manifest.front_end.input_name,
                        n_frames=self.manifest.windows.n_frames,
                        n_mels=self.manifest.front_end.n_mels,
                        n_genres=len(self.names),
                    )
                self._sessions[file] = session
            return self._sessions[file]


class _Heard:
    """What has been heard of a piece so far: windows wait until a batch is full; only results are kept."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._waiting: list[tuple[int, Float32]] = []
        self._frames: list[tuple[int, int]] = []
        self._logits: list[Float32 | None] = []
        self._embedding_sum: NDArray[np.float64] | None = None

    def add(self, window: Window) -> None:
        self._frames.append((window.start_frame, window.end_frame))
        self._logits.append(None)
        front_end = self._bundle.manifest.front_end
        if is_silent(window.power, settings=front_end):
            return
        self._waiting.append((len(self._logits) - 1, compress(window.power, settings=front_end)))
        if len(self._waiting) == self._bundle._batch_windows:
            self._run()

    def _run(self) -> None:
        if not self._waiting:
            return
        logits, embeddings = self._bundle.logits(np.stack([mel for _, mel in self._waiting]))
        for (index, _), row in zip(self._waiting, logits, strict=True):
            self._logits[index] = row
        total = embeddings.sum(axis=0, dtype=np.float64)
        self._embedding_sum = total if self._embedding_sum is None else self._embedding_sum + total
        self._waiting.clear()

    def prediction(self, *, duration_s: float, notes: tuple[str, ...]) -> Prediction:
        self._run()
        manifest = self._bundle.manifest
        weights = np.array([row is not None for row in self._logits], dtype=np.float64)
        nothing = np.full(len(manifest.taxonomy), np.nan)
        window_logits = np.stack([nothing if row is None else row for row in self._logits])
        pooled = pool_logits(window_logits, weights=weights)
        silent = not weights.any()
        reason = "silence" if silent else "too_short" if duration_s < SHORTEST_S else None
        if self._embedding_sum is None:
            embedding = np.full(self._embedding_size(), np.nan, dtype=np.float32)
        else:
            embedding = (self._embedding_sum / weights.sum()).astype(np.float32)
        seconds_per_frame = manifest.front_end.hop_length / manifest.front_end.sample_rate
        times_s = np.minimum(np.array(self._frames) * seconds_per_frame, duration_s)
        times_s[-1, 1] = duration_s
        return Prediction(
            names=manifest.taxonomy.names,
            probabilities=softmax(pooled, temperature=manifest.temperature),
            window_times_s=times_s,
            window_probabilities=softmax(window_logits, temperature=manifest.temperature),
            embedding=embedding,
            duration_s=duration_s,
            model_name=manifest.name,
            model_hash=self._bundle.hash,
            abstained=reason is not None,
            reason=reason,
            notes=notes,
        )

    def _embedding_size(self) -> int:
        shapes = {value.name: value.shape for value in self._bundle._session(PREDICT).get_outputs()}
        size = shapes["embedding"][-1]
        return size if isinstance(size, int) else 0


def _shipped() -> Any:
    """The shipped bundle as a path (context manager), out of a zipped package too."""
    home = resources.files("genrelens.bundle") / "shipped"
    for name in ("default.zip", "default"):
        if (home / name).joinpath("manifest.json").is_file() or (
            name.endswith(".zip") and (home / name).is_file()
        ):
            return resources.as_file(home / name)
    raise BundleError(
        "this installation of genrelens holds no model; give one: --model PATH in the shell, "
        "genrelens.load(path) in Python",
        code="missing",
    )


def _opened(source: Source, *, sample_rate: int | None, target_rate: int) -> AudioStream:
    if isinstance(source, str | Path | bytes | bytearray | memoryview):
        if sample_rate is not None:
            raise AudioError(
                "sample_rate= goes with samples only, a file knows its own; leave it out", code="bad_samples"
            )
        return open_stream(
            source if isinstance(source, str | Path) else bytes(source), sample_rate=target_rate
        )
    if sample_rate is None:
        raise AudioError(
            "expected a path, the bytes of a file, or samples with their rate in Hz: predict(samples, sample_rate=...)",
            code="bad_samples",
        )
    return stream_array(source, sample_rate_in=sample_rate, sample_rate=target_rate)


def _frames(stream: AudioStream, mel: MelStream) -> Iterator[Float32]:
    for block in stream:
        yield mel.push(block)
    yield mel.finish()
