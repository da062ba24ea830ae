"""``genrelens recipes``: what can be trained."""

from __future__ import annotations

import json

import typer

from genrelens.cli import options


def recipes(as_json: options.Json = False) -> None:
    """List the recipes that come with genrelens: name, the system that it is of, what it is.

    \b
    Examples:
      genrelens recipes
      genrelens recipes --json | jq -r '.[] | select(.needs == "audio") | .name'
    """
    from genrelens import recipe as all_recipes
    from genrelens.recipe.start import needs

    rows = [all_recipes.load(name) for name in all_recipes.names()]
    if as_json:
        fields = [{"name": r.name, "system": r.system, "needs": needs(r), "summary": r.summary} for r in rows]
        typer.echo(json.dumps(fields, indent=1))
        return
    width = max(len(r.name) for r in rows)
    for r in rows:
        typer.echo(f"{r.name:<{width}}  {r.system:<10} {r.summary}")
