"""EfficientAT's mn04 as ``genrelens weights fetch plus`` leaves it in the user's folder: a graph for ONNX Runtime."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from genrelens.audio.resample import Resampler
from genrelens.bundle.sessions import open_session, run_graph
from genrelens.bundle.windows import Window, WindowCutter, WindowSettings
from genrelens.errors import BundleError
from genrelens.files import user_folder
from genrelens.frontend.frames import frame_stream, is_silent
from genrelens.frontend.mn04 import Mn04Settings, log_mel

SETTINGS: Final = Mn04Settings()
WINDOW: Final = WindowSettings(1000, 1000)
"""10 s, as it was trained on, side by side."""
CLOSING_FROM: Final = 500
"""A window that ends with the track is added where 5 s would not be heard: clips of 30.0x s are heard three times."""
WIDTHS: Final = {"features": 384, "logits": 527}
"""Numbers a window of each of the graph's outputs, in the order in which they are kept side by side."""
N_NUMBERS: Final = sum(WIDTHS.values())
RELEASED_SHA256: Final = "899a8c6217063f6941793102a2780b3dd788ab11fce468d9cf5f0577c453321c"
"""Of the released weights that models with mn04 beside were trained with: EfficientAT v0.0.1, mn04_as_mAP_432.pt."""
SOURCE: Final = "source_sha256"
"""What the graph carries: the SHA-256 of the released file that it was made from."""
HOW: Final = "`genrelens weights fetch plus` gets them (4 MB) and makes of them what is read"


class Mn04:
    """The network, ready to run; safe to use from several threads at once.

    ``sha256`` is that of the graph, ``source_sha256`` that of the released weights in it ("" where it does not say);
    ``where`` names it in messages.
    """

    def __init__(self, graph: bytes, *, where: str) -> None:
        self.sha256 = hashlib.sha256(graph).hexdigest()
        self.where = where
        self._session: Any = open_session(graph, where=where)
        self.source_sha256 = str(self._session.get_modelmeta().custom_metadata_map.get(SOURCE, ""))
        inputs = {value.name: value.shape[2:] for value in self._session.get_inputs()}
        outputs = {value.name: value.shape[-1] for value in self._session.get_outputs()}
        if inputs != {SETTINGS.input_name: [SETTINGS.n_bands]} or outputs != WIDTHS:
            raise BundleError(f"{where}: this graph is not mn04's; {HOW} again")

    @classmethod
    def load(cls, path: Path | None = None) -> Mn04:
        """The network from a file, or that of the user's folder.

        Raises :class:`BundleError`, with the code ``not_fetched`` where there is none.
        """
        try:
            place = path or graph_path()
            content = place.read_bytes()
        except FileNotFoundError as error:
            raise BundleError(f"the weights of mn04 are not here; {HOW}", code="not_fetched") from error
        except OSError as error:
            raise BundleError(f"{error.filename or path}: cannot be read: {error.strerror or error}") from error
        return cls(content, where=str(place))

    @classmethod
    def released(cls) -> Mn04:
        """The network of the user's folder, which has to be of the released weights.

        Raises :class:`BundleError`, with the code ``not_fetched`` where there is none or it is of others.
        """
        network = cls.load()
        if network.source_sha256 != RELEASED_SHA256:
            raise BundleError(
                f"{network.where}: made of other weights than the released ones; {HOW}", code="not_fetched"
            )
        return network

    def __call__(self, power: NDArray[np.float32]) -> NDArray[np.float32]:
        """Windows of power ``(w, t, 128)``, of any length t -> ``(w, 911)``: 384 features, then 527 logits, whose
        sigmoid is the probability of a class of AudioSet."""
        inputs = {SETTINGS.input_name: log_mel(power, settings=SETTINGS)}
        return np.concatenate(run_graph(self._session, [*WIDTHS], inputs=inputs, where=self.where), axis=1)


class Mn04Ear:
    """What mn04 makes of a piece that arrives bit by bit, in memory that does not grow: the mean over its windows."""

    def __init__(self, network: Mn04, *, sample_rate: int) -> None:
        """``sample_rate``: of the blocks to come, Hz."""
        self._network = network
        self._resampler = Resampler(sample_rate_in=sample_rate, sample_rate=SETTINGS.sample_rate)
        self._frames = frame_stream(SETTINGS)
        self._cutter = WindowCutter(WINDOW, closing_from=CLOSING_FROM)
        self._sum = np.zeros(N_NUMBERS)
        self._n_heard = 0

    def push(self, block: NDArray[np.float32]) -> None:
        """Take the next samples ``(k,)``."""
        self._hear(self._cutter.push(self._frames.push(self._resampler.push(block))))

    def finish(self) -> NDArray[np.float64]:
        """End the piece: ``(911,)``, the mean over windows that are not silent; not a number where all are."""
        for frames in (self._frames.push(self._resampler.finish()), self._frames.finish()):
            self._hear(self._cutter.push(frames))
        self._hear(self._cutter.finish())
        return self._sum / self._n_heard if self._n_heard else np.full(N_NUMBERS, np.nan)

    def _hear(self, windows: Iterable[Window]) -> None:
        for window in windows:
            if not is_silent(window.power, settings=SETTINGS):
                self._sum += self._network(window.power[np.newaxis])[0]
                self._n_heard += 1


def graph_path() -> Path:
    """Where the graph is or will be. Raises ``OSError`` where the user has no folder."""
    return user_folder() / "weights" / "mn04.onnx"
