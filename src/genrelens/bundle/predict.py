"""The one path from sound to a prediction; the shell, the web page, evaluation and scanning all take it."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genrelens.audio import AudioStream, open_stream, stream_array
from genrelens.bundle.coverage import COVERAGE, check_coverage
from genrelens.bundle.descriptor_stream import hear_descriptors
from genrelens.bundle.frame_stream import frames_of, frames_with_mn04, take_frames
from genrelens.bundle.heard import Heard, Outputs, Values
from genrelens.bundle.manifest import Manifest
from genrelens.bundle.mn04 import N_NUMBERS, Mn04
from genrelens.bundle.prediction import Prediction
from genrelens.bundle.reading import Beside, Part, Picture, read_ahead
from genrelens.bundle.sessions import MAX_EMBEDDING, check_predict_graph, open_session, run_graph
from genrelens.bundle.store import ATTENTION, CARD, PREDICT, TRACK_TERM, StoredBundle, read_bundle
from genrelens.bundle.track_term import MN04, TrackTerm
from genrelens.data.pictures import is_png, picture_frames
from genrelens.errors import AudioError, BundleError
from genrelens.frontend.descriptors.settings import DescriptorSettings
from genrelens.frontend.mel import MelSettings

Float32 = NDArray[np.float32]
Source = str | Path | bytes | BinaryIO | ArrayLike
"""A path, the bytes of a file, a binary file object, or samples ``(n,)`` or ``(n, channels)``."""

DEFAULT = "base"
SHIPPED = (DEFAULT, "lite", "plus")
"""Models that come with genrelens, by name: ``lite`` looks at half as many windows as ``base``; ``plus`` also hears
with mn04, whose weights have to be fetched."""
BATCH_FRAMES = 1024
"""Windows go through the net together up to this many frames, but always one. musicnn's five fetch its weights once:
a tenth less processor time than two at a time (12 mp3s, lite); more windows are slower again and cost memory."""
GRAPH_BYTES = 256 << 20
"""Memory that the graph of a model that did not come with genrelens may take, and four times its own size on top."""
ATTENTION_BYTES = 2 << 30
"""The same for attention: maps of 1,290 frames in 4 layers of 4 heads take 0.4 GB."""
_SIZES = {MN04: N_NUMBERS}
"""Numbers of each kind that a track adds; of kinds that are not here, as many as an embedding has."""
BATCH_ROWS = 64
"""Rows of descriptors go through the graph together up to this many."""


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
        self._track_term: TrackTerm | None = None
        self._mn04: Mn04 | None = None

    @classmethod
    def load(cls, path: str | Path = DEFAULT) -> Self:
        """The bundle in a folder or .zip file, or by name one that comes with genrelens: ``"base"``, ``"lite"`` or
        ``"plus"``, whose second network has to be fetched first.

        Every file is checked against its SHA-256 and the graph against the labels. A graph from elsewhere is refused
        that reads other files, has loops, or asks for memory without measure; it is run once to see. One that comes
        with genrelens is made ready when it is first needed, while sound is being decoded. Raises
        :class:`BundleError`.
        """
        if path in SHIPPED:
            with ExitStack() as stack:
                bundle = cls(read_bundle(stack.enter_context(_shipped(str(path)))), source=path)
        else:
            bundle = cls(read_bundle(path), source=path)
        if MN04 in bundle.manifest.track_numbers:
            bundle._mn04 = Mn04.released()
        if not bundle._is_shipped:
            bundle._session(PREDICT)
            bundle._read_track_term()
            bundle._try_out()
        return bundle

    def __reduce__(self) -> tuple[Any, tuple[type[Bundle], str | Path, str]]:
        """Another process loads the bundle again: sessions cannot be sent."""
        return _load_same, (type(self), self._source, self.hash)

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
    def graph(self) -> bytes:
        """``predict.onnx``: the network, for tools that read ONNX."""
        return self._files[PREDICT]

    @property
    def track_term(self) -> TrackTerm | None:
        """What the whole track adds to its windows' logits; None where nothing does."""
        self._read_track_term()
        return self._track_term

    @property
    def has_attention(self) -> bool:
        """Whether :meth:`attention` can be asked."""
        return ATTENTION in self._files

    def outputs(self, values: Values) -> Outputs:
        """What the graph says of windows: frames ``(w, n_frames, n_bands)``, compressed, or descriptors ``(w, d)``.

        Runs a bounded number of windows at a time. Raises :class:`BundleError` when the graph fails or gives
        values that are not finite.
        """
        where = f"{self.path}: {PREDICT}"
        session = self._session(PREDICT)
        name = self.manifest.front_end.input_name
        wanted = [*self._widths, "embedding"]
        step = self._batch_windows
        parts = [
            run_graph(session, wanted, inputs={name: values[start : start + step]}, where=where)
            for start in range(0, len(values), step)
        ]
        found = {key: np.concatenate([part[i] for part in parts]) for i, key in enumerate(wanted)}
        if found["embedding"].ndim != 2 or found["embedding"].shape[1] > MAX_EMBEDDING:
            raise BundleError(f"{where}: the graph gives an embedding of shape {found['embedding'].shape}")
        for key, width in self._widths.items():
            if found[key].shape != (len(values), width):
                raise BundleError(
                    f"{where}: the graph gives {key} {found[key].shape}, expected ({len(values)}, {width})"
                )
            if not np.isfinite(found[key]).all():
                raise BundleError(f"{where}: the graph gives values that are not finite")
        return Outputs(found["logits"], found["embedding"], found.get("tags"), found.get("screens"))

    def attention(self, mel: Float32) -> Float32:
        """Attention ``(layers, heads, tokens, tokens)`` in one window ``(n_frames, n_bands)``, compressed.

        Raises :class:`BundleError` with the code ``no_attention`` when the model has none.
        """
        if not self.has_attention:
            raise BundleError(f"{self.name} has no attention to show: its architecture has none", code="no_attention")
        where = f"{self.path}: {ATTENTION}"
        session = self._session(ATTENTION)
        inputs = {self.manifest.front_end.input_name: mel[np.newaxis]}
        maps: Float32 = run_graph(session, ["attention"], inputs=inputs, where=where)[0]
        return maps

    def predict(self, source: Source, *, sample_rate: int | None = None, coverage: float = COVERAGE) -> Prediction:
        """The genre of a piece: a path, the bytes of a file, or samples ``(n,)`` or ``(n, channels)``.

        A file may also be a picture of a spectrogram as Kaggle drew them of GTZAN (PNG), where the model has the front
        end of those pictures; for others that is no sound. ``sample_rate`` (Hz) goes with samples and with nothing
        else; ``coverage``, above 0 and below 1, is how often the prediction's ``set`` is to hold the true genre. Sound
        of any length is read by blocks in constant memory. Raises :class:`AudioError` when no sound can be had; sound
        that tells nothing is no error: the prediction
        abstains. :class:`MissingExtraError`: see :meth:`check_extra`.
        """
        [found] = self.predict_each([source], sample_rate=sample_rate, coverage=coverage)
        if isinstance(found, Exception):
            raise found
        return found

    def predict_each(
        self, sources: Sequence[Source], *, sample_rate: int | None = None, coverage: float = COVERAGE
    ) -> Generator[Prediction | Exception, None, None]:
        """As :meth:`predict`, for one source after the other; what it would raise for one of them is yielded.

        With more than one core the next sounds are decoded and cut into frames, in a thread, while the network hears
        what came before.
        """
        check_coverage(coverage)
        self.check_extra()
        open_source = partial(self._opened, sample_rate=sample_rate)
        with read_ahead(sources, open_source=open_source, process=self._process) as read:
            self._session(PREDICT)  # made while the first sound is being decoded
            for parts in read:
                try:
                    found: Prediction | Exception = self._predict(parts, coverage=coverage)
                except Exception as error:
                    found = error
                yield found

    def _process(self, stream: AudioStream) -> Iterable[Float32 | Beside]:
        """What is best done where the sound is decoded: frames, but not descriptors, which need whole segments."""
        front_end = self.manifest.front_end
        if isinstance(front_end, DescriptorSettings):
            return stream
        if self._mn04 is not None:
            return frames_with_mn04(stream, settings=front_end, sample_rate=stream.sample_rate, network=self._mn04)
        return frames_of(stream, settings=front_end)

    def _predict(self, parts: Iterator[Part], *, coverage: float) -> Prediction:
        heard = Heard(self.manifest, run=self.outputs, batch_windows=self._batch_windows)
        stream = next(parts)
        if isinstance(stream, Picture):
            return self._look(stream.file, heard, coverage=coverage)
        assert isinstance(stream, AudioStream)
        arrays = _arrays(parts, heard)
        front_end, rate = self.manifest.front_end, stream.sample_rate
        if isinstance(front_end, DescriptorSettings):
            hear_descriptors(arrays, heard, sample_rate=rate, settings=front_end)
        else:
            assert self.manifest.windows is not None
            take_frames(arrays, heard, settings=front_end, windows=self.manifest.windows)
        if stream.n_samples == 0:
            raise AudioError("the file holds no sound: 0 samples", code="no_sound")
        return self._answer(heard, duration_s=stream.n_samples / rate, notes=tuple(stream.notes), coverage=coverage)

    def _look(self, source: Path | bytes, heard: Heard, *, coverage: float) -> Prediction:
        """The answer to a picture in the place of sound."""
        from genrelens.frontend import image

        front_end, windows = self.manifest.front_end, self.manifest.windows
        # The floor counts here, too: what a picture does not show below it, a deeper floor would.
        frames = picture_frames(source, settings=front_end if front_end == image.SETTINGS else None)
        assert isinstance(front_end, MelSettings) and windows is not None
        take_frames([frames], heard, settings=front_end, windows=windows)
        return self._answer(
            heard,
            duration_s=len(frames) * front_end.hop_length / front_end.sample_rate,
            notes=("a picture: its times are those of a clip of 30 s",),
            coverage=coverage,
        )

    def _answer(self, heard: Heard, *, duration_s: float, notes: tuple[str, ...], coverage: float) -> Prediction:
        return heard.prediction(
            duration_s=duration_s,
            notes=notes,
            coverage=coverage,
            embedding_size=self.embedding_size,
            model_hash=self.hash,
            track_term=self.track_term,
        )

    def check_extra(self) -> None:
        """Raise :class:`MissingExtraError` where the model hears descriptors, and what computes them is not here."""
        if isinstance(self.manifest.front_end, DescriptorSettings):
            self.manifest.front_end.check_installed()

    def _opened(self, source: Source, *, sample_rate: int | None) -> AudioStream | Picture:
        front_end, source = self.manifest.front_end, read_whole(source)
        picture = None if sample_rate is not None else _picture_file(source)
        if picture is not None:
            return Picture(picture)
        if front_end.sample_rate is not None:
            # Two networks with rates of their own hear it: at the file's.
            rate = front_end.sample_rate if self._mn04 is None else sample_rate
            return _opened(source, sample_rate=sample_rate, target_rate=rate)
        assert isinstance(front_end, DescriptorSettings)
        # At the file's own rate, unless that is too low for the descriptors.
        stream = _opened(source, sample_rate=sample_rate, target_rate=sample_rate)
        if stream.sample_rate >= front_end.least_sample_rate:
            return stream
        stream.close()
        return _opened(source, sample_rate=sample_rate, target_rate=front_end.least_sample_rate)

    @property
    def _widths(self) -> dict[str, int]:
        """Numbers a window of each output of the graph, but for the embedding, whose width is its own."""
        manifest = self.manifest
        widths = {"logits": len(self.names)}
        if manifest.tags:
            widths["tags"] = len(manifest.tags)
        if manifest.abstention.needs_screens:
            widths["screens"] = 2
        return widths

    @property
    def _is_shipped(self) -> bool:
        return self._source in SHIPPED

    def _try_out(self) -> None:
        """Run the graph on one window of zeros, so that a model that cannot run is refused before any work."""
        session = self._session(PREDICT)
        kind = session.get_inputs()[0].type
        zeros = np.zeros((1, *self._window_shape), np.float64 if kind == "tensor(double)" else np.float32)
        run_graph(
            session,
            [*self._widths, "embedding"],
            inputs={self.manifest.front_end.input_name: zeros},
            where=f"{self.path}: {PREDICT}",
        )

    def _read_track_term(self) -> None:
        if self.manifest.track_numbers and self._track_term is None:
            self._track_term = TrackTerm.from_bytes(
                self._files[TRACK_TERM],
                n_classes=len(self.names),
                sizes={kind: _SIZES.get(kind, self.embedding_size) for kind in self.manifest.track_numbers},
                where=f"{self.path}: {TRACK_TERM}",
            )

    def _memory_bytes(self, file: str) -> int | None:
        if self._is_shipped:
            return None
        return ATTENTION_BYTES if file == ATTENTION else GRAPH_BYTES + 4 * len(self._files[file])

    @property
    def embedding_size(self) -> int:
        """Numbers of an embedding; 0 where the graph leaves that open."""
        shapes = {value.name: value.shape for value in self._session(PREDICT).get_outputs()}
        size = shapes["embedding"][-1]
        return size if isinstance(size, int) else 0

    @property
    def _batch_windows(self) -> int:
        windows = self.manifest.windows
        return BATCH_ROWS if windows is None else max(1, BATCH_FRAMES // windows.n_frames)

    @property
    def _window_shape(self) -> tuple[int, ...]:
        """Of what the graph is given of one window."""
        front_end, windows = self.manifest.front_end, self.manifest.windows
        if isinstance(front_end, DescriptorSettings):
            return (front_end.n_columns,)
        assert windows is not None
        return windows.n_frames, front_end.n_bands

    def _session(self, file: str) -> Any:
        with self._lock:
            if file not in self._sessions:
                where = f"{self.path}: {file}"
                session = open_session(self._files[file], where=where, memory_bytes=self._memory_bytes(file))
                if file == PREDICT:
                    check_predict_graph(
                        session,
                        where=where,
                        input_name=self.manifest.front_end.input_name,
                        window=self._window_shape,
                        widths=self._widths,
                    )
                self._sessions[file] = session
            return self._sessions[file]


def _arrays(parts: Iterator[Part], heard: Heard) -> Iterator[Float32]:
    """The arrays among the parts; what another network said of the sound goes to ``heard``."""
    for part in parts:
        if isinstance(part, Beside):
            heard.beside[part.kind] = part.numbers
        else:
            assert isinstance(part, np.ndarray)
            yield part


def _load_same(kind: type[Bundle], source: str | Path, model_hash: str) -> Bundle:
    bundle = kind.load(source)
    if bundle.hash != model_hash:
        raise BundleError(f"{bundle.path}: the model was replaced while it was at work; start again")
    return bundle


def _shipped(name: str) -> Any:
    """A shipped bundle as a path (context manager), out of a zipped package too."""
    beside = Path(__file__).with_name("shipped") / name
    if (beside / "manifest.json").is_file():
        return nullcontext(beside)
    from importlib import resources  # takes longer to import than the model to read

    home = resources.files("genrelens.bundle") / "shipped" / name
    if (home / "manifest.json").is_file():
        return resources.as_file(home)
    raise BundleError(
        f"this installation of genrelens holds no model {name!r}; give one: --model PATH in the shell, "
        "genrelens.load(path) in Python",
        code="missing",
    )


def read_whole(source: Source) -> str | Path | bytes | ArrayLike:
    """A file object's content; anything else as it is. Raises :class:`AudioError` for one that was opened as text."""
    if not hasattr(source, "read"):
        return source
    content = source.read()
    if not isinstance(content, bytes):
        raise AudioError('expected a file opened for reading bytes: open(path, "rb")', code="bad_samples")
    return content


def _picture_file(source: str | Path | bytes | ArrayLike) -> Path | bytes | None:
    """The source as a file or the bytes of one, if it is a PNG picture."""
    if not isinstance(source, str | Path | bytes | bytearray | memoryview):
        return None
    file = Path(source) if isinstance(source, str | Path) else bytes(source)
    return file if is_png(file) else None


def _opened(source: str | Path | bytes | ArrayLike, *, sample_rate: int | None, target_rate: int | None) -> AudioStream:
    if isinstance(source, str | Path | bytes | bytearray | memoryview):
        if sample_rate is not None:
            raise AudioError(
                "sample_rate= goes with samples only, a file knows its own; leave it out", code="bad_samples"
            )
        return open_stream(source if isinstance(source, str | Path) else bytes(source), sample_rate=target_rate)
    if sample_rate is None:
        raise AudioError(
            "expected a path, the bytes of a file, or samples with their rate in Hz: predict(samples, sample_rate=...)",
            code="bad_samples",
        )
    return stream_array(source, sample_rate_in=sample_rate, sample_rate=target_rate or sample_rate)
