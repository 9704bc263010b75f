"""Recipes: all that settles a training run, as YAML."""

from importlib.resources import files
from pathlib import Path

from placket.domain.errors import InvalidParameter


def recipe_path(name: str) -> Path:
    """A file, or the name of a recipe that Placket brings (`detector`, `encoder`, `smoke`). Raises InvalidParameter."""
    own = Path(str(files("placket.training.recipes"))) / f"{name}.yaml"
    for path in (Path(name), own):
        if path.is_file():
            return path
    brought = ", ".join(sorted(p.stem for p in own.parent.glob("*.yaml")))
    raise InvalidParameter(f"{name!r} is neither a file nor a recipe that Placket brings ({brought})")
