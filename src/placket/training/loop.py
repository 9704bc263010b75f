"""What both training loops share: a schedule by the clock, an averaged copy of the weights, checkpoints, a log.

The schedule runs on progress 0..1, the share of the time budget that is used up over all (resumed) runs, so a run
anneals by its deadline whatever the machine's speed.
"""

import copy
import json
import math
import pickle
import shutil
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from placket.domain.errors import InvalidParameter, PlacketError


class CheckpointNotWritten(PlacketError):
    reason = "CheckpointNotWritten"


class Clock:
    """Progress of a run by time (seconds) or, with `steps`, by step count (for tests)."""

    def __init__(self, seconds: float, spent: float = 0.0, steps: int | None = None, done: int = 0) -> None:
        self.seconds, self.steps, self.step, self.before = seconds, steps, done, spent
        self.begin()

    def begin(self) -> None:
        """Count from now on: what was done since the clock was made, such as loading pictures, took no time."""
        self.start = time.monotonic() - self.before

    @property
    def spent(self) -> float:
        """Seconds used so far, all runs together."""
        return time.monotonic() - self.start

    @property
    def progress(self) -> float:
        """0..1."""
        share = self.step / self.steps if self.steps else self.spent / self.seconds
        return min(1.0, share)


def log_interval(steps: int | None) -> int:
    """Steps between two lines of the log: 50, fewer in a short run."""
    return min(50, max(1, steps // 6)) if steps else 50


def one_cycle(progress: float, warm: float = 0.04, floor: float = 0.01) -> float:
    """Factor of the learning rate: a linear warm-up, then a cosine down to `floor`."""
    if progress < warm:
        return max(progress / warm, 0.02)
    share = (progress - warm) / (1 - warm)
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * share))


class Average:
    """Exponential moving average of a network's weights and statistics, with a decay that grows from zero."""

    def __init__(self, network: nn.Module, decay: float, ramp: float = 300.0) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay, self.ramp, self.updates = decay, ramp, 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move towards `network`."""
        self.updates += 1
        decay = self.decay * (1 - math.exp(-self.updates / self.ramp))
        own, source = self.network.state_dict(), network.state_dict()
        real = [name for name, value in own.items() if value.is_floating_point()]
        # All at once: one by one they would be hundreds of calls to a GPU.
        torch._foreach_lerp_([own[n] for n in real], [source[n] for n in real], 1 - decay)
        for name in own.keys() - set(real):
            own[name].copy_(source[name])


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write whole or not at all. Raises CheckpointNotWritten; a checkpoint that was there before stays."""
    temporary = path.with_suffix(".tmp")
    try:
        torch.save(state, temporary)
        temporary.replace(path)
    except (OSError, RuntimeError):
        temporary.unlink(missing_ok=True)
        # On a full disk torch says that a stream is in the wrong place.
        free = shutil.disk_usage(path.parent).free / 1e6
        raise CheckpointNotWritten(
            f"{path} cannot be written: {free:,.0f} MB are free. What was there before is as it was"
        ) from None


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """The saved state, or None where there is none. Raises InvalidParameter for another file."""
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError):
        raise InvalidParameter(f"{path} is no checkpoint, or is damaged") from None
    if not isinstance(state, dict) or not state.keys() >= {"recipe", "average"}:
        # Weights alone, for one, as other programs keep them.
        raise InvalidParameter(f"{path} is no checkpoint of a run of `placket train`")
    return state


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The saved state. Raises FileNotFoundError where there is none, InvalidParameter for another file."""
    state = load_checkpoint(path)
    if state is None:
        raise FileNotFoundError(f"there is no checkpoint {path}")
    return state


def log_line(path: Path, **values: Any) -> None:
    """Append one JSON line and print it."""
    line = json.dumps({k: round(v, 5) if isinstance(v, float) else v for k, v in values.items()})
    with path.open("a", encoding="utf-8") as handle:
        handle.write(line + "\n")
    print(line, flush=True)


def device_of() -> torch.device:
    """CUDA where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def as_input(image: Tensor, device: torch.device) -> Tensor:
    """uint8 [b, 3, h, w] to float32 0..255, channels last, on the device."""
    return image.to(device).float().contiguous(memory_format=torch.channels_last)
