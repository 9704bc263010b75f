"""From logits to labels with calibrated probabilities."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from placket.domain.garments import Label, Swatch
from placket.domain.hints import NO_HINTS, Hints
from placket.domain.taxonomy import BY_CATEGORY, MULTI_LABEL, labels_of, lengths_of, taxonomy
from placket.vision.bundle import FIRST_COLOR, Calibration
from placket.vision.label_sets import best_set
from placket.vision.main_color import led_by, main_color, shares_of

_SMALLEST_GROUP_SCORE = 1e-3
_DENIM_CATEGORIES = ("jeans", "denim_jacket")
_FOR_WOMEN = frozenset(
    ("blouse", "camisole", "bralette_top", "bra", "skirt", "dress", "bikini_top", "bikini_bottom", "swimsuit", "heels")
)
"""Sold to women, but for what a shop says otherwise."""
_SHORT, _LONG = ("shorts", "briefs"), ("trousers", "jeans", "leggings", "joggers")
"""Of legs alike, told apart by the hem."""

Real = TypeVar("Real", bound=np.floating[Any])
Values = NDArray[np.float64]
Logits = Mapping[str, NDArray[np.float32]]


class Tagger:
    """Reads an encoder's logits with a bundle's calibration."""

    def __init__(self, calibration: Calibration) -> None:
        words = taxonomy()
        self._words = words
        self._calibration = calibration
        self._categories = words.categories
        groups = list(words.groups)
        self._group_of = np.array([groups.index(words.group_of(c)) for c in words.categories])
        self._thresholds = {
            a: np.array([calibration.threshold(a, label) for label in words.attributes[a]])
            for a in MULTI_LABEL
            if a in calibration.thresholds
        }
        self._allowed = {
            (a, c): np.isin(words.attributes[a], labels_of(a, c)) for a in BY_CATEGORY for c in words.categories
        }

    def category(
        self,
        logits: NDArray[np.float32],
        group_scores: NDArray[np.float32] | None,
        hints: Hints = NO_HINTS,
        *,
        cut_off: bool = False,
    ) -> Label:
        """The most probable category: p ~ p_encoder x p_group^alpha x e^(weight, if hinted at).

        The detector's part is there where its scores are given.

        ``logits (categories,)``, ``group_scores (groups,)`` 0..1. A product of experts over independent evidence; a
        group's score is never taken as less than 0.001, so that the detector cannot veto. ``cut_off``: a bottom
        whose hem is not in the photo.
        """
        p = np.maximum(softmax(self._scaled("category", logits)), 1e-12)
        if cut_off:
            p = self._without_hem(p, hints.categories)
        log_p = np.log(np.maximum(p, 1e-12))
        if group_scores is not None:
            floor = np.clip(group_scores.astype(np.float64), _SMALLEST_GROUP_SCORE, 1.0)
            log_p = log_p + self._calibration.fusion.alpha * np.log(floor)[self._group_of]
        p = softmax(log_p + self._calibration.hints.category * _named(self._categories, hints.categories))
        best = int(np.argmax(p))
        return Label(self._categories[best], float(p[best]))

    def attributes(
        self,
        logits: Logits,
        category: str,
        hints: Hints = NO_HINTS,
        swatches: Sequence[Swatch] = (),
        *,
        cut_off: bool = False,
    ) -> dict[str, tuple[Label, ...]]:
        """Labels of every attribute that applies to ``category`` and can be told, best first.

        A single-label attribute has one. Those of ``colors`` and ``details`` are the set with the best expected F1, or
        where the bundle has thresholds, those above them; ``colors`` has one at least, ``details`` may be absent.
        Where the encoder tells a main colour, that leads, and the measured ``swatches`` count for it. What is
        ``cut_off`` may be longer than is seen, so only the longest ``length`` is told of it. ``men`` of what is for
        women and a feminine look of what is for men are not told: one of the two is wrong.
        """
        tags: dict[str, tuple[Label, ...]] = {}
        for name, labels in self._words.attributes.items():
            if not self._words.applies(name, category):
                continue
            scaled = self._scaled(name, logits[name])
            if name == "gender":
                scaled = scaled + self._calibration.hints.gender * _named(labels, hints.genders)
            if name == "colors" and FIRST_COLOR in logits:
                found = self._colors(labels, sigmoid(scaled), logits[FIRST_COLOR], swatches)
            elif name in MULTI_LABEL:
                found = _told(labels, p := sigmoid(scaled), self._several(name, p))
            else:
                found = self._one(name, labels, scaled, self._allowed.get((name, category)))
            if found and not (name == "gender" and _contradicts(found[0].id, category, hints)):
                tags[name] = found
        if {a: tags[a][0].id for a in ("gender", "look") if a in tags} == {"gender": "men", "look": "feminine"}:
            del tags["look"]
        if "sleeve_length" in logits and self._sleeveless(logits["sleeve_length"]):
            tags.pop("sleeve_shape", None)
        if cut_off and "length" in tags and tags["length"][0].id != lengths_of(category)[-1]:
            del tags["length"]
        return tags

    def of_denim(self, logits: Logits, category: str) -> bool:
        """Whether the garment is of denim, by what it is or by its fabric."""
        if category in _DENIM_CATEGORIES:
            return True
        fabric = self._one("fabric", self._words.attributes["fabric"], self._scaled("fabric", logits["fabric"]), None)
        return bool(fabric) and fabric[0].id == "denim"

    def _without_hem(self, p: Values, named: Sequence[str]) -> Values:
        """``p (categories,)`` of a strip of a bottom, which alone may look like a belt: of bottoms alone.

        Nothing shows that legs are short, unless they are ``named`` so: that share is among long ones, in the
        proportion that they have.
        """
        out = np.where(self._group_of == list(self._words.groups).index("BOTTOM"), p, 0.0)
        out /= out.sum()
        short = [self._categories.index(c) for c in _SHORT if c not in named]
        long = [self._categories.index(c) for c in _LONG]
        out[long] *= 1.0 + out[short].sum() / out[long].sum()
        out[short] = 0.0
        return out

    def _scaled(self, name: str, logits: NDArray[np.float32]) -> Values:
        return np.asarray(logits, np.float64) / self._calibration.temperature.get(name, 1.0)

    def _one(
        self, name: str, labels: tuple[str, ...], scaled: Values, allowed: NDArray[np.bool_] | None
    ) -> tuple[Label, ...]:
        p = softmax(scaled if allowed is None else np.where(allowed, scaled, -np.inf))
        best = int(np.argmax(p))
        if p[best] < self._calibration.unknown.get(name, 0.0):
            return ()
        return (Label(labels[best], float(p[best])),)

    def _several(self, name: str, p: Values) -> NDArray[np.int64]:
        # Every garment has a colour; not every one has a detail.
        at_least_one = name == "colors" and p.max() >= self._calibration.unknown.get(name, 0.0)
        if name in self._thresholds:
            return _above(p, self._thresholds[name], at_least_one)
        return best_set(p, at_least_one)

    def _colors(
        self, labels: tuple[str, ...], p: Values, first: NDArray[np.float32], swatches: Sequence[Swatch]
    ) -> tuple[Label, ...]:
        main = main_color(
            softmax(self._scaled(FIRST_COLOR, first)), shares_of(swatches, labels), self._calibration.measured_color
        )
        # The main colour is one of the colours, so each is one at least as probably as it is the main one.
        p = np.maximum(p, main)
        chosen = self._several("colors", p)
        ranked = led_by(int(np.argmax(main)), chosen, p) if len(chosen) else []
        return tuple(Label(labels[i], score) for i, score in ranked)

    def _sleeveless(self, logits: NDArray[np.float32]) -> bool:
        return self._words.attributes["sleeve_length"][int(np.argmax(logits))] == "sleeveless"


def _contradicts(gender: str, category: str, hints: Hints) -> bool:
    """Whether no shop would say both of one garment; whoever sells it knows whom it is for."""
    return gender == "men" and category in _FOR_WOMEN and "men" not in hints.genders


def _told(labels: tuple[str, ...], p: Values, chosen: NDArray[np.int64]) -> tuple[Label, ...]:
    return tuple(Label(labels[i], float(p[i])) for i in chosen)


def _above(p: Values, thresholds: Values, at_least_one: bool) -> NDArray[np.int64]:
    order = np.argsort(-p, kind="stable")
    chosen = order[(p >= thresholds)[order]]
    return chosen if len(chosen) or not at_least_one else order[:1]


def _named(labels: Sequence[str], hinted: Sequence[str]) -> Values:
    return np.isin(labels, hinted).astype(np.float64) if hinted else np.zeros(len(labels))


def sigmoid(values: NDArray[Real]) -> NDArray[Real]:
    """1 / (1 + exp(-x)) of each value."""
    result: NDArray[Real] = 1.0 / (1.0 + np.exp(-np.clip(values, -60, 60)))
    return result


def softmax(values: Values) -> Values:
    """Probabilities of the last axis; ``-inf`` gives 0."""
    shifted = np.exp(values - values.max(axis=-1, keepdims=True))
    result: Values = shifted / shifted.sum(axis=-1, keepdims=True)
    return result
