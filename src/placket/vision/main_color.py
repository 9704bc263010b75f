"""Which of a garment's colours is the main one: what the encoder says and what its pixels show, together."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from placket.domain.garments import Swatch

Values = NDArray[np.float64]

_LEAST_SHARE = 0.02


def shares_of(swatches: Iterable[Swatch], labels: Sequence[str]) -> Values:
    """Measured share of each label ``(labels,)``, 0..1; swatches of other names are left out."""
    shares = np.zeros(len(labels))
    for swatch in swatches:
        if swatch.name in labels:
            shares[labels.index(swatch.name)] += swatch.share
    return shares


def main_color(p: Values, shares: Values, weight: float) -> Values:
    """Probability of each label to be the main colour: p ~ p_encoder x max(share, 0.02)^weight, all ``(labels,)``.

    No share counts for less than 0.02: what shade a pixel is named by is no proof, and gold or many colours are never
    measured. ``weight`` 0: the pixels do not count.
    """
    result: Values = p * np.maximum(shares, _LEAST_SHARE) ** weight
    result /= result.sum()
    return result


def led_by(first: int, chosen: Iterable[int], p: Values) -> list[tuple[int, float]]:
    """Labels with probabilities, ``first`` before all others; none is then told to be surer than it."""
    most = float(p[first])
    return [(first, most), *((int(i), min(float(p[i]), most)) for i in chosen if i != first)]
