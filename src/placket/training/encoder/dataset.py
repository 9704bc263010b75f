"""An endless stream of training batches for the encoder: pairs of one product, two views of one photo, single crops."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import IterableDataset

from placket.training.ahead import Batch
from placket.training.cache import Pixels, Store
from placket.training.encoder.crops import crop, light, shake, worse_crop
from placket.training.encoder.items import FOUND, MULTI, Item, Vocabulary
from placket.training.encoder.words import Words


class CropStream(IterableDataset[Batch]):
    """Yields batches of `pairs` studio pairs (two crops each), `views` photos in two views, and `rest` single crops.

    `state` is a shared tensor [side]. `features` maps an item's index to a row of the teacher's features. With `worse`
    that share of the crops is made worse, and `clean` has them all as they were.
    """

    def __init__(
        self,
        items: list[Item],
        vocabulary: Vocabulary,
        cache: Path,
        weights: dict[str, float],
        counts: tuple[int, int, int],
        state: torch.Tensor,
        seed: int,
        features: NDArray[np.float16] | None,
        balance: float = 0.3,
        worse: float = 0.0,
        words: Words | None = None,
    ) -> None:
        self.items, self.cache, self.counts, self.state, self.seed = items, cache, counts, state, seed
        self.balance, self.worse = balance, worse
        self.features, self.words = features, words
        self.codes = [vocabulary.encode(i) for i in items]
        self.labels = {a: len(v) for a, v in vocabulary.labels.items()}
        self.single = vocabulary.single
        self.color = vocabulary.number["colors"]
        designs: dict[str, int] = {}
        self.design = [designs.setdefault(i.design, len(designs)) for i in items]
        products: dict[str, int] = {}
        self.products = [products.setdefault(i.product, len(products)) for i in items]
        by_product: dict[str, list[int]] = defaultdict(list)
        pools: dict[str, list[int]] = defaultdict(list)
        for index, item in enumerate(items):
            if item.view in ("viton", "product"):
                by_product[item.product].append(index)
            if item.view in weights and (item.tags or item.view == FOUND):
                pools[item.view].append(index)
        self.pairs = [v for v in by_product.values() if len(v) == 2]
        self.views = [v for v in weights if pools[v]]
        self.share = np.array([weights[v] for v in self.views]) / sum(weights[v] for v in self.views)
        self.pools = {v: np.array(pools[v]) for v in self.views}
        self.chance = {v: self._balance(pools[v]) for v in self.views}
        self.stores: dict[str, Store] = {}

    def _balance(self, pool: list[int]) -> NDArray[np.float64]:
        """Chance of each item: a category counts with frequency^(1 - `balance`), a label by eye three times."""
        counts: dict[Any, int] = defaultdict(int)
        for index in pool:
            counts[self.items[index].tags.get("category")] += 1
        weight: NDArray[np.float64] = np.array(
            [
                counts[self.items[i].tags.get("category")] ** -self.balance * (1.0 if self.items[i].by_eye else 0.35)
                for i in pool
            ]
        )
        weight /= weight.sum()
        return weight

    def _crops(self, index: int, size: int, rng: np.random.Generator) -> list[Pixels]:
        """An item's crop, and with `worse` another one, as it was."""
        item = self.items[index]
        if item.dataset not in self.stores:
            self.stores[item.dataset] = Store(self.cache / item.dataset)
        pixels = self.stores[item.dataset][item.key]
        box = shake(item.box, rng, 1.0) if item.boxed else item.box
        if item.view in ("hm", "cd", "myntra", "product") and rng.random() < 0.06:
            box = (0.0, 0.0, 1.0, 1.0)
        plain = crop(pixels, box, size)
        clean = [plain] if self.worse else []
        worse = rng.random() < self.worse
        out = worse_crop(pixels, box, size, rng) if worse else light(plain, rng)
        if rng.random() < 0.5:
            return [np.ascontiguousarray(p[:, ::-1]) for p in (out, *clean)]
        return [out, *clean]

    def _draw(self, rng: np.random.Generator, count: int) -> list[int]:
        out = np.empty(count, np.int64)
        drawn = rng.choice(len(self.views), count, p=self.share)
        for number, view in enumerate(self.views):
            here = drawn == number
            out[here] = rng.choice(self.pools[view], int(here.sum()), p=self.chance[view])
        return [int(i) for i in out]

    def _indices(self, rng: np.random.Generator) -> list[int]:
        pairs, views, rest = self.counts
        out: list[int] = []
        if self.pairs:
            for p in rng.choice(len(self.pairs), min(pairs, len(self.pairs)), replace=False):
                out.extend(self.pairs[int(p)])
        out.extend(i for i in self._draw(rng, views) for _ in range(2))
        return out + self._draw(rng, rest)

    def __iter__(self) -> Iterator[Batch]:
        info = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, info.id if info else 0])
        torch.set_num_threads(1)
        while True:
            size = int(self.state[0])
            indices = self._indices(rng)
            crops = zip(*(self._crops(i, size, rng) for i in indices), strict=True)
            batch = self.encode(indices)
            for name, pixels in zip(("image", "clean"), crops, strict=False):
                batch[name] = torch.from_numpy(np.ascontiguousarray(np.stack(pixels).transpose(0, 3, 1, 2)))
            batch["product"] = torch.tensor([self.products[i] for i in indices])
            batch["design"] = torch.tensor([self.design[i] for i in indices])
            if self.features is not None:
                batch["feature"] = torch.from_numpy(self.features[indices].astype(np.float32))
            yield batch

    def encode(self, indices: list[int]) -> Batch:
        """Labels of these items as tensors; `<multi>_known` says where a set of labels is known."""
        codes = [self.codes[i] for i in indices]
        batch: Batch = {a: torch.tensor([c[a] for c in codes]) for a in self.single}
        for name in MULTI:
            known = [c[name] is not None for c in codes]
            rows = [c[name] if c[name] is not None else np.zeros(self.labels[name], np.float32) for c in codes]
            batch[name] = torch.from_numpy(np.stack(rows))
            batch[f"{name}_known"] = torch.tensor(known)
        first = [
            self.color.get(self.items[i].tags.get("first_color_only", ""), c["first_color"])
            for i, c in zip(indices, codes, strict=True)
        ]
        batch["first_color"] = torch.tensor(first)
        batch["by_eye"] = torch.tensor([1.0 if self.items[i].by_eye else 0.5 for i in indices])
        return batch | self.words.batch(indices) if self.words else batch
