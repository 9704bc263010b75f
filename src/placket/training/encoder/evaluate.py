"""Figures of an encoder on `val`: tags as the server gives them, and how well embeddings find the same product."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from placket.domain.hints import NO_HINTS, Hints
from placket.training.encoder.calibrate import product_pairs, random_cosines, set_f1
from placket.training.encoder.items import MULTI, Item, Vocabulary
from placket.training.encoder.predict import Predictions
from placket.vision.bundle import Calibration
from placket.vision.tags import Tagger

# Two independent labellings of the same garments agree as follows (accuracy; set F1 for colors and details).
AGREEMENT = {
    "category": 0.946, "first_color": 0.876, "colors": 0.881, "pattern": 0.919, "fabric": 0.881, "neckline": 0.899,
    "gender": 0.953, "age": 0.986, "details": 0.780, "sleeve_length": 0.954, "sleeve_shape": 0.928, "shoulder": 0.923,
    "length": 0.871, "fit": 0.843, "shape": 0.859, "look": 0.795,
}  # fmt: skip
LABELLED_TWICE = 792
"""Garments, of all sets together, whose labellings agree so."""
VIEWS = ("hm", "myntra", "cd", "ccp", "viton")
LEAST_EXAMPLES = 5
BINS = 15
NEAREST = 10


@dataclass(slots=True)
class TagFigures:
    """One attribute on one set: garments with a known label, share right, share answered, mean over labels with five
    examples or more, and the share that the most frequent label of `train` would get, NaN without `train`."""

    count: int
    accuracy: float
    coverage: float
    macro: float
    majority: float


@dataclass(slots=True)
class EncoderFigures:
    """All that the page tells: `tags[set][attribute]`, calibration error by attribute, by how much a category is told
    too surely by set, retrieval, the similarity curve, and what words beside a picture change, see `hint_figures`."""

    tags: dict[str, dict[str, TagFigures]] = field(default_factory=dict)
    calibration_error: dict[str, float] = field(default_factory=dict)
    too_sure: dict[str, float] = field(default_factory=dict)
    retrieval: dict[str, float] = field(default_factory=dict)
    curve: list[dict[str, float]] = field(default_factory=list)
    hints: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)


@dataclass(slots=True)
class Answer:
    """What the server says of one garment: attribute -> labels with probabilities, best first."""

    tags: dict[str, list[tuple[str, float]]]

    def first(self, attribute: str) -> tuple[str, float] | None:
        """The best label, if any."""
        found = self.tags.get(attribute)
        return found[0] if found else None


def answers(found: Predictions, calibration: dict[str, Any], hints: Sequence[Hints] | None = None) -> list[Answer]:
    """Tags by the server's own reading of the logits, and of the words beside each picture where given."""
    tagger = Tagger(Calibration.model_validate(calibration))
    out = []
    for row in range(len(found.items)):
        logits = {name: values[row] for name, values in found.logits.items()}
        words = hints[row] if hints else NO_HINTS
        category = tagger.category(logits["category"], found.groups[row], words)
        tags = {"category": [(category.id, category.score)]}
        plain, of_denim = found.measured[row] if found.measured else ((), ())
        swatches = of_denim if tagger.of_denim(logits, category.id) else plain
        for name, labels in tagger.attributes(logits, category.id, words, swatches).items():
            tags[name] = [(x.id, x.score) for x in labels]
        tags["first_color"] = tags.get("colors", [])[:1]
        out.append(Answer(tags))
    return out


def known_label(item: Item, attribute: str) -> Any:
    """The label by eye: a word, for sets a list, None where unknown."""
    if not item.by_eye:
        return None
    if attribute in ("first_color", "measured_color"):
        colors = item.tags.get("colors")
        return colors[0] if colors else None
    return item.tags.get(attribute)


def _majority(train: Sequence[Item], attribute: str, truth: Sequence[str]) -> float:
    counts = Counter(v for i in train if (v := known_label(i, attribute)) is not None)
    if not counts:
        return float("nan")
    most = counts.most_common(1)[0][0]
    return float(np.mean([t == most for t in truth]))


def single_figures(
    items: Sequence[Item], said: Sequence[Answer], attribute: str, train: Sequence[Item]
) -> TagFigures | None:
    """Figures of an attribute with one label; None without a known label."""
    rows = [(known_label(i, attribute), a.first(attribute)) for i, a in zip(items, said, strict=True)]
    known = [(t, a) for t, a in rows if t is not None]
    if not known:
        return None
    right = np.array([a is not None and a[0] == t for t, a in known])
    truth = [t for t, _ in known]
    counts = Counter(truth)
    frequent = [label for label, n in counts.items() if n >= LEAST_EXAMPLES]
    by_label = [right[[t == label for t in truth]].mean() for label in frequent]
    covered = float(np.mean([a is not None for _, a in known]))
    macro = float(np.mean(by_label)) if by_label else float("nan")
    return TagFigures(len(known), float(right.mean()), covered, macro, _majority(train, attribute, truth))


def _hot(labels: Sequence[str], number: dict[str, int]) -> NDArray[np.bool_]:
    out = np.zeros(len(number), bool)
    out[[number[x] for x in labels if x in number]] = True
    return out


def multi_figures(items: Sequence[Item], said: Sequence[Answer], attribute: str, vocabulary: Vocabulary,
                  train: Sequence[Item]) -> TagFigures | None:  # fmt: skip
    """Mean F1 of an attribute with a set of labels; `majority` answers the most frequent set."""
    number = vocabulary.number[attribute]
    known = [
        (known_label(i, attribute), a)
        for i, a in zip(items, said, strict=True)
        if known_label(i, attribute) is not None
    ]
    if not known:
        return None
    truth = np.stack([_hot(t, number) for t, _ in known])
    chosen = np.stack([_hot([x for x, _ in a.tags.get(attribute, [])], number) for _, a in known])
    counts = Counter(tuple(sorted(v)) for i in train if (v := known_label(i, attribute)) is not None)
    usual = np.tile(_hot(counts.most_common(1)[0][0], number), (len(known), 1)) if counts else np.zeros_like(truth)
    per_label = [
        2 * (chosen[:, c] & truth[:, c]).sum() / max(1, chosen[:, c].sum() + truth[:, c].sum())
        for c in range(truth.shape[1]) if truth[:, c].sum() >= LEAST_EXAMPLES
    ]  # fmt: skip
    macro = float(np.mean(per_label)) if per_label else float("nan")
    covered = float(np.mean([bool(a.tags.get(attribute)) for _, a in known]))
    f1 = set_f1(chosen, truth.astype(np.float32)).mean()
    return TagFigures(len(known), float(f1), covered, macro, float(set_f1(usual, truth.astype(np.float32)).mean()))


def _told(items: Sequence[Item], said: Sequence[Answer], attribute: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Of the garments with a known label and an answer: the best label's probability, and whether it is right.

    A colour's probability is that of being one of the garment's colours, so there the main one is right if it is one.
    """
    truth = "colors" if attribute == "first_color" else attribute
    pairs = [(a.first(attribute), known_label(i, truth)) for i, a in zip(items, said, strict=True)]
    known = [(a, t) for a, t in pairs if a is not None and t is not None]
    right = [a[0] in t if isinstance(t, list) else a[0] == t for a, t in known]
    return np.array([a[1] for a, _ in known], np.float64), np.array(right, bool)


def calibration_error(items: Sequence[Item], said: Sequence[Answer], attribute: str) -> float:
    """Expected calibration error (Naeini et al. 2015) of the best label's probability, 15 bins of equal width.

    It is above 0 by chance too: 3,000 labels that are as probable as told come to some 0.02, see `test_pages.py`.
    """
    p, right = _told(items, said, attribute)
    if not len(p):
        return float("nan")
    bins = np.minimum((p * BINS).astype(int), BINS - 1)
    gaps = [
        abs(p[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean()
        for b in range(BINS)
        if (bins == b).any()
    ]
    return float(np.sum(gaps))


def too_sure(items: Sequence[Item], said: Sequence[Answer], attribute: str) -> float:
    """By how much the mean probability of the best label is more than the share right: over all sets together one set
    that is told too surely hides behind the others."""
    p, right = _told(items, said, attribute)
    return float(p.mean() - right.mean()) if len(p) else float("nan")


def _share(holds: NDArray[np.bool_]) -> float:
    """NaN of none."""
    return float(holds.mean()) if holds.size else float("nan")


def retrieval_figures(found: Predictions) -> dict[str, float]:
    """Studio: the person's crop finds its product shot among all; catalogue: kind and colour of the ten nearest."""
    people, shots = product_pairs(found)
    every = np.flatnonzero([i.view == "product" for i in found.items])
    scores = found.embedding[people] @ found.embedding[every].T
    # Read off the same products: computed another way it may differ in its last digits, and come before itself.
    own = np.take_along_axis(scores, np.searchsorted(every, shots)[:, None], axis=1)
    rank = (scores >= own).sum(1) - 1
    out = {"pairs": float(len(people)), "shots": float(len(every)), "recall@1": _share(rank < 1),
           "recall@10": _share(rank < 10)}  # fmt: skip
    rows = np.array([i.view == "hm" and i.by_eye and bool(i.tags.get("colors")) for i in found.items])
    shelf = found.where(rows)
    keys = [(i.tags.get("category"), i.tags["colors"][0]) for i in shelf.items]
    cosines = shelf.embedding @ shelf.embedding.T
    np.fill_diagonal(cosines, -2)
    nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :NEAREST]
    numbers: dict[Any, int] = {}
    code = np.array([numbers.setdefault(k, len(numbers)) for k in keys])
    same = code[nearest] == code[:, None]
    counts = Counter(keys)
    others = np.array([min(NEAREST, counts[k] - 1) for k in keys])
    out["catalogue"] = float(len(keys))
    out["catalogue_with_match"] = _share(others > 0)
    out["any_of_10"] = _share(same.any(axis=1))
    out["any_of_10_where_possible"] = _share(same.any(axis=1)[others > 0])
    out["share_of_10"] = _share(same)
    out["share_of_possible"] = float(same.sum() / max(1, others.sum()))
    return out


def curve_table(found: Predictions, curve: Sequence[Sequence[float]]) -> list[dict[str, float]]:
    """Share of same-product pairs and of random pairs with at least a similarity."""
    people, shots = product_pairs(found)
    same = np.einsum("ij,ij->i", found.embedding[people], found.embedding[shots])
    other = random_cosines(found)
    xs, ys = [p[0] for p in curve], [p[1] for p in curve]
    out = []
    for threshold in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95):
        out.append({
            "similarity": threshold, "cosine": float(np.interp(threshold, ys, xs)),
            "same": _share(np.interp(same, xs, ys) >= threshold),
            "random": _share(np.interp(other, xs, ys) >= threshold),
        })  # fmt: skip
    return out


def evaluate(found: Predictions, train: Sequence[Item], vocabulary: Vocabulary, calibration: dict[str, Any],
             curve: Sequence[Sequence[float]]) -> EncoderFigures:  # fmt: skip
    """All figures of the predictions on `val`; `train` gives the majority baselines."""
    out = EncoderFigures()
    said = answers(found, calibration)
    for view in VIEWS:
        rows = [i for i, item in enumerate(found.items) if item.view == view and item.by_eye]
        items, own = [found.items[i] for i in rows], [said[i] for i in rows]
        base = [i for i in train if i.view == view]
        table: dict[str, TagFigures] = {}
        for name in (*vocabulary.single, "first_color"):
            figures = single_figures(items, own, name, base)
            if figures:
                table[name] = figures
        for name in MULTI:
            several = multi_figures(items, own, name, vocabulary, base)
            if several:
                table[name] = several
        out.tags[view] = table
        out.too_sure[view] = too_sure(items, own, "category")
    seen = [i for i, item in enumerate(found.items) if item.by_eye and item.view != "product"]
    for name in (*vocabulary.single, "first_color"):
        out.calibration_error[name] = calibration_error([found.items[i] for i in seen], [said[i] for i in seen], name)
    out.retrieval = retrieval_figures(found)
    out.curve = curve_table(found, curve)
    return out
