"""Calibration of the encoder on a part of `train` set aside: temperatures, what counts as unknown, fusion, the
similarity curve."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from placket.domain import taxonomy
from placket.domain.taxonomy import BY_CATEGORY
from placket.training.encoder.items import MULTI, Vocabulary
from placket.training.encoder.predict import Predictions
from placket.training.onnx_models import Floats
from placket.vision.bundle import FIRST_COLOR, Calibration
from placket.vision.main_color import main_color, shares_of
from placket.vision.tags import Tagger, sigmoid

ALPHAS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
TEMPERATURES = tuple(float(t) for t in np.exp(np.linspace(np.log(0.4), np.log(2.5), 43)))
MOST_LOST = 0.003
LEAST_KNOWN = 20
"""Labels, fewer of which choose nothing."""
USUAL_ALPHA = 0.3
USUAL_CURVE = [[-1.0, 0.0], [0.2, 0.1], [0.6, 0.6], [1.0, 1.0]]
MEASURED_WEIGHTS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3)
MEASURED_NEARLY = 0.001
GROUP_FLOOR = 1e-3
# Share of random pairs above a cosine -> the similarity that this cosine is given.
CURVE = ((0.5, 0.1), (0.1, 0.3), (0.01, 0.5), (0.001, 0.7), (0.0001, 0.85))
PAIR_SEED, PAIRS, PAIRS_AT_ONCE = 5, 400_000, 20_000
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


def log_softmax(x: Floats) -> Floats:
    """Over the last axis."""
    top = x.max(-1, keepdims=True)
    out: Floats = x - top - np.log(np.exp(x - top).sum(-1, keepdims=True))
    return out


def labels_of(found: Predictions, vocabulary: Vocabulary) -> dict[str, Any]:
    """Numbers of the labels by eye: singles and `first_color` [n] (-1 unknown), sets [n, labels] (-1 rows unknown)."""
    codes = [vocabulary.encode(i) if i.by_eye else {} for i in found.items]
    out: dict[str, Any] = {
        a: np.array([c.get(a, -1) for c in codes]) for a in (*vocabulary.single, "first_color")
    }  # fmt: skip
    for name in MULTI:
        unknown = np.full(len(vocabulary.labels[name]), -1, np.float32)
        out[name] = np.stack([c[name] if c.get(name) is not None else unknown for c in codes])
    return out


def allowed_labels(attribute: str, found: Predictions, vocabulary: Vocabulary) -> Bools:
    """Which labels [n, labels] the item's true category allows: a length is worded by where the garment hangs from, a
    shape by whether it has legs."""
    labels = vocabulary.labels[attribute]
    out = np.ones((len(found.items), len(labels)), bool)
    if attribute in BY_CATEGORY:
        for row, item in enumerate(found.items):
            category = item.tags.get("category")
            if category:
                words = taxonomy.labels_of(attribute, category)
                out[row] = [w in words for w in labels]
    return out


def _best(values: Sequence[float], score: Callable[[float], float]) -> float:
    return max(values, key=score)


def temperature_single(logits: Floats, truth: Ints) -> float:
    """The temperature with the best likelihood; 1 where fewer than 20 labels are known."""
    known = truth >= 0
    if known.sum() < LEAST_KNOWN:
        return 1.0
    x, y = logits[known], truth[known]
    return _best(TEMPERATURES, lambda t: float(log_softmax(x / t)[np.arange(len(y)), y].mean()))


def temperature_multi(logits: Floats, truth: Floats) -> float:
    """The temperature with the best likelihood of a set of labels; 1 where fewer than 20 sets are known."""
    known = truth[:, 0] >= 0
    if known.sum() < LEAST_KNOWN:
        return 1.0
    x, y = logits[known], truth[known]

    def likelihood(t: float) -> float:
        p = sigmoid(x / t).clip(1e-6, 1 - 1e-6)
        return float((y * np.log(p) + (1 - y) * np.log(1 - p)).mean())

    return _best(TEMPERATURES, likelihood)


def set_f1(chosen: Bools, truth: Floats) -> NDArray[np.float64]:
    """F1 of a set of labels, garment by garment; 1 where both are empty."""
    positive = truth > 0
    hits = (chosen & positive).sum(1)
    size = chosen.sum(1) + positive.sum(1)
    out: NDArray[np.float64] = np.where(size == 0, 1.0, 2 * hits / np.maximum(size, 1))
    return out


def unknown_threshold(logits: Floats, truth: Ints, temperature: float) -> float:
    """The highest probability below which at most 0.3% of the known garments would lose a right answer."""
    known = truth >= 0
    if known.sum() < 100:
        return 0.0
    p = np.exp(log_softmax(logits[known] / temperature))
    right = np.sort(p.max(1)[p.argmax(1) == truth[known]])
    lost = int(MOST_LOST * known.sum())
    return math.floor(1e4 * right[lost]) / 1e4 if len(right) > lost else 0.0


def fused(logits: Floats, groups: Floats, alpha: float, group_of: Ints) -> Floats:
    """Log-probabilities (not normalised) of categories: encoder's times the detector's of the group^alpha."""
    out: Floats = log_softmax(logits) + alpha * np.log(groups.clip(GROUP_FLOOR, 1.0))[:, group_of]
    return out


def fusion(found: Predictions, truth: Ints, group_of: Ints) -> tuple[float, float, dict[str, float]]:
    """The exponent with the most right categories, the temperature that is best with it, and the accuracy by exponent;
    the usual exponent and 1 where fewer than 20 categories are known.

    The temperature is that of the probabilities that are told: the detector's word makes them surer than the encoder.
    """
    known = truth >= 0
    if known.sum() < LEAST_KNOWN:
        return USUAL_ALPHA, 1.0, {}
    logits, groups, right = found.logits["category"][known], found.groups[known], truth[known]

    def told(alpha: float, t: float) -> Floats:
        return log_softmax(fused(logits / t, groups, alpha, group_of))

    def likelihood(alpha: float, t: float) -> float:
        return float(told(alpha, t)[np.arange(len(right)), right].mean())

    temperatures = {alpha: _best(TEMPERATURES, partial(likelihood, alpha)) for alpha in ALPHAS}
    table = {alpha: float((told(alpha, t).argmax(1) == right).mean()) for alpha, t in temperatures.items()}
    alpha = max(ALPHAS, key=lambda a: table[a])
    return alpha, temperatures[alpha], {str(a): share for a, share in table.items()}


def measured_weight(found: Predictions, truth: Ints, temperature: float, labels: Sequence[str],
                    denim: Bools) -> tuple[float, dict[str, float]]:  # fmt: skip
    """How much measured colours weigh in the choice of the main one: the least weight that is worth nearly as much as
    the best, and the share right by weight. `denim` [n]: whose colours are named as denim's."""
    known = np.flatnonzero(truth >= 0)
    if not len(known):
        return 0.0, {}
    p = np.exp(log_softmax(found.logits[FIRST_COLOR] / temperature)).astype(np.float64)
    shares = [shares_of(found.measured[row][int(denim[row])], labels) for row in known]
    table = {}
    for weight in MEASURED_WEIGHTS:
        told = [main_color(p[row], share, weight).argmax() for row, share in zip(known, shares, strict=True)]
        table[str(weight)] = float(np.mean(truth[known] == told))
    most = max(table.values())
    return min(w for w in MEASURED_WEIGHTS if table[str(w)] >= most - MEASURED_NEARLY), table


def random_cosines(found: Predictions) -> Floats:
    """Cosines of random pairs of different designs."""
    rng = np.random.default_rng(PAIR_SEED)
    numbers: dict[str, int] = {}
    design = np.array([numbers.setdefault(i.design, len(numbers)) for i in found.items])
    out: list[Floats] = []
    for _ in range(PAIRS // PAIRS_AT_ONCE):
        a, b = rng.integers(0, len(found.items), (2, PAIRS_AT_ONCE))
        differ = design[a] != design[b]
        out.append(np.einsum("ij,ij->i", found.embedding[a[differ]], found.embedding[b[differ]]))
    return np.concatenate(out)


def product_pairs(found: Predictions) -> tuple[Ints, Ints]:
    """Rows of studio persons and of the product shots of the same garments."""
    shots = {i.product: row for row, i in enumerate(found.items) if i.view == "product"}
    pairs = [(row, shots[i.product]) for row, i in enumerate(found.items) if i.view == "viton" and i.product in shots]
    return np.array([p[0] for p in pairs], np.int64), np.array([p[1] for p in pairs], np.int64)


def similarity_curve(found: Predictions) -> list[list[float]]:
    """Points [cosine, similarity], rising, by how rare a cosine is among random pairs of different products.

    So a threshold means the same with every bundle: 0.5 lets one random pair in 100 through, 0.7 one in 1,000. What is
    rarer than one of all pairs that there are cannot be told, and of fewer than 20 designs the curve is the usual one.
    """
    designs = len({i.design for i in found.items})
    if designs < LEAST_KNOWN:
        return USUAL_CURVE
    cosines, pairs = random_cosines(found), designs * (designs - 1) / 2
    points = [[-1.0, 0.0]]
    for share, value in ((s, v) for s, v in CURVE if s * pairs >= 1):
        # An encoder that was hardly trained sees everything alike; the curve has to rise all the same.
        cosine = min(float(np.quantile(cosines, 1 - share)), 0.99)
        if cosine > points[-1][0] + 0.005:
            points.append([round(cosine, 4), value])
    points.append([1.0, 1.0])
    return points


def calibrate(found: Predictions, vocabulary: Vocabulary) -> tuple[dict[str, Any], list[list[float]], dict[str, Any]]:
    """`calibration` and `similarity.curve` of the bundle, and what the choices were made by."""
    truth = labels_of(found, vocabulary)
    result: dict[str, Any] = {"temperature": {}, "unknown": {}}
    for name in (n for n in vocabulary.single if n != "category"):
        allowed, rows = allowed_labels(name, found, vocabulary), np.arange(len(found.items))
        logits = np.where(allowed, found.logits[name], -1e4).astype(np.float32)
        told = np.where((truth[name] >= 0) & allowed[rows, truth[name]], truth[name], -1)
        t = temperature_single(logits, told)
        result["temperature"][name] = round(t, 4)
        result["unknown"][name] = unknown_threshold(logits, told, t)
    for name in MULTI:
        t = temperature_multi(found.logits[name], truth[name])
        result["temperature"][name] = round(t, 4)
    group_of = np.array([vocabulary.groups.index(vocabulary.group_of[c]) for c in vocabulary.categories])
    alpha, t, by_alpha = fusion(found, truth["category"], group_of)
    result["temperature"]["category"], result["fusion"] = round(t, 4), {"alpha": alpha}
    chosen = {"category_by_alpha": by_alpha}
    if FIRST_COLOR in found.logits:
        chosen["first_color_by_weight"] = _first_color(found, truth[FIRST_COLOR], result, vocabulary)
    return result, similarity_curve(found), chosen


def _first_color(found: Predictions, truth: Ints, result: dict[str, Any], vocabulary: Vocabulary) -> dict[str, float]:
    """Put temperature and weight of the main colour into `result`; returns the share right by weight."""
    t = temperature_single(found.logits[FIRST_COLOR], truth)
    result["temperature"][FIRST_COLOR] = round(t, 4)
    tagger = Tagger(Calibration.model_validate(result))
    rows = range(len(found.items))
    logits = [{name: values[row] for name, values in found.logits.items()} for row in rows]
    kinds = [tagger.category(x["category"], found.groups[row]).id for row, x in zip(rows, logits, strict=True)]
    denim = np.array([tagger.of_denim(x, kind) for x, kind in zip(logits, kinds, strict=True)])
    result["measured_color"], table = measured_weight(found, truth, t, vocabulary.labels["colors"], denim)
    return table
