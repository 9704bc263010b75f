"""An encoder's logits, all 0 but those that a test is about."""

import numpy as np

from placket.domain.taxonomy import taxonomy

WORDS = taxonomy()


def logits(attribute: str, /, **values: float) -> np.ndarray:
    labels = WORDS.categories if attribute == "category" else WORDS.attributes[attribute]
    out = np.zeros(len(labels), np.float32)
    for label, value in values.items():
        out[labels.index(label)] = value
    return out


def all_logits(**changed: np.ndarray) -> dict[str, np.ndarray]:
    return {**{a: logits(a) for a in WORDS.attributes}, **changed}
