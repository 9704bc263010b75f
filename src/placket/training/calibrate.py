"""Calibrate a bundle on the part of `train` that was set aside, and write what was chosen into its manifest."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from placket.training.cache import build_all
from placket.training.detector.calibrate import calibrate as calibrate_detector
from placket.training.detector.find import find_boxes_once
from placket.training.detector.targets import load_samples
from placket.training.encoder.calibrate import LEAST_KNOWN
from placket.training.encoder.calibrate import calibrate as calibrate_encoder
from placket.training.encoder.hints import choose_weights, hints_of_items
from placket.training.encoder.items import Item, Vocabulary, load_items
from placket.training.encoder.predict import Pictures, Predictions, originals, predict
from placket.training.fallback import cases, choose_fallback
from placket.training.manifest import read_manifest, write_manifest
from placket.training.onnx_models import OnnxDetector, encoder_of
from placket.training.upright import LEAST_PHOTOS, choose_least, pictures_of, right, told_of
from placket.vision.second_look import surest

LOOKED_AT_TWICE = 0.25
"""Share of the crops that get a second look; more gains little more (docs/adr/0017, 0020) and costs as much again."""


def predictions(
    bundle: Path, items: list[Item], pictures: Mapping[str, Pictures], *, second_look: bool = True
) -> Predictions:
    """The bundle's predictions on items in pictures by set, or what its encoder says without a second look."""
    content = read_manifest(bundle)
    if not second_look:
        content["encoder"].pop("second", None)
    detector = OnnxDetector(bundle / content["detector"]["file"], content["detector"])
    return predict(items, encoder_of(bundle, content), content["encoder"]["size"][0], pictures, detector)


def _choose_second_look(
    bundle: Path, content: dict[str, Any], items: list[Item], pictures: Mapping[str, Pictures]
) -> None:
    """So that a set share of the garments labelled by eye get a second look; of too few nothing is chosen."""
    by_eye = [i for i in items if i.by_eye]
    if len(by_eye) < LEAST_KNOWN:
        return
    alone = predictions(bundle, by_eye, pictures, second_look=False)
    below = float(np.quantile(surest(alone.logits["category"]), LOOKED_AT_TWICE))
    content["encoder"]["second"]["below"] = round(below, 4)
    write_manifest(bundle, content)


def _choose_turns(bundle: Path, content: dict[str, Any], items: list[Item], cache: Path) -> dict[str, Any]:
    """How sure one has to be that a photo is turned; returns what was seen on the way, of too few photos nothing."""
    pictures = list(pictures_of([i for i in items if i.by_eye], cache))
    if len(pictures) < LEAST_PHOTOS:
        return {}
    told = told_of(bundle, pictures)
    least = choose_least(told)
    content["encoder"]["turns"]["least"] = least
    write_manifest(bundle, content)
    return {"least": least, "right_by_turn": [round(share, 4) for share in right(told, least)]}


def calibrate_bundle(bundle: Path, data: Path, cache: Path, say: Callable[[str], None] = print) -> dict[str, Any]:
    """Choose thresholds, temperatures, fusion and the similarity curve on `calib`; returns the new manifest. What is
    begun is told by `say`.

    What nothing is set aside for keeps its default: the detector's part without a box, the encoder's without a garment.
    """
    content, vocabulary = read_manifest(bundle), Vocabulary.read(data)
    stores = build_all(data, cache)
    samples = [s for s in load_samples(data, cache, stores) if s.part == "calib"]
    detector = OnnxDetector(bundle / content["detector"]["file"], content["detector"])
    chosen: dict[str, Any] = {}
    if any(len(s.boxes) for s in samples):
        say(f"the detector's thresholds: choosing them on {len(samples)} photos set aside")
        settings = calibrate_detector(detector, samples, cache)
        chosen["detector"] = settings.pop("chosen")
        content["detector"].update(settings)
        write_manifest(bundle, content)
    find_boxes_once(bundle / content["detector"]["file"], content["detector"], data, cache)
    if items := [i for i in load_items(data, cache, stores) if i.part == "calib"]:
        say(f"the encoder's probabilities: fitting them to {len(items)} garments set aside")
        # What the server will be shown, not what training makes of it.
        pictures = originals(items, data, cache)
        if content["encoder"].get("second"):
            _choose_second_look(bundle, content, items, pictures)
        found = predictions(bundle, items, pictures)
        calibration, curve, chosen["encoder"] = calibrate_encoder(found, vocabulary)
        words = hints_of_items(found.items, data)
        calibration["hints"], chosen["encoder"]["right_by_hint_weight"] = choose_weights(found, words, calibration)
        content["calibration"], content["similarity"] = calibration, {"curve": curve}
    content["training"]["chosen_on_calib"] = chosen
    write_manifest(bundle, content)
    if items and content["encoder"].get("turns"):
        say("choosing when a crop is turned")
        chosen["encoder"]["turns"] = _choose_turns(bundle, content, items, cache)
        write_manifest(bundle, content)
    if "detector" in chosen:
        say("choosing what a photo is answered in which nothing was found")
        score, category, chosen["detector"]["f2_by_kind"] = choose_fallback(cases(bundle, content, samples, cache))
        content["detector"].update(fallback_score=score, fallback_category=category)
        write_manifest(bundle, content)
    return content
