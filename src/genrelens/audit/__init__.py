"""Faults of a collection of music: what cannot be trusted in it, found before anything is learnt from it."""

from genrelens.audit.finding import KINDS, AuditReport, Finding
from genrelens.audit.run import Collection, audit, collect

__all__ = ["KINDS", "AuditReport", "Collection", "Finding", "audit", "collect"]
