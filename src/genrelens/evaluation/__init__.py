"""Measuring a model: the answers of a bundle, the figures they give, and the report that holds both."""

from genrelens.evaluation.build import build_report
from genrelens.evaluation.evaluate import evaluate
from genrelens.evaluation.report import Failure, GenreRow, Headline, Report, Subject, TrackRow

__all__ = ["Failure", "GenreRow", "Headline", "Report", "Subject", "TrackRow", "build_report", "evaluate"]
