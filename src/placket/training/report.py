"""Evaluate a bundle on `val` and write its page; the figures also go into the bundle's manifest."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from placket.domain.errors import InvalidParameter
from placket.training.cache import build_all
from placket.training.calibrate import predictions
from placket.training.detector.evaluate import DetectorFigures, Evaluation, Shipped
from placket.training.detector.find import find_boxes_once
from placket.training.detector.pictures import pictures_of
from placket.training.detector.targets import Sample, load_samples
from placket.training.encoder.beside import Difference, differences, in_words
from placket.training.encoder.end_to_end import whole_photos, without_garment
from placket.training.encoder.evaluate import AGREEMENT, VIEWS, Answer, EncoderFigures, answers, evaluate
from placket.training.encoder.hints import hint_figures, hints_of_items
from placket.training.encoder.items import MULTI, Vocabulary, load_items
from placket.training.encoder.predict import Predictions, originals
from placket.training.encoder.worse_photos import worse_photos
from placket.training.manifest import read_manifest, write_manifest
from placket.training.onnx_models import OnnxDetector
from placket.training.pages import detector as detector_page
from placket.training.pages import encoder as encoder_page
from placket.training.pages.sheet import write_sheet
from placket.training.speed import Speed, measure
from placket.vision.second_look import surest

ONE_THRESHOLD = 0.35
"""Near the best single one on the part of `train` set aside."""
OWN = "as shipped"
SHEET_KINDS = {"ccp": 24, "viton": 4, "hm": 8, "cd": 8, "product": 4, "myntra": 8}


def plain(value: Any) -> Any:
    """Figures as JSON: dataclasses as objects, no NaN. Six digits: a page made of them rounds as theirs does."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain(dataclasses.asdict(value))
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 6)
    return value


def _speed(bundle: Path, part: dict[str, Any], vit: Path | None) -> Speed | None:
    return measure(bundle / part["file"], part["size"][0], vit) if vit else None


def _encoder_speed(bundle: Path, settings: dict[str, Any], vit: Path | None, alone: Predictions) -> Speed | None:
    """`alone`: what the encoder says without a second look, by which the share of those is known."""
    once, second = _speed(bundle, settings, vit), settings.get("second")
    if not once or not second:
        return once
    again = _speed(bundle, {**settings, **second}, vit)
    by_eye = np.array([i.by_eye for i in alone.items])
    share = float((surest(alone.logits["category"])[by_eye] < second["below"]).mean())
    return dataclasses.replace(once, second=again.milliseconds if again else 0.0, share=share)


def _stored_weights(path: Path) -> int:
    import onnx

    return sum(math.prod(t.dims) for t in onnx.load(str(path)).graph.initializer)


def _megabytes(bundle: Path, settings: dict[str, Any]) -> dict[str, float]:
    """The sizes of an encoder's files, by name."""
    names = [part["file"] for part in (settings, settings.get("second")) if part]
    return {name: (bundle / name).stat().st_size / 1e6 for name in names}


def _keep(bundle: Path, name: str, figures: Any) -> None:
    content = read_manifest(bundle)
    content["metrics"][name] = plain(figures)
    write_manifest(bundle, content)


def _sheet(path: Path, detector: OnnxDetector, settings: dict[str, Any], samples: Sequence[Sample], data: Path,
           names: Sequence[str]) -> None:  # fmt: skip
    shipped = Shipped(detector, settings)
    chosen = []
    for kind, count in SHEET_KINDS.items():
        own = [s for s in samples if s.kind == kind and s.part == "val"]
        chosen += own[:: max(1, len(own) // count)][:count]
    write_sheet(path, [(pixels, shipped(pixels)) for _, pixels in pictures_of(chosen, data)], names)


def report_detector(
    bundle: Path, data: Path, cache: Path, page: Path, vit: Path | None, sheet: Path | None
) -> DetectorFigures:
    """Write the detector's page. `vit` is where the yardstick network lies or is put; None measures no time."""
    manifest, names = read_manifest(bundle), Vocabulary.read(data).groups
    settings = manifest["detector"]
    path = bundle / settings["file"]
    samples = load_samples(data, cache, build_all(data, cache))
    detector = OnnxDetector(path, settings)
    speed = _speed(bundle, settings, vit)
    figures = Evaluation(detector, settings, samples, data, names).run()
    if sheet:
        _sheet(sheet, detector, settings, samples, data, names)
    detector_page.write_page(page, manifest, figures, names, path.stat().st_size / 1e6, _stored_weights(path), speed)
    _keep(bundle, "detector", {**plain(figures), "speed": plain(speed)})
    return figures


def _mean_row(name: str, figures: EncoderFigures) -> dict[str, Any]:
    def mean(attributes: Sequence[str]) -> float:
        values = [figures.tags[v][a].accuracy for v in VIEWS for a in attributes if a in figures.tags[v]]
        return float(np.mean(values)) if values else math.nan

    singles = [a for a in AGREEMENT if a not in ("category", "colors", "details")]
    return {
        "name": name,
        "category": mean(["category"]),
        "other attributes": mean(singles),
        "colors F1": mean(["colors"]),
        "details F1": mean(["details"]),
        "recall at 1": figures.retrieval["recall@1"],
    }


class _EncoderReport:
    """What the evaluations of one page share: the items of `val`, the baselines of `train`, the vocabulary."""

    def __init__(self, bundle: Path, data: Path, cache: Path) -> None:
        self.data = data
        self.vocabulary = Vocabulary.read(data)
        stores = build_all(data, cache)
        detector = read_manifest(bundle)["detector"]
        find_boxes_once(bundle / detector["file"], detector, data, cache)
        items = load_items(data, cache, stores)
        self.val = [i for i in items if i.part == "val"]
        if not any(i.by_eye for i in self.val):
            raise InvalidParameter(f"{data}: no garment of the split `val` is labelled, so there is nothing to measure")
        self.pictures = originals(self.val, data, cache)
        self.train = [i for i in items if i.part == "train"]
        self.true_boxes = [i for i in load_items(data, cache, stores, found_boxes=False) if i.part == "val"]

    def figures(self, manifest: dict[str, Any], found: Predictions, **changes: Any) -> EncoderFigures:
        """Figures of predictions, with parts of the calibration changed."""
        calibration, curve = {**manifest["calibration"], **changes}, manifest["similarity"]["curve"]
        return evaluate(found, self.train, self.vocabulary, calibration, curve)

    def variants(self, manifest: dict[str, Any], found: Predictions) -> list[dict[str, Any]]:
        """Rows of the same predictions, read with less."""
        return [
            _mean_row("without the detector's groups", self.figures(manifest, found.without_groups())),
            _mean_row("without temperatures", self.figures(manifest, found, temperature={}, unknown={})),
            _mean_row(
                f"sets of labels by a threshold of {ONE_THRESHOLD}, not by expected F1",
                self.figures(manifest, found, thresholds={name: {"default": ONE_THRESHOLD} for name in MULTI}),
            ),
        ]

    def other(self, name: str, bundle: Path, own: Sequence[Answer]) -> tuple[dict[str, Any], list[Difference]]:
        """The row of another bundle, and by what the answers of the page's own differ from its answers."""
        manifest, found = read_manifest(bundle), predictions(bundle, self.val, self.pictures)
        told = differences(self.val, own, answers(found, manifest["calibration"]))
        return _mean_row(name, self.figures(manifest, found)), told


def report_encoder(
    bundle: Path, data: Path, cache: Path, page: Path, vit: Path | None, beside: Mapping[str, Path] | None = None,
    say: Callable[[str], None] = print,
) -> EncoderFigures:  # fmt: skip
    """Write the encoder's page. `vit` as for the detector; `beside`: other bundles to compare with, of which is told by
    `say` what is better or worse."""
    manifest = read_manifest(bundle)
    settings = manifest["encoder"]
    run = _EncoderReport(bundle, data, cache)
    found = predictions(bundle, run.val, run.pictures)
    alone = predictions(bundle, run.val, run.pictures, second_look=False) if settings.get("second") else found
    speed = _encoder_speed(bundle, settings, vit, alone)
    figures = run.figures(manifest, found)
    figures.hints = hint_figures(found, hints_of_items(found.items, data), manifest["calibration"])
    rows = [_mean_row(OWN, figures), *run.variants(manifest, found)]
    if settings.get("second"):
        rows.insert(1, _mean_row("without a second look", run.figures(manifest, alone)))
    own, apart = answers(found, manifest["calibration"]), {}
    for name, folder in (beside or {}).items():
        row, apart[name] = run.other(name, folder, own)
        rows.append(row)
        for line in in_words(name, apart[name]):
            say(line)
    whole = whole_photos(bundle, run.true_boxes, data)
    samples = [s for s in load_samples(data, cache, build_all(data, cache)) if s.part == "val"]
    empty = without_garment(bundle, samples, data)
    worse = {
        name: worse_photos(folder, run.true_boxes, data) for name, folder in {OWN: bundle, **(beside or {})}.items()
    }
    encoder_page.write_page(
        page, manifest, figures, whole, _megabytes(bundle, settings), speed, rows, empty, worse, apart
    )
    kept = {
        "whole_photos": plain(whole), "without_garment": empty, "worse_photos": plain(worse[OWN]), "speed": plain(speed)
    }  # fmt: skip
    _keep(bundle, "encoder", {**plain(figures), **kept})
    return figures
