"""The fixture of the command-line tests."""

from run_cli import run

__all__ = ["run"]
