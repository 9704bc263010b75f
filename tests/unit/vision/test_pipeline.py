import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from placket.domain.errors import BundleInvalid, VisionCrashed
from placket.domain.garments import WHOLE_IMAGE, Box, Garment, Label
from placket.vision.bundle import read_bundle
from placket.vision.detector import Detection, distinct
from placket.vision.encoder import Encoded, Encoder
from placket.vision.engine import Engine
from placket.vision.local import LocalVision
from placket.vision.pipeline import one_a_place
from placket.vision.preprocessing import Canvas, letterbox
from tests.support.logits import all_logits, logits
from tests.support.photos import NAVY, RED, drawn, photo
from tests.support.tiny_bundle import write_tiny_bundle


@pytest.fixture(scope="module")
def local(tiny: Path) -> LocalVision:
    return LocalVision(read_bundle(tiny), threads=2)


def test_a_photo_as_bytes_and_as_pixels(local: LocalVision) -> None:
    image = drawn(300, 400)
    from_pixels = local.analyse(np.asarray(image))
    from_bytes = local.analyse(photo(300, 400))
    assert from_pixels.sha256 == ""
    assert len(from_bytes.sha256) == 64
    for a, b in zip(from_pixels.garments, from_bytes.garments, strict=True):
        assert a.box == b.box
        assert a.embedding @ b.embedding > 0.999


def test_what_looks_alike_is_near_and_what_does_not_is_far(local: LocalVision) -> None:
    red, rather_red, navy = (
        local.analyse(photo(300, 400, c)).garments[0].embedding for c in (RED, (190, 40, 50), NAVY)
    )
    assert red @ rather_red > 0.99
    assert red @ navy < red @ rather_red - 0.05


def test_nothing_in_a_plain_picture_unless_it_is_said_to_be_a_garment(local: LocalVision) -> None:
    plain = np.full((90, 120, 3), (200, 30, 40), np.uint8)
    assert local.analyse(plain).garments == ()
    (found,) = local.analyse(plain, box=WHOLE_IMAGE).garments
    assert (found.box.as_list(), found.score) == ([0, 0, 1, 1], 1.0)
    assert [s.name for s in found.swatches] == ["red"]


def test_where_the_detector_is_unsure_the_encoder_has_to_be_sure(tmp_path: Path) -> None:
    def found(name: str, **settings: float) -> list[float]:
        folder = write_tiny_bundle(tmp_path / name)
        manifest = json.loads((folder / "bundle.json").read_text())
        manifest["detector"].update(settings)
        (folder / "bundle.json").write_text(json.dumps(manifest))
        vision = LocalVision(read_bundle(folder), threads=1)
        garments = vision.analyse(photo(300, 400)).garments
        # With a box given, nobody asks whether it is a garment.
        assert len(vision.analyse(photo(300, 400), box=WHOLE_IMAGE).garments) == 1
        return [g.category.score for g in garments]

    (category,) = found("weak", score_threshold=0.95, fallback_score=0.5)
    assert found("unsure", score_threshold=0.95, fallback_score=0.5, fallback_category=category + 0.01) == []
    assert found("sure", score_threshold=0.95, fallback_score=0.5, fallback_category=category - 0.01) == [category]
    # What the detector is sure of needs nobody else.
    assert len(found("certain", score_threshold=0.35, fallback_score=0.2, fallback_category=1.0)) == 2


def test_more_crops_than_one_batch(tiny: Path) -> None:
    encoder = Encoder(read_bundle(tiny), Engine(1))
    canvases = [letterbox(np.full((20, 30, 3), i, np.uint8), 32, 255) for i in range(19)]
    together = encoder.encode(canvases)
    assert len(together) == 19
    for canvas, one in zip(canvases, together, strict=True):
        (alone,) = encoder.encode([canvas])
        assert alone.embedding == pytest.approx(one.embedding, abs=1e-6)
        assert set(one.logits) == {"category", *alone.logits}


def test_an_embedding_without_direction_is_this_photos_failure(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = Encoder(read_bundle(tiny), Engine(1))
    run = encoder._network.run
    monkeypatch.setattr(encoder._network, "run", lambda image: [x * np.float32("nan") for x in run(image)])
    with pytest.raises(VisionCrashed):
        encoder.encode([letterbox(np.zeros((4, 4, 3), np.uint8), 32, 255)])


TOP, CUT_OFF = Box(0.2, 0.1, 0.8, 0.7), Box(0.2, 0.65, 0.8, 1.0)


@pytest.fixture
def person(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> LocalVision:
    """Sees in every photo a woman in a top, and her legs, which alone look like a man's in shorts."""
    vision = LocalVision(read_bundle(tiny), threads=1)
    scores = np.full(9, 0.9, np.float32)
    found = [Detection(TOP, "TOP", 0.9, scores), Detection(CUT_OFF, "BOTTOM", 0.9, scores)]
    alike = Encoded(np.eye(256, dtype=np.float32)[0], all_logits(category=logits("category", shorts=9.0, jeans=5.0)))
    women, men = (
        replace(alike, logits={**alike.logits, "gender": logits("gender", **{g: 9.0})}) for g in ("women", "men")
    )
    monkeypatch.setattr(vision.pipeline.detector, "find", lambda canvas: found)
    monkeypatch.setattr(vision.pipeline.encoder, "canvas", lambda pixels, box: box)
    monkeypatch.setattr(vision.pipeline.encoder, "encode", lambda boxes: [women if b == TOP else men for b in boxes])
    return vision


def told(garment: Garment) -> tuple[str, str, bool]:
    return garment.category.id, garment.tags["gender"][0].id, "length" in garment.tags


def test_a_bottom_that_the_photo_cuts_off(person: LocalVision) -> None:
    seen = {g.box: g for g in person.analyse(photo(300, 400)).garments}
    assert told(seen[CUT_OFF]) == ("jeans", "women", False)


@pytest.mark.parametrize("box", [CUT_OFF, Box(0.22, 0.63, 0.85, 0.97)], ids=["as told", "drawn by hand"])
def test_a_box_is_told_as_in_its_photo(person: LocalVision, box: Box) -> None:
    (garment,) = person.analyse(photo(300, 400), box=box).garments
    assert told(garment) == ("jeans", "women", False)
    assert (garment.box, garment.score) == (box, 1.0)


def test_a_box_where_nothing_was_found_is_told_by_what_it_shows(person: LocalVision) -> None:
    (garment,) = person.analyse(photo(300, 400), box=Box(0.85, 0.7, 1.0, 1.0)).garments
    assert told(garment) == ("shorts", "men", True)


def test_around_the_whole_picture_there_is_nothing(person: LocalVision, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(person.pipeline.detector, "find", lambda canvas: pytest.fail("nobody has to look"))
    (garment,) = person.analyse(photo(300, 400), box=WHOLE_IMAGE).garments
    assert told(garment) == ("shorts", "men", True)


def test_people_in_a_row_are_seen_one_by_one(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vision = LocalVision(read_bundle(tiny), threads=1)

    def find(canvas: Canvas) -> list[Detection]:
        square = canvas.width == canvas.height
        return [Detection(Box(0.3, 0.2, 0.7, 0.9), "TOP", 0.9, np.full(9, 0.9, np.float32))] if square else []

    monkeypatch.setattr(vision.pipeline.detector, "find", find)
    boxes = sorted(g.box.x0 for g in vision.analyse(np.full((100, 300, 3), 127, np.uint8)).garments)
    assert boxes == pytest.approx([(0.3 + n / 2) / 3 for n in range(5)])
    assert vision.analyse(np.full((100, 200, 3), 127, np.uint8)).garments == ()


def garment(group: str, box: Box, score: float) -> Garment:
    return Garment(group, Label("x", 1.0), box, score, {}, np.zeros(256, np.float32))


def test_one_garment_seen_as_two_groups_is_one() -> None:
    a = garment("WHOLEBODY", Box(0.1, 0.1, 0.5, 0.9), 0.6)
    again = garment("WHOLEBODY", Box(0.1, 0.1, 0.5, 0.85), 0.8)
    other = garment("TOP", Box(0.1, 0.1, 0.5, 0.9), 0.5)
    apart = garment("WHOLEBODY", Box(0.5, 0.1, 0.9, 0.9), 0.4)
    assert distinct([a, again, other, apart], 0.6) == [again, other, apart]


def detection(group: str, box: Box, score: float) -> Detection:
    return Detection(box, group, score, np.zeros(9, np.float32))


def test_one_place_is_one_garments() -> None:
    dress, top = detection("WHOLEBODY", Box(0.1, 0.1, 0.5, 0.9), 0.6), detection("TOP", Box(0.1, 0.1, 0.5, 0.85), 0.5)
    skirt = detection("BOTTOM", Box(0.1, 0.45, 0.5, 0.9), 0.4)
    assert one_a_place([dress, top, skirt]) == [dress, skirt]


def test_the_strip_of_trousers_below_a_top_is_no_scarf_as_well() -> None:
    top, strip = detection("TOP", Box(0.2, 0.1, 0.8, 0.85), 0.9), Box(0.3, 0.85, 0.7, 1.0)
    scarf, trousers = detection("ACCESSORY", strip, 0.8), detection("BOTTOM", strip, 0.5)
    assert one_a_place([top, scarf, trousers]) == [top, trousers]
    assert one_a_place([scarf, trousers]) == [scarf]


def test_a_network_that_tells_the_main_colour(tmp_path: Path) -> None:
    folder = write_tiny_bundle(tmp_path / "mint", first_color="mint")
    (garment, *_) = LocalVision(read_bundle(folder), threads=1).analyse(photo(300, 400)).garments
    first, *others = garment.tags["colors"]
    assert first.id == "mint"
    assert all(x.score <= first.score for x in others)
    manifest = json.loads((folder / "bundle.json").read_text())
    manifest["calibration"]["measured_color"] = 10.0  # now what the pixels show wins: the garment is drawn in red
    (folder / "bundle.json").write_text(json.dumps(manifest))
    (garment, *_) = LocalVision(read_bundle(folder), threads=1).analyse(photo(300, 400, RED)).garments
    assert garment.tags["colors"][0].id == garment.swatches[0].name == "red"


@pytest.mark.parametrize("made", ["", "mint"])
def test_a_manifest_that_promises_another_output_is_refused(tmp_path: Path, made: str) -> None:
    folder = write_tiny_bundle(tmp_path / "odd", first_color=made)
    manifest = json.loads((folder / "bundle.json").read_text())
    manifest["encoder"]["first_color"] = not made
    (folder / "bundle.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleInvalid, match="first_color" if not made else "it has"):
        LocalVision(read_bundle(folder), threads=1)
