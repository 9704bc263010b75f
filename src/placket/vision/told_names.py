"""Names of measured colours in the words that were told of the garment.

Names have no sharp bounds: a dark navy is nearly black, and a white shirt in the shade is gray. The encoder has seen
the light and the cloth, so where a word that it told is about as near as the nearest, a colour goes by it.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from placket.domain.garments import Swatch
from placket.vision.colours import distances_to_names, oklab

_ABOUT_AS_NEAR = 0.1
"""A shade's difference: two clusters of pixels that differ by as much are one colour."""


def named_as_told(swatches: Iterable[Swatch], told: Sequence[str]) -> tuple[Swatch, ...]:
    """The swatches, largest first; those that now have one name are one, of the larger one's hex."""
    named: dict[str, Swatch] = {}
    for swatch in swatches:
        name = _name(swatch, told)
        known = named.get(name)
        named[name] = (
            Swatch(known.hex, name, known.share + swatch.share) if known else Swatch(swatch.hex, name, swatch.share)
        )
    return tuple(sorted(named.values(), key=lambda s: (-s.share, s.name)))


def _name(swatch: Swatch, told: Sequence[str]) -> str:
    if swatch.name in told:
        return swatch.name
    rgb = np.array([int(swatch.hex[i : i + 2], 16) for i in (1, 3, 5)], np.uint8)
    distance = distances_to_names(oklab(rgb))
    least = min(distance.values())
    near = [(distance[name], name) for name in told if distance.get(name, np.inf) <= least + _ABOUT_AS_NEAR]
    return min(near)[1] if near else swatch.name
