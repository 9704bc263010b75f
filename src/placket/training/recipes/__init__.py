"""Recipes: all that settles a training run, as YAML."""

from importlib.resources import files
from pathlib import Path

from placket.domain.errors import InvalidParameter


def brought_recipes(*kinds: str) -> list[str]:
    """Names of the recipes that Placket brings, of these kinds (what a name begins with), or of all."""
    names = (Path(entry.name) for entry in files("placket.training.recipes").iterdir())
    return sorted(n.stem for n in names if n.suffix == ".yaml" and n.stem.startswith(kinds or ("",)))


def recipe_path(name: str) -> Path:
    """A file, or the name of a recipe that Placket brings (`detector`, `encoder`, `smoke`). Raises InvalidParameter."""
    own = Path(str(files("placket.training.recipes"))) / f"{name}.yaml"
    for path in (Path(name), own):
        if path.is_file():
            return path
    brought = ", ".join(brought_recipes())
    raise InvalidParameter(f"{name!r} is neither a file nor a recipe that Placket brings ({brought})")
