"""The taxonomy's colours as cloth: a few RGB recipes each, with room for the dye lot."""

import numpy as np
import numpy.typing as npt

RGB = tuple[float, float, float]
"""0..255 a channel."""

_RECIPES: dict[str, tuple[RGB, ...]] = {
    "black": ((30, 30, 33), (36, 35, 36), (26, 27, 31)),
    "white": ((243, 243, 241), (240, 241, 243), (246, 245, 242)),
    "gray": ((138, 140, 143), (108, 110, 114), (168, 169, 170)),
    "ivory": ((238, 230, 212), (241, 235, 221)),
    "beige": ((214, 197, 171), (222, 207, 184), (203, 186, 162)),
    "camel": ((187, 142, 92), (178, 131, 82)),
    "brown": ((99, 68, 48), (116, 80, 57), (82, 57, 44)),
    "khaki": ((106, 103, 72), (121, 115, 82), (92, 95, 68)),
    "green": ((47, 104, 71), (34, 86, 62), (70, 128, 82)),
    "mint": ((172, 215, 195), (158, 208, 190)),
    "yellow": ((238, 200, 72), (232, 187, 55), (244, 219, 120)),
    "orange": ((226, 119, 49), (218, 104, 42)),
    "red": ((190, 36, 42), (176, 28, 40), (204, 48, 50)),
    "wine": ((105, 27, 44), (90, 24, 38)),
    "pink": ((233, 170, 181), (224, 148, 166), (240, 193, 199)),
    "coral": ((236, 124, 106), (240, 138, 117)),
    "purple": ((98, 62, 130), (84, 53, 112)),
    "lavender": ((190, 176, 217), (201, 190, 224)),
    "blue": ((46, 92, 178), (35, 80, 160), (61, 110, 192)),
    "sky_blue": ((158, 196, 228), (143, 186, 224), (178, 208, 234)),
    "navy": ((32, 42, 72), (28, 37, 62), (38, 47, 80)),
    "denim_blue": ((72, 102, 146), (92, 124, 166), (54, 80, 120)),
    "denim_black": ((52, 54, 60), (62, 64, 70)),
    "gold": ((196, 160, 84), (208, 172, 98)),
    "silver": ((184, 187, 192), (196, 198, 202)),
    "multi": ((226, 208, 182), (36, 46, 78), (198, 84, 72), (72, 128, 122), (236, 186, 88)),
}

COLORS = tuple(_RECIPES)

_PARTNERS: dict[str, tuple[str, ...]] = {
    "black": ("white", "ivory", "gray", "camel", "red"),
    "white": ("navy", "black", "red", "sky_blue", "green", "pink"),
    "navy": ("white", "ivory", "red", "sky_blue", "camel"),
    "gray": ("white", "black", "navy", "wine"),
    "denim_blue": ("white", "ivory"),
    "denim_black": ("white", "gray"),
    "ivory": ("navy", "camel", "green", "wine", "black"),
    "beige": ("brown", "white", "navy", "wine"),
}
_BRIGHT_PARTNERS = ("white", "ivory", "navy", "black")


def cloth_color(name: str, rng: np.random.Generator) -> RGB:
    """One dye lot of a named colour. Raises KeyError for a colour that the taxonomy lacks."""
    recipes = _RECIPES[name]
    base = np.array(recipes[0 if name == "multi" else rng.integers(len(recipes))], dtype=np.float64)
    shift = rng.normal(0, 1.4, 3) + rng.normal(0, 2.0)
    return _rgb(np.clip(base + shift, 14, 248))


def partner_of(name: str, rng: np.random.Generator) -> str:
    """A colour that designers put beside this one."""
    choices = _PARTNERS.get(name, _BRIGHT_PARTNERS)
    return choices[int(rng.integers(len(choices)))]


def accents(name: str, rng: np.random.Generator, count: int) -> list[RGB]:
    """Colours for prints on ``name``, unlike it and one another."""
    if name == "multi":
        return [_RECIPES["multi"][1 + i % 4] for i in range(count)]
    first = partner_of(name, rng)
    rest = [
        c for c in ("white", "pink", "yellow", "green", "coral", "sky_blue", "wine", "camel") if c not in (name, first)
    ]
    picked = [first, *rng.permutation(rest).tolist()][:count]
    return [cloth_color(c, rng) for c in picked]


def shifted(color: RGB, factor: float) -> RGB:
    """Lighter (> 1) towards white or darker (< 1) towards black."""
    c = np.asarray(color, dtype=np.float64)
    return _rgb(c * factor if factor <= 1 else c + (255 - c) * (factor - 1))


def lightness(color: RGB) -> float:
    """Luma, 0..255 (Rec. 601)."""
    return 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]


def _rgb(c: npt.NDArray[np.float64]) -> RGB:
    return float(c[0]), float(c[1]), float(c[2])
