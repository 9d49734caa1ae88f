"""Line plots for the terminal, drawn with Braille dots: two columns and four rows in each character."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["line_plot"]

_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_BLANK = 0x2800


def line_plot(values: Sequence[tuple[float, float]], *, width: int = 60, height: int = 10) -> str:
    """Return a plot of (x, y) pairs, `width` × `height` characters plus the axes.

    Args:
        values: The points, x growing. Neighbours are joined by a line.
        width: Characters across the drawing.
        height: Lines of the drawing.
    """
    if not values:
        return "(nothing to plot)"
    xs, ys = [x for x, _ in values], [y for _, y in values]
    low, high = min(ys), max(ys)
    across, down = width * 2 - 1, height * 4 - 1
    columns = [round(_share(x, xs[0], xs[-1]) * across) for x in xs]
    rows = [round((1 - _share(y, low, high)) * down) for y in ys]
    places = list(zip(columns, rows, strict=True))
    cells = [[_BLANK] * width for _ in range(height)]
    for begin, end in zip(places, places[1:] or places, strict=False):
        for column, row in _line(begin, end):
            cells[row // 4][column // 2] |= _DOTS[column % 2][row % 4]
    labels = {0: f"{high:.3g}", height - 1: f"{low:.3g}"}
    margin = max(map(len, labels.values()))
    lines = [f"{labels.get(i, ''):>{margin}} │{''.join(map(chr, row))}" for i, row in enumerate(cells)]
    left, right = f"{xs[0]:g}", f"{xs[-1]:g}"
    axis = " " * margin + " └" + "─" * width
    return "\n".join([*lines, axis, " " * (margin + 2) + left + right.rjust(width - len(left))])


def _share(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.5


def _line(begin: tuple[int, int], end: tuple[int, int]) -> list[tuple[int, int]]:
    """The dots between two places, both included."""
    (x0, y0), (x1, y1) = begin, end
    steps = max(abs(x1 - x0), abs(y1 - y0), 1)
    return [(round(x0 + (x1 - x0) * i / steps), round(y0 + (y1 - y0) * i / steps)) for i in range(steps + 1)]
