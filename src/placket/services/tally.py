"""How often things ended in which way since this process began: for its figures."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A figure that has a value for each combination of its ``labels``' words, which are in the labels' order."""

    labels: Words
    values: Mapping[Words, float]


class Tally:
    """Counts by the words of its ``labels``, of which there are few.

    ``known``: counted from 0 on. Prometheus sees no rise in a figure that first appears as 1.
    """

    def __init__(self, labels: Words, known: Iterable[Words] = ()) -> None:
        self._labels = labels
        self._counts = Counter(dict.fromkeys(known, 0))

    def add(self, *words: str) -> None:
        assert len(words) == len(self._labels)
        self._counts[words] += 1

    def figure(self) -> Labelled:
        return Labelled(self._labels, dict(self._counts))
