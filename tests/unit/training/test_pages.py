"""Answers, figures and pages of a made-up encoder whose figures are known."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from placket.domain.garments import Swatch
from placket.domain.taxonomy import taxonomy
from placket.training.encoder.beside import Difference
from placket.training.encoder.evaluate import (
    AGREEMENT,
    Answer,
    EncoderFigures,
    TagFigures,
    answers,
    calibration_error,
    curve_table,
    evaluate,
    multi_figures,
    retrieval_figures,
    single_figures,
    too_sure,
)
from placket.training.encoder.items import Item, Vocabulary, garment_tags
from placket.training.encoder.predict import Predictions
from placket.training.encoder.worse_photos import WorsePhotos
from placket.training.manifest import read_manifest, write_manifest
from placket.training.pages import card
from placket.training.pages.encoder import no_better, write_page
from placket.training.pages.markdown import share, table, verdict
from placket.training.report import plain
from placket.training.sources import Garment
from placket.training.speed import Speed
from placket.training.terms import brief, by_source, history, once, sets_of, terms_of

WORDS = taxonomy()
VOCABULARY = Vocabulary(
    {
        "groups": WORDS.groups,
        "attributes": WORDS.attributes,
        "applies": {"to_all": list(WORDS.applies_to_all), **{a: list(c) for a, c in WORDS.applies_to.items()}},
    }
)


def item(number: int, view: str = "hm", product: str | None = None, **tags: Any) -> Item:
    dataset = "viton" if view == "product" else view
    name = product or f"{view}-{number}"
    return Item(dataset, str(number), str(number), "val", (0, 0, 1, 1), name, name, True, bool(tags), view, tags)


def logits_for(items: list[Item], strength: float = 9.0) -> dict[str, np.ndarray]:
    """Sure of every label that is known."""
    out = {a: np.full((len(items), len(v)), -4.0, np.float32) for a, v in VOCABULARY.labels.items()}
    for row, one in enumerate(items):
        for attribute, value in one.tags.items():
            for label in value if isinstance(value, list) else [value]:
                out[attribute][row, VOCABULARY.number[attribute][label]] = strength
    return out


def predictions(items: list[Item], embedding: np.ndarray | None = None) -> Predictions:
    if embedding is None:
        rng = np.random.default_rng(0)
        embedding = rng.normal(0, 1, (len(items), 256)).astype(np.float32)
        embedding /= np.linalg.norm(embedding, axis=1, keepdims=True)
    return Predictions(items, embedding, logits_for(items), np.ones((len(items), 9), np.float32))


def test_an_attribute_that_does_not_apply_is_not_told() -> None:
    skirt = item(1, category="skirt", colors=["red"], pattern="solid", length="midi")
    (said,) = answers(predictions([skirt]), {})
    assert said.first("category") == ("skirt", pytest.approx(1, abs=0.01))
    assert "neckline" not in said.tags
    assert [label for label, _ in said.tags["colors"]] == ["red"]
    assert said.first("first_color") is not None


def test_a_right_label_is_right_and_a_silent_one_wrong() -> None:
    items = [item(i, category="dress") for i in range(4)] + [item(9)]
    said = [Answer({"category": [("dress", 0.9)]}), Answer({"category": [("skirt", 0.6)]}), Answer({}), Answer({}),
            Answer({})]  # fmt: skip
    figures = single_figures(items, said, "category", items)
    assert figures == TagFigures(4, 0.25, 0.5, pytest.approx(float("nan"), nan_ok=True), 1.0)
    assert single_figures(items, said, "pattern", items) is None
    # Where nothing was learnt from, nobody can say what is most frequent.
    untaught = single_figures(items, said, "category", ())
    assert untaught is not None and np.isnan(untaught.majority)


def test_sets_are_judged_by_f1_and_an_empty_one_counts() -> None:
    items = [item(0, details=[]), item(1, details=["button", "pocket"])]
    said = [Answer({}), Answer({"details": [("button", 0.9)]})]
    figures = multi_figures(items, said, "details", VOCABULARY, items)
    assert figures is not None
    assert figures.accuracy == pytest.approx((1 + 2 / 3) / 2)
    assert figures.coverage == 0.5


def test_calibration_error_of_the_sure_and_wrong() -> None:
    items = [item(i, category="dress") for i in range(4)]
    sure = [Answer({"category": [("dress", 0.99)]})] * 4
    wrong = [Answer({"category": [("skirt", 0.99)]})] * 4
    assert calibration_error(items, sure, "category") == pytest.approx(0.01)
    assert calibration_error(items, wrong, "category") == pytest.approx(0.99)


def test_a_few_thousand_labels_as_probable_as_told_have_a_calibration_error_all_the_same() -> None:
    """What the encoder's page says is chance."""
    rng = np.random.default_rng(0)
    items = [item(n, category="dress") for n in range(3000)]
    errors = []
    for _ in range(5):
        sure = rng.uniform(0.3, 1, len(items))
        told = np.where(rng.random(len(items)) < sure, "dress", "skirt")
        said = [Answer({"category": [(str(word), p)]}) for word, p in zip(told, sure.tolist(), strict=True)]
        errors.append(calibration_error(items, said, "category"))
    assert np.mean(errors) == pytest.approx(0.02, abs=0.005)


def test_what_the_most_frequent_label_tells_as_well_is_said() -> None:
    numbers = {
        "hm": {"gender": (50, 0.9, 0.9), "fit": (50, 0.9, 0.8), "age": (49, 0.5, 0.9)},
        "ccp": {"age": (50, 1, 1)},
    }
    assert (
        no_better(numbers) == "Right no more often than the most frequent label of `train`: `hm` gender; `ccp` age.\n"
    )
    assert no_better({"hm": {"gender": (50, 0.9, float("nan"))}}) == ""


def test_one_set_that_is_told_too_surely_does_not_hide_behind_another() -> None:
    """All in all these are told at 0.75 and right for 0.75."""
    items = [item(n, view, category="dress") for view in ("hm", "ccp") for n in range(4)]
    right, wrong = (Answer({"category": [(name, 0.75)]}) for name in ("dress", "skirt"))
    said = [right] * 4 + [right, right, wrong, wrong]
    assert calibration_error(items, said, "category") == pytest.approx(0)
    assert too_sure(items[:4], said[:4], "category") == pytest.approx(-0.25)
    assert too_sure(items[4:], said[4:], "category") == pytest.approx(0.25)
    assert np.isnan(too_sure([], [], "category"))


def studio() -> Predictions:
    """Ten persons whose product shots are next to them, and catalogue garments in two colours."""
    base = np.eye(40, 256, dtype=np.float32)
    items, rows = [], []
    for number in range(10):
        items += [item(number, "viton", f"p{number}", category="t_shirt"), item(number, "product", f"p{number}")]
        rows += [base[number], base[number] * 0.9 + base[number + 10] * 0.2]
    for number in range(12):
        color = "red" if number % 2 else "blue"
        items.append(item(number, "hm", category="dress", colors=[color]))
        rows.append(base[30 + number % 2] + 0.01 * base[number])
    e = np.stack(rows)
    return predictions(items, e / np.linalg.norm(e, axis=1, keepdims=True))


def test_retrieval_of_what_lies_together() -> None:
    figures = retrieval_figures(studio())
    assert figures["pairs"] == 10 and figures["shots"] == 10
    assert figures["recall@1"] == 1.0
    assert figures["any_of_10"] == 1.0
    assert figures["share_of_possible"] == 1.0
    assert figures["share_of_10"] == pytest.approx(0.5)


def test_a_product_never_comes_before_itself() -> None:
    """However the last digits of its cosine were rounded."""
    rng = np.random.default_rng(0)
    shots = rng.normal(size=(300, 256))
    people = shots + 0.3 * rng.normal(size=shots.shape)
    items = [item(n, view, f"p{n}", category="t_shirt") for view in ("viton", "product") for n in range(300)]
    e = np.concatenate([people, shots]).astype(np.float32)
    figures = retrieval_figures(predictions(items, e / np.linalg.norm(e, axis=1, keepdims=True)))
    assert (figures["pairs"], figures["recall@1"]) == (300, 1.0)


def test_the_table_of_the_curve_falls() -> None:
    rows = curve_table(studio(), [[-1.0, 0.0], [0.5, 0.5], [1.0, 1.0]])
    same = [r["same"] for r in rows]
    assert same == sorted(same, reverse=True) and same[0] == 1.0
    assert all(0 <= r["random"] <= 1 for r in rows)


def manifest() -> dict[str, Any]:
    recipe = {"teacher": 4.0, "size": [96, 128, 128]}
    part = {"recipe": recipe, "steps": 10, "minutes": 1.5, "sources": {"hm": 5, "cd": 7}}
    return {
        "version": "test-1", "created": "2026-01-01", "calibration": {}, "metrics": {},
        "similarity": {"curve": [[-1.0, 0.0], [1.0, 1.0]]},
        "detector": {"file": "detector.onnx", "size": [320, 320]},
        "encoder": {"file": "encoder.onnx", "size": [160, 160], "embedding_dim": 256},
        "training": {"detector": part, "encoder": part},
    }  # fmt: skip


def test_the_encoders_page_tells_every_attribute(tmp_path: Path) -> None:
    many = [item(i, "hm", category="dress", colors=["red"], pattern="solid", details=[]) for i in range(60)]
    found = predictions([*studio().items, *many])
    figures = evaluate(found, many, VOCABULARY, {}, [[-1.0, 0.0], [1.0, 1.0]])
    page = tmp_path / "models" / "encoder.md"
    write_page(
        page,
        manifest(),
        figures,
        {},
        {"encoder.onnx": 9.5},
        Speed(4.0, 160.0),
        [{"name": "as shipped", "category": 0.5}],
        {"drawn": (9, 4)},
        {
            "as shipped": {
                "as they are": WorsePhotos(50, 0.9, 0.8, 0.7, 0.6),
                "dark": WorsePhotos(50, 0.5, 0.4, 0.3, 0.2),
            },
            "before": {
                "as they are": WorsePhotos(50, 0.9, 0.81, 0.7, 0.61),
                "dark": WorsePhotos(50, 0.5, 0.11, 0.1, 0.12),
            },
        },
        {"now": [Difference("category", 40, 30, 38, 1, 9)]},
    )
    text = page.read_text()
    assert "## Beside `now`" in text and "| category | 40 | 0.750 | 0.950 | 1 | 9 | worse |" in text
    assert "| dark | 0.500 | 0.400 | 0.300 | 0.200 | 0.110 / 0.120 |" in text and "(50 garments)" in text
    assert all(f"| {name} |" in text for name in AGREEMENT)
    assert "1/40" in text and "1.000 ●" in text and "as shipped" in text
    assert "792 garments" in text and "out of the photos as they are" in text
    assert "no more often than the most frequent label of `train`: `hm` category, " in text
    assert isinstance(figures, EncoderFigures)


def test_pages_tell_of_a_second_look(tmp_path: Path) -> None:
    found = manifest()
    found["encoder"]["second"] = {"file": "second.onnx", "below": 0.55}
    found["training"]["second"] = {**found["training"]["encoder"], "sources": {"myntra": 9}}
    figures = evaluate(predictions(studio().items), [], VOCABULARY, {}, [[-1.0, 0.0], [1.0, 1.0]])
    page, sizes = tmp_path / "encoder.md", {"encoder.onnx": 9.5, "second.onnx": 9.4}
    write_page(page, found, figures, {}, sizes, Speed(4.0, 160.0, 5.0, 0.2), [], {"drawn": (9, 4)}, {}, {})
    text = page.read_text()
    assert "The files: `encoder.onnx`, 9.5 MB, `second.onnx`, 9.4 MB" in text and "as probable as 0.55" in text
    assert "20.0% get a second look, 5.00 ms more: 5.00 ms on the mean" in text and "1/32" in text
    card.write_card(tmp_path / "card.md", found)
    told = (tmp_path / "card.md").read_text()
    assert "crops, second encoder" in told and "| `myntra`: " in told and "a second one of its kind" in told


def test_the_card_says_whose_data_it_was(tmp_path: Path) -> None:
    page = tmp_path / "card.md"
    card.write_card(page, manifest())
    text = page.read_text()
    assert "research and evaluation" in text and "`hm`" in text
    assert "--sets cd,ccp" in text
    free = manifest()
    for part in free["training"].values():
        part["sources"] = {"cd": 7}
    card.write_card(page, free)
    assert "research and evaluation" not in page.read_text()


def test_the_cards_failures_are_the_bundles_own(tmp_path: Path) -> None:
    page, own = tmp_path / "card.md", manifest()
    card.write_card(page, own)
    assert "some are not found out" in page.read_text() and "instead of" not in page.read_text()
    kinds = ("as they are", "grainy", "warm light", *card.TURNED, *card.SOMEWHAT)
    own["metrics"]["encoder"] = {
        "tags": {"hm": {"fit": {"accuracy": 0.41}, "look": {"accuracy": 0.72}}},
        "worse_photos": {kind: {"category": 0.9 - 0.1 * n, "first_color": 0.5} for n, kind in enumerate(kinds)},
        "whole_photos": {"ccp": {"found": 0.75}},
        "without_garment": {"empty": [8, 3], "drawn": [0, 0]},
    }
    own["training"]["chosen_on_calib"] = {"encoder": {"turns": {"right_by_turn": [1.0, 0.8, 0.7, 0.6]}}}
    card.write_card(page, own)
    text = " ".join(page.read_text().split())
    assert "25% of these garments are not found" in text and "it: 30% are not found out" in text
    assert "right for 0.80 of the grainy ones and 0.10 to 0.40 of the others instead of 0.90" in text
    assert "right for 0.55 of all, instead of 0.90" in text and "right for 0.41 to 0.72 by set" in text
    assert "the same: in 3 of 8 bottles, tubes and other things on white." in text
    for figures in own["metrics"]["encoder"]["worse_photos"].values():
        figures["first_color"] = None
    card.write_card(page, own)
    assert "main colours are missed.\n" in page.read_text()


def test_photos_of_ones_own_under_a_sets_name_have_terms_of_their_own(tmp_path: Path) -> None:
    sources = by_source(["hm", "cd", "hm"], {"hm": "ours, for shops"})
    assert sources == {"hm: ours, for shops": 2, "cd": 1} and terms_of(sources) is None
    own = manifest()
    for part in own["training"].values():
        part["sources"] = sources
    card.write_card(tmp_path / "card.md", own)
    text = (tmp_path / "card.md").read_text()
    assert "| `hm`: photos of one's own | 2 | 2 | ours, for shops |" in text
    assert "research and evaluation" not in text and "competition data" not in text


def test_the_parts_of_a_run_are_told_first_to_last() -> None:
    first = {"recipe": {"size": [256, 320]}, "steps": 3986, "minutes": 44.0, "began": None}
    second = {"recipe": {"size": [384, 384]}, "steps": 1239, "minutes": 13.0, "began": first}
    assert history(first) == "44.0 minutes (3,986 steps at 256/320 px)"
    assert "learning from" in history(first | {"taught_by": [{"sources": {}}]})
    assert history(second) == f"{history(first)}, then 13.0 minutes (1,239 steps at 384 px)"


def test_a_history_says_what_weights_were_averaged_with() -> None:
    first = {"recipe": {"size": [320]}, "steps": 10, "minutes": 4.0, "began": None, "share": 0.65}
    assert history(first).endswith("(of its weights 65%, the rest those it began with)")
    last = {"recipe": {"size": [320]}, "steps": 10, "minutes": 4.0, "began": first}
    assert history(last).count("the rest those it began with") == 1
    assert history(first | {"mixed_with": [last]}).endswith("the rest those of another run)")


def test_a_run_is_told_once_and_then_named() -> None:
    def run(steps: int, **more: Any) -> dict[str, Any]:
        return {"recipe": {"size": [192]}, "steps": steps, "minutes": 1.0, "sources": {f"s{steps}": 1}} | more

    first = run(1, began=None)
    tutor = run(2, began=first)
    student = run(3, began=first, taught_by=[tutor, {"bundle": "b", "sets": ["hm"]}])
    whole = run(4, began=student, taught_by=[tutor, student], mixed_with=[run(5, began=student)])
    short = once(whole)
    assert sets_of(short) == sets_of(whole) == {"s1", "s2", "s3", "s4", "s5", "hm"}
    assert history(short) == history(whole)
    (told,) = short["began"]["taught_by"][:1]
    assert told["steps"] == 2 and told["began"] == {"run": short["began"]["began"]["run"], "sets": ["s1"]}
    again = [part["run"] for part in short["taught_by"]]
    assert again == [told["run"], short["began"]["run"]] and all("steps" not in part for part in short["taught_by"])
    assert short["mixed_with"][0]["began"]["run"] == short["began"]["run"]
    assert json.dumps(short).count('"recipe"') == 5


def test_narrow_terms_are_named_and_open_ones_are_not() -> None:
    assert terms_of(["cd", "ccp", "own"]) is None
    text = terms_of(["viton", "cd", "hm", "viton"])
    assert text is not None and "(hm, viton)" in text and "research and evaluation" in text


def test_what_an_earlier_part_of_a_run_has_seen_counts() -> None:
    first = {"sources": {"hm": 3}, "began": None}
    assert sets_of({"sources": {"cd": 1}, "began": first}) == {"hm", "cd"}
    assert sets_of({"sources": {"cd": 1}}) == {"cd"}
    # What a teacher has seen is in its answers.
    taught = {
        "sources": {"cd": 1},
        "taught_by": [{"bundle": "x", "taught_by": [{"sources": {"ccp": 1}, "began": first}]}],
    }
    assert sets_of(taught) == {"hm", "cd", "ccp"}


def test_a_bundle_that_labelled_photos_is_named_and_not_told_once_more() -> None:
    bundle = {"bundle": "x", "taught_by": [{"sources": {"ccp": 1}, "began": {"sources": {"hm": 3}, "began": None}}]}
    first = {"sources": {"cd": 2}, "began": None, "taught_by": [bundle]}
    whole = {"sources": {"cd": 1}, "began": first, "taught_by": [{"sources": {"viton": 1}, "taught_by": [bundle]}]}
    short = brief(whole)
    named = {"bundle": "x", "sets": ["ccp", "hm"]}
    assert short["began"]["taught_by"] == [named] == short["taught_by"][0]["taught_by"]
    assert sets_of(short) == sets_of(whole) == {"cd", "ccp", "hm", "viton"}
    assert brief(short) == short


def test_a_manifest_is_written_whole(tmp_path: Path) -> None:
    write_manifest(tmp_path, {"version": "é"})
    assert read_manifest(tmp_path) == {"version": "é"}
    assert [p.name for p in tmp_path.iterdir()] == ["bundle.json"]


def test_a_figure_that_is_no_number_is_null_in_a_manifest(tmp_path: Path) -> None:
    write_manifest(tmp_path, {"metrics": {"few": [float("nan"), (0.5, float("inf"))]}})
    assert read_manifest(tmp_path) == {"metrics": {"few": [None, [0.5, None]]}}


def test_small_pieces() -> None:
    assert share(None) == share(float("nan")) == "–"
    assert share(0.12345) == "0.123"
    assert verdict(0.9, 0.5, 0.8) == "goal" and verdict(0.6, 0.5, 0.8) == "floor"
    assert "below" in verdict(0.4, 0.5, 0.8)
    assert table(["a", "b"], [["x", "1"]]).splitlines()[1] == "|---|---:|"
    assert plain({"a": (TagFigures(1, 0.123456, float("nan"), 1.0, 0.0),)})["a"][0]["coverage"] is None
    # Of 661 photos all but one: two pages say the same of it.
    assert share(plain(660 / 661)) == share(660 / 661) == "0.998"


def test_without_the_detectors_groups_the_measured_colours_still_count() -> None:
    found = replace(predictions([item(1, category="dress")]), measured=[((Swatch("#aa0000", "red", 1.0),), ())])
    found.groups[:] = 0.5
    alone = found.without_groups()
    assert (alone.groups == 1).all() and (found.groups == 0.5).all()
    assert alone.measured == found.measured


def test_a_dress_is_measured_in_its_own_words() -> None:
    dress = Garment("hm", "1", "dress", {"length": "thigh", "fit": None, "details": []})
    assert garment_tags(dress, "WHOLEBODY") == {"length": "mini", "details": [], "category": "dress"}
    top = Garment("hm", "1", "shirt", {"length": "thigh"})
    assert garment_tags(top, "TOP")["length"] == "thigh"
