"""How the digest's picture looks: matplotlib's home, imported in the chart process only.

`python -m bot.alerting.charts` answers each line of JSON on its standard input with a PNG. Only the DejaVu fonts that
matplotlib ships are used, so that the fonts of the machine play no part.
"""

import io
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from PIL import Image

from bot.alerting.charting import FRAME, ChartSpec, spec_of

WIDTH, DPI = 1000, 100  # pixels: two and a half times the width that it must be readable at
_COLOURS = 160
_ROW = 62  # pixels of height for one topic
_TITLE, _TEXT, _SMALL = 25.0, 21.5, 19.5  # points: at 400 pixels' width the smallest text is 10 pixels high


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The colours of a picture. `up` and `down` differ in brightness too, for those who cannot tell red from blue."""

    ground: str
    text: str
    faint: str
    up: str
    down: str
    band: str
    cells: tuple[str, str, str]


LOOKS: Mapping[str, Look] = {
    "light": Look(
        ground="#fbfcfd",
        text="#1b2430",
        faint="#5b6675",
        up="#c8500a",
        down="#2b7fc4",
        band="#e9edf2",
        cells=("#eef1f5", "#8ab6d9", "#1d4f80"),
    ),
    "dark": Look(
        ground="#1d2733",
        text="#f0f3f7",
        faint="#aab4c0",
        up="#ff8f4c",
        down="#5fb2f2",
        band="#2a3644",
        cells=("#283442", "#3f78a8", "#a9dcff"),
    ),
}


def draw(spec: ChartSpec) -> bytes:
    """Give the picture as PNG. Equal specs give equal bytes: neither time nor version is written into the file."""
    look = LOOKS[spec.look]
    rows = max(len(spec.topics), 2)
    top, bottom = 500, 162 + _ROW * rows
    height = top + bottom
    with mpl.rc_context({"font.family": ["DejaVu Sans"], "font.size": _TEXT, "svg.hashsalt": "straitwatch"}):
        figure = Figure(figsize=(WIDTH / DPI, height / DPI), dpi=DPI, facecolor=look.ground)
        canvas: Any = FigureCanvasAgg(figure)
        _bars(figure.add_axes((0.09, (bottom + 75) / height, 0.88, (top - 200) / height)), spec, look)
        _heat(figure.add_axes((0.44, 92 / height, 0.53, _ROW * rows / height)), spec, look)
        _headings(figure, spec, look, height=height, middle=bottom)
        canvas.draw()
    return _png(Image.frombuffer("RGBA", canvas.get_width_height(), bytes(canvas.buffer_rgba())))


def _png(picture: Image.Image) -> bytes:
    """Write a picture with a palette: a third of the size, and nobody sees the difference on flat colours."""
    written = io.BytesIO()
    few = picture.convert("RGB").quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(written, format="png", optimize=True)
    return written.getvalue()


def _font(size: float, *, bold: bool = False) -> FontProperties:
    """Give one of matplotlib's own fonts by its file, so that the fonts of the machine play no part."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return FontProperties(fname=Path(mpl.get_data_path(), "fonts", "ttf", name), size=size)


def _fitting(size: float, texts: Sequence[str], room: int) -> float:
    """Give a size at which the longest text needs no more than the room of `room` characters of average width."""
    longest = max((len(text) for text in texts), default=0)
    return size * min(1.0, room / max(longest, 1))


def _headings(figure: Figure, spec: ChartSpec, look: Look, *, height: int, middle: int) -> None:
    size = _fitting(_TITLE, (spec.title, spec.heat_title), 42)
    place: dict[str, Any] = {"va": "top", "color": look.text, "fontproperties": _font(size, bold=True)}
    figure.text(0.03, 1 - 22 / height, spec.title, **place)
    figure.text(0.03, (middle - 8) / height, spec.heat_title, **place)
    legend: dict[str, Any] = {"va": "top", "fontproperties": _font(_TEXT, bold=True)}
    figure.text(0.03, 1 - 72 / height, "▲ " + spec.up_label, color=look.up, **legend)
    figure.text(0.42, 1 - 72 / height, "▼ " + spec.down_label, color=look.down, **legend)


def _bars(axes: Any, spec: ChartSpec, look: Look) -> None:
    places = range(len(spec.days))
    axes.set_facecolor(look.ground)
    axes.axvspan(spec.now_from - 0.5, len(spec.days) - 0.5, color=look.band, zorder=0)
    axes.bar(places, spec.up, color=look.up, width=0.74, zorder=2)
    axes.bar(places, [-count for count in spec.down], color=look.down, width=0.74, zorder=2)
    axes.axhline(0, color=look.faint, linewidth=1.5, zorder=3)
    highest, lowest = max([*spec.up, 1]), max([*spec.down, 1])
    room = (highest + lowest) * 0.16
    axes.set_ylim(-lowest - room, highest + room)
    axes.set_xlim(-0.6, len(spec.days) - 0.4)
    for place, count in enumerate(spec.up):
        if count:
            _count(axes, place, count + room * 0.12, count, look, va="bottom")
    for place, count in enumerate(spec.down):
        if count:
            _count(axes, place, -count - room * 0.16, count, look, va="top")
    axes.set_yticks([])
    axes.set_xticks(list(places), spec.days)
    for place, label in enumerate(axes.get_xticklabels()):
        label.set(fontproperties=_font(_SMALL), color=look.text, visible=place % 2 == (len(spec.days) - 1) % 2)
    axes.tick_params(length=0, pad=8)
    axes.spines[:].set_visible(False)


def _count(axes: Any, x: float, y: float, count: int, look: Look, *, va: str) -> None:
    axes.text(x, y, str(count), ha="center", va=va, color=look.text, fontproperties=_font(_SMALL))


def _heat(axes: Any, spec: ChartSpec, look: Look) -> None:
    axes.set_facecolor(look.ground)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, pad=10)
    if not spec.topics:
        axes.set_xticks([])
        axes.set_yticks([])
        axes.text(-0.75, 0.6, spec.nothing, transform=axes.transAxes, color=look.faint, fontproperties=_font(_TEXT))
        return
    highest = max(max(row) for row in spec.heat) or 1
    colours = LinearSegmentedColormap.from_list("cells", look.cells)
    axes.set_xlim(-0.5, len(spec.weeks) - 0.5)
    axes.set_ylim(len(spec.topics) - 0.5, -0.5)
    for row, counts in enumerate(spec.heat):
        for column, count in enumerate(counts):
            colour = colours(count / highest)
            axes.add_patch(Rectangle((column - 0.47, row - 0.46), 0.94, 0.92, facecolor=colour, edgecolor="none"))
            if count:
                shade = _ink(colour)
                axes.text(column, row, str(count), ha="center", va="center", color=shade, fontproperties=_font(_SMALL))
    axes.xaxis.tick_bottom()
    axes.set_xticks(range(len(spec.weeks)), spec.weeks)
    axes.set_yticks(range(len(spec.topics)), spec.topics)
    for place, label in enumerate(axes.get_xticklabels()):
        label.set(fontproperties=_font(_SMALL, bold=place == len(spec.weeks) - 1), color=look.text)
    size = _fitting(_SMALL, spec.topics, 27)
    for label in axes.get_yticklabels():
        label.set(fontproperties=_font(size), color=look.text)


def _ink(colour: tuple[float, float, float, float]) -> str:
    """Give the colour of a number on a cell: dark on bright cells, bright on dark ones (relative luminance, WCAG)."""
    red, green, blue, _ = colour
    return "#10161d" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.45 else "#ffffff"


def main(source: BinaryIO, target: BinaryIO) -> None:
    """Answer each line of JSON with the length of a PNG and the PNG, until the input ends."""
    for line in source:
        drawn = draw(spec_of(json.loads(line)))
        target.write(FRAME.pack(len(drawn)) + drawn)
        target.flush()


if __name__ == "__main__":
    answers = sys.stdout.buffer
    sys.stdout = sys.stderr  # whatever a library prints must not end up between the pictures
    main(sys.stdin.buffer, answers)
