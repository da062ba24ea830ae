"""How figures look, and how they are written: one style, no global state, the same bytes every time.

Colours are Okabe & Ito's (2008), which colour-blind readers can tell apart; no figure rests on colour alone.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial, wraps
from io import BytesIO
from pathlib import Path
from typing import Any, ParamSpec
from unicodedata import east_asian_width

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, fontManager, get_font
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter

from genrelens.errors import DataError
from genrelens.evaluation import report_text
from genrelens.files import write_whole
from genrelens.metrics import Interval
from genrelens.pages.wording import visible

BLUE, ORANGE, GREY, INK, FAINT = "#0072B2", "#D55E00", "#7F7F7F", "#222222", "#DDDDDD"
# Okabe & Ito's colours without the yellow, which white paper swallows, and three more. Ten colours and nine shapes
# share no divisor, so ninety genres have a sign each, and of two with one shape the colours differ by more than hue.
COLOURS = (BLUE, ORANGE, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", INK, "#6A3D9A", "#8C510A", "#A2A43A")
SHAPES = ("o", "s", "^", "X", "D", "v", "P", "*", "<")
WIDTH_IN = 7.2
"""The width of a page of docs; with type of 9 points it can be read there without zooming."""
DPI = 160

_METADATA: dict[str, dict[str, Any]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Producer": None, "Creator": None},
}
_STYLE: Any = {
    "font.size": 9.0,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.hashsalt": "genrelens",
}

_WIDE_FONTS = (
    *("Noto Sans CJK JP", "Noto Sans JP", "Noto Sans CJK SC", "Source Han Sans", "IPAexGothic", "IPAGothic"),
    *("TakaoGothic", "VL Gothic", "WenQuanYi Zen Hei", "Droid Sans Fallback", "Hiragino Sans", "Yu Gothic"),
    *("Meiryo", "MS Gothic", "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR", "Arial Unicode MS"),
)
"""Fonts with the letters of Chinese, Japanese and Korean, which DejaVu Sans (it comes with matplotlib) lacks."""

P = ParamSpec("P")


def in_style(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """A function that makes a figure in this style, whatever the user's own settings of matplotlib are."""

    @wraps(draw)
    def styled(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with _house_style():
            figure = draw(*args, **kwargs)
            canvas: Any = FigureCanvasAgg(figure)
            canvas.draw()  # lays everything out now, under this style
            return figure

    return styled


@contextmanager
def _house_style() -> Iterator[None]:
    """This style alone for the block, without a complaint that a font with rare letters has no bold ones."""
    log = logging.getLogger("matplotlib.font_manager")
    before = log.level
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update({**_STYLE, "font.family": list(font_families())})
        log.setLevel(logging.ERROR)
        try:
            yield
        finally:
            log.setLevel(before)


def save(figure: Figure, path: Path) -> None:
    """Write a figure, whole or not, as .png, .svg or .pdf without date or program. Raises :class:`DataError`."""
    suffix = path.suffix.lower()
    check_suffix(path)
    try:
        write_whole(path, _drawn(figure, suffix))
    except OSError as error:
        raise DataError(f"the figure {str(path)!r} cannot be written: {error.strerror or error}") from error


def to_png(figure: Figure) -> bytes:
    """A figure as the bytes of the .png file that :func:`save` writes."""
    return _drawn(figure, ".png")


def _drawn(figure: Figure, suffix: str) -> bytes:
    file = BytesIO()
    with _house_style():
        figure.savefig(file, format=suffix[1:], dpi=DPI, metadata=_METADATA[suffix])
    return _with_palette(file) if suffix == ".png" else file.getvalue()


def _with_palette(file: BytesIO) -> bytes:
    """The same opaque picture in its 256 most frequent colours: figures have few, and take two fifths of the bytes."""
    from PIL import Image  # matplotlib writes its PNGs with it

    palette = Image.open(file).convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    small = BytesIO()
    palette.save(small, format="PNG", optimize=True)
    return min(file.getvalue(), small.getvalue(), key=len)


def check_suffix(path: Path) -> None:
    """Refuse a file name that says no kind of figure, before any work is done for it."""
    if path.suffix.lower() not in _METADATA:
        known = ", ".join(_METADATA)
        raise DataError(f"a figure's file name should end in {known}, got {path.name!r}")


def printable(name: str, *, width: int = 28) -> str:
    """A name from anywhere as text of a figure: nothing in it is a formula, a line break or a sign no font here has.

    Cut to ``width`` columns; a letter of Chinese, Japanese or Korean takes two. A legend would pass over a leading
    underscore, so a space stands before it.
    """
    shown = "".join(c if ord(c) in _charmap() else c.encode("unicode_escape").decode() for c in visible(name))
    if _columns(shown) > width:
        kept = next(k for k in range(len(shown), -1, -1) if _columns(shown[:k]) < width)
        shown = shown[:kept].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
    return (" " if shown.startswith("_") else "") + shown.replace("$", r"\$")


def _columns(text: str) -> int:
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)


@cache
def _charmap() -> frozenset[int]:
    """The characters that the fonts of all figures have."""
    return frozenset(char for family in font_families() for char in get_font(findfont(family)).get_charmap())


@cache
def font_families() -> tuple[str, ...]:
    """The fonts of figures: DejaVu Sans, and behind it those installed here that have letters it lacks."""
    installed = set(fontManager.get_font_names())
    return ("DejaVu Sans", *(name for name in _WIDE_FONTS if name in installed))


percent = partial(report_text.percent, sign=" %")
"""``0.676`` -> ``"67.6 %"``."""
percent_interval = partial(report_text.percent_interval, sign=" %")
"""``"67.6 % [58.0, 76.1]"``, without brackets where there is no interval."""


def share_axis(axes: Axes, which: str, label: str) -> None:
    """An axis from 0 to 100 %."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axes.set(**{f"{which}lim": (0.0, 1.0), f"{which}label": label, f"{which}ticks": [k / 5 for k in range(6)]})
    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100.0 * share:.0f} %"))
    axis.grid(visible=True)
    axes.set_axisbelow(True)


def side_by_side(figure: Figure) -> None:
    """Room between panels for the last label of one axis and the first of the next."""
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(wspace=0.08)


def name_rows(axes: Axes, labels: Sequence[str]) -> None:
    """Names of rows 0, 1, ... beside the axes, the first on top, without marks or a line."""
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def interval_mark(
    axes: Axes, interval: Interval, y: float, *, colour: str, sign: str = "o", size: float = 6.5, hollow: bool = False
) -> None:
    """A sign at the value and a line over its interval, as far as they were measured."""
    if math.isnan(interval.value):
        return
    if not math.isnan(interval.low):
        axes.plot([interval.low, interval.high], [y, y], color=colour, linewidth=2.0, alpha=0.8)
    face = "white" if hollow else colour
    axes.plot(interval.value, y, sign, color=colour, markerfacecolor=face, markersize=size, zorder=3, clip_on=False)


def put(
    axes: Axes, words: str, at: tuple[float, float], offset: tuple[float, float], *, fontsize: float = 8.5, **more: Any
) -> None:
    """Words beside a place, ``offset`` points (right, up) from it; ``more`` goes to matplotlib's ``annotate``."""
    right, up = offset
    beside = {"ha": "left" if right else "center", "va": "baseline" if up else "center"}
    axes.annotate(words, at, offset, textcoords="offset points", fontsize=fontsize, **{**beside, **more})


def beside_row(axes: Axes, y: float, words: str) -> None:
    """Words right of the axes on the line of a row."""
    put(axes, words, (1.0, y), (10, 0), xycoords=axes.get_yaxis_transform())


def footnote(figure: Figure, lines: list[str], *, warning: bool = False) -> None:
    """Small print below the figure; ``warning`` prints it in a colour that is not passed over."""
    if lines:
        colour = ORANGE if warning else GREY
        figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=7.5, color=colour)
