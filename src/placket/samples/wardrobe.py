"""What a shop would stock: for each kind its everyday name, its cloths, and the colours and patterns it comes in."""

from dataclasses import dataclass

import numpy as np

_DARK = "black navy gray white beige"
_BASIC = "black white navy gray beige ivory"
_WARM = "camel brown wine khaki"
_BRIGHT = "red green blue yellow pink coral mint lavender purple orange sky_blue"
_LEATHER = "black brown camel wine beige navy white"
_DENIM = "denim_blue denim_blue denim_black"


@dataclass(frozen=True, slots=True)
class Kind:
    """``fabrics``, ``patterns``, ``colors``: choices, a likelier one repeated."""

    noun: str
    fabrics: tuple[str, ...]
    patterns: tuple[str, ...]
    colors: tuple[str, ...]


def _kind(noun: str, fabrics: str, patterns: str, colors: str) -> Kind:
    return Kind(noun, tuple(fabrics.split()), tuple(patterns.split()), tuple(colors.split()))


KINDS: dict[str, Kind] = {
    "t_shirt": _kind(
        "T-shirt",
        "cotton cotton jersey",
        "solid stripe stripe graphic lettering tie_dye melange",
        f"{_BASIC} {_BRIGHT}",
    ),
    "long_sleeve_tee": _kind(
        "long-sleeve T-shirt", "cotton jersey", "solid stripe stripe melange", f"{_BASIC} {_WARM}"
    ),
    "tank_top": _kind("tank top", "cotton", "solid stripe melange tie_dye", f"{_BASIC} {_BRIGHT}"),
    "polo_shirt": _kind("polo shirt", "piqué cotton", "solid stripe colorblock", f"{_DARK} green sky_blue wine"),
    "shirt": _kind(
        "shirt",
        "cotton linen poplin",
        "solid stripe check check dot denim_wash",
        "white sky_blue navy blue green beige khaki denim_blue pink",
    ),
    "blouse": _kind(
        "blouse", "satin", "solid dot floral paisley", "ivory white pink sky_blue wine black lavender mint"
    ),
    "camisole": _kind("camisole", "satin", "solid dot floral", "ivory black pink mint lavender wine"),
    "sweatshirt": _kind(
        "sweatshirt", "cotton", "solid melange lettering graphic colorblock", f"{_BASIC} {_WARM} green lavender"
    ),
    "hoodie": _kind("hoodie", "cotton fleece", "solid solid melange lettering", f"{_BASIC} {_WARM} blue"),
    "sweater": _kind("sweater", "wool merino", "solid stripe argyle_nordic melange", f"{_BASIC} {_WARM} green red"),
    "cardigan": _kind("cardigan", "wool cotton", "solid melange argyle_nordic", f"{_BASIC} {_WARM} mint"),
    "knit_vest": _kind("knit vest", "wool", "solid argyle_nordic stripe", "beige navy gray camel green"),
    "blazer": _kind("blazer", "wool", "solid check stripe", f"{_DARK} camel brown"),
    "bomber_jacket": _kind("bomber jacket", "nylon", "solid camouflage", "black khaki navy wine"),
    "leather_jacket": _kind("leather jacket", "leather", "solid", "black brown wine"),
    "denim_jacket": _kind("denim jacket", "denim", "denim_wash denim_wash solid", f"{_DENIM} white"),
    "jacket": _kind("jacket", "cotton", "solid solid check", "khaki navy beige black blue green yellow"),
    "coat": _kind("coat", "wool", "solid solid check melange", "camel black gray navy beige wine"),
    "trench_coat": _kind("trench coat", "cotton", "solid", "beige khaki navy black"),
    "padded_jacket": _kind("padded jacket", "nylon", "solid solid camouflage", "black navy red khaki orange silver"),
    "outer_vest": _kind("puffer gilet", "nylon", "solid", "black navy khaki beige red"),
    "trousers": _kind("trousers", "cotton wool", "solid solid check stripe", f"{_DARK} {_WARM}"),
    "jeans": _kind("jeans", "denim", "denim_wash", f"{_DENIM} {_DENIM} white black"),
    "leggings": _kind("leggings", "jersey", "solid melange", "black gray navy purple green"),
    "joggers": _kind("joggers", "cotton", "solid melange", "gray black navy khaki beige"),
    "shorts": _kind(
        "shorts", "cotton linen", "solid solid check denim_wash", "beige navy khaki white denim_blue coral sky_blue"
    ),
    "skirt": _kind(
        "skirt",
        "cotton",
        "solid check floral dot denim_wash",
        "black beige navy wine green denim_blue pink yellow camel",
    ),
    "dress": _kind(
        "dress",
        "cotton",
        "floral floral solid dot stripe check",
        "navy black red white green pink sky_blue yellow lavender wine",
    ),
    "jumpsuit": _kind("jumpsuit", "cotton", "solid stripe floral", "khaki black navy beige coral"),
    "overalls": _kind("overalls", "denim", "denim_wash", f"{_DENIM} white"),
    "swimsuit": _kind("swimsuit", "", "solid stripe dot floral animal", "black navy red green coral blue"),
    "swim_shorts": _kind("swim shorts", "", "solid stripe floral geometric", "navy blue coral green yellow mint"),
    "sneakers": _kind("sneakers", "canvas leather", "solid", "white black navy red green gray beige sky_blue"),
    "boots": _kind("boots", "leather", "solid", "black brown camel wine"),
    "loafers": _kind("loafers", "leather", "solid", "black brown wine beige"),
    "sandals": _kind("sandals", "leather", "solid animal", "camel black white brown gold"),
    "handbag": _kind("handbag", "leather", "solid", f"{_LEATHER} red green"),
    "tote_bag": _kind("tote bag", "canvas", "solid stripe graphic check", "ivory black navy green beige"),
    "backpack": _kind("backpack", "nylon", "solid camouflage geometric", "black navy gray khaki red mint"),
    "shoulder_bag": _kind("shoulder bag", "leather", "solid animal", f"{_LEATHER} lavender"),
    "crossbody_bag": _kind("crossbody bag", "leather", "solid", f"{_LEATHER} pink silver"),
    "clutch": _kind("clutch", "leather", "solid", "black gold silver wine red"),
    "cap": _kind("cap", "cotton", "solid lettering camouflage", "black navy white beige red green"),
    "beanie": _kind("beanie", "wool", "solid stripe melange", "black gray navy wine yellow camel green"),
    "bucket_hat": _kind("bucket hat", "cotton", "solid check floral", "beige black khaki white denim_blue"),
    "scarf": _kind("scarf", "wool", "solid check check stripe melange", "gray camel navy red beige green"),
    "socks": _kind("socks", "cotton", "solid stripe argyle_nordic dot", "navy gray white wine green yellow"),
    "belt": _kind("belt", "leather", "solid", "black brown camel"),
    "tie": _kind("tie", "silk", "stripe dot paisley solid", "navy wine green gray red"),
}

DECK: tuple[tuple[str, int], ...] = (
    ("t_shirt", 5), ("dress", 5), ("jeans", 3), ("shirt", 4), ("sneakers", 3), ("hoodie", 2), ("sweater", 3),
    ("skirt", 3), ("trousers", 2), ("coat", 2), ("jacket", 1), ("denim_jacket", 2), ("handbag", 2), ("blouse", 2),
    ("boots", 2), ("long_sleeve_tee", 1), ("sweatshirt", 2), ("cardigan", 1), ("blazer", 1), ("padded_jacket", 1),
    ("shorts", 2), ("tote_bag", 1), ("backpack", 1), ("cap", 1), ("beanie", 1), ("scarf", 1), ("leggings", 1),
    ("polo_shirt", 1), ("swimsuit", 1), ("trench_coat", 1), ("crossbody_bag", 1), ("bucket_hat", 1),
)  # fmt: skip
"""A small shop's assortment: 60 products, several of the common kinds so that each has something like it."""

_ADJECTIVES = {
    "stripe": "Striped", "check": "Checked", "dot": "Polka-dot", "floral": "Floral", "graphic": "Graphic",
    "lettering": "Slogan", "animal": "Leopard-print", "camouflage": "Camouflage", "argyle_nordic": "Argyle",
    "geometric": "Geometric-print", "colorblock": "Colour-block", "tie_dye": "Hand-dyed", "paisley": "Paisley",
    "abstract": "Abstract-print", "melange": "Melange", "denim_wash": "Washed",
}  # fmt: skip


def product_name(category: str, color: str, pattern: str, rng: np.random.Generator) -> str:
    """For example "Striped cotton T-shirt, navy"."""
    kind = KINDS[category]
    fabric = kind.fabrics[int(rng.integers(len(kind.fabrics)))] if kind.fabrics else ""
    if "denim" in color and fabric in ("cotton", "linen", "poplin"):
        fabric = "denim"
    words = [_ADJECTIVES.get(pattern, ""), "" if fabric.split("-")[0] in kind.noun else fabric, kind.noun]
    text = " ".join(w for w in words if w)
    return f"{text[0].upper()}{text[1:]}, {color.replace('_', ' ')}"
