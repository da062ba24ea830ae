"""The figure of an ablation shows every way, and its figures."""

from __future__ import annotations

from genrelens.evaluation.ablation import AblationReport, VariantResult
from genrelens.metrics import Interval
from genrelens.pages.figure_style import to_png
from genrelens.pages.pictured import ablation_figure


def test_every_way_is_there_with_its_figures() -> None:
    results = tuple(
        VariantResult(
            variant=name,
            accuracy=Interval(value, value - 0.1, value + 0.1),
            macro_f1=Interval(value, value - 0.1, value + 0.1),
            above_plain=None if not i else Interval(value - 0.4, value - 0.5, value - 0.3),
            n_tracks=300,
            n_artists=150,
        )
        for i, (name, value) in enumerate({"r = 0": 0.4, "poe": 0.45, "mixture": 0.3}.items())
    )
    report = AblationReport("a_$recipe$", "runs/x_$y", "toys", "all", ("a", "b"), (), 3, 0, results)
    figure = ablation_figure(report)
    left, right = figure.axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["r = 0", "poe", "mixture"]
    assert [text.get_text() for text in left.texts if "%" in text.get_text()] == ["40.0 %", "45.0 %", "30.0 %"]
    assert [text.get_text() for text in right.texts] == ["+5.0", "-10.0"]
    dots = [line for line in right.lines if line.get_marker() == "o"]
    assert [round(float(line.get_xdata()[0]), 6) for line in dots] == [0.05, -0.1]
    assert to_png(figure).startswith(b"\x89PNG")
