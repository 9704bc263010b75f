"""One network out of two runs: the mean of their weights (a model soup, Wortsman et al. 2022, arXiv 2203.05482).

It makes sense where the second run began with the weights of the first, or both with those of a third: then what lies
between them is a network too, and often a better one than either.
"""

from pathlib import Path
from typing import Any

from torch import Size, Tensor

from placket.domain.errors import InvalidParameter
from placket.training.loop import read_checkpoint, save_checkpoint
from placket.training.run import provenance_of

_NETWORK = ("widths", "blocks", "neck", "top", "groups")
"""Besides the names of the weights: a folded network has others."""


def average_checkpoints(first: Path, second: Path, share: float, out: Path) -> Path:
    """Write a checkpoint with (1 - `share`) of the averaged weights of `first` and `share` of those of `second`; in all
    else it is a copy of `second`. Returns its path.

    Raises FileNotFoundError, and InvalidParameter where the two are not the same network or `share` is not in 0..1.
    """
    if not 0 <= share <= 1:
        raise InvalidParameter("a share lies between 0 and 1")
    one, other = read_checkpoint(first), read_checkpoint(second)
    alike = all(one["recipe"].get(name) == other["recipe"].get(name) for name in _NETWORK)
    if not alike or _shapes(one) != _shapes(other):
        raise InvalidParameter(f"{first} and {second} are not the same network")
    mean = {name: _mix(one["average"][name], value, share) for name, value in other["average"].items()}
    origin = provenance_of(one)
    mixed_with = [] if origin == other.get("began") else [origin]
    out.parent.mkdir(parents=True, exist_ok=True)
    own = {"network": mean, "average": mean, "share": share, "mixed_with": mixed_with, "optimizer": []}
    # A mixture has no name that a bundle gave one of the two.
    save_checkpoint(out, {k: v for k, v in other.items() if k != "run"} | own)
    return out


def _shapes(saved: dict[str, Any]) -> dict[str, Size]:
    return {name: value.shape for name, value in saved["average"].items()}


def _mix(one: Tensor, other: Tensor, share: float) -> Tensor:
    return one.lerp(other, share) if other.is_floating_point() else other
