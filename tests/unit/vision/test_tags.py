import numpy as np
import pytest

from placket.domain.garments import Swatch
from placket.domain.hints import Hints
from placket.domain.taxonomy import lengths_of, taxonomy
from placket.vision.bundle import Calibration, Fusion
from placket.vision.tags import Tagger, softmax
from tests.support.logits import all_logits, logits

WORDS = taxonomy()
GROUPS = list(WORDS.groups)


def calibration(alpha: float = 0.5, **fields: object) -> Calibration:
    return Calibration.model_validate({"fusion": Fusion(alpha=alpha), **fields})


def group_scores(**values: float) -> np.ndarray:
    return np.array([values.get(g, 0.0) for g in GROUPS], np.float32)


def test_softmax_by_hand() -> None:
    assert softmax(np.log([1.0, 2.0, 5.0])) == pytest.approx([0.125, 0.25, 0.625])
    assert softmax(np.array([1e9, -np.inf])).tolist() == [1.0, 0.0]


def test_a_category_without_the_detector() -> None:
    found = Tagger(calibration()).category(logits("category", jeans=np.log(80.0)), None)
    assert (found.id, found.score) == ("jeans", pytest.approx(0.5))


def test_temperature_flattens() -> None:
    tagger = Tagger(calibration(temperature={"category": 2.0}))
    assert tagger.category(logits("category", jeans=2 * np.log(80.0)), None).score == pytest.approx(0.5)


def test_the_detectors_group_decides_between_equals() -> None:
    equal = logits("category", skirt=20.0, dress=20.0)
    tagger = Tagger(calibration(alpha=0.5))
    found = tagger.category(equal, group_scores(WHOLEBODY=0.81, BOTTOM=0.01))
    assert (found.id, found.score) == ("dress", pytest.approx(0.9, abs=1e-4))
    assert tagger.category(equal, group_scores(WHOLEBODY=0.01, BOTTOM=0.81)).id == "skirt"


def test_the_detector_cannot_veto() -> None:
    sure = logits("category", dress=20.0)
    assert Tagger(calibration(alpha=1.0)).category(sure, group_scores(TOP=1.0)).id == "dress"


def test_words_weigh_as_much_as_the_calibration_says() -> None:
    doubtful = logits("category", skirt=1.0 + np.log(80.0), dress=np.log(80.0))
    words = Hints(("dress",))
    assert Tagger(calibration()).category(doubtful, None, words).id == "skirt"  # a bundle from before
    tagger = Tagger(calibration(hints={"category": 2.0}))
    assert tagger.category(doubtful, None).id == "skirt"
    assert tagger.category(doubtful, None, words).id == "dress"
    assert tagger.category(doubtful, None, words).score == pytest.approx(
        np.exp(2.0) / (np.exp(2.0) + np.exp(1.0) + 79 / 80), abs=1e-6
    )
    sure = logits("category", skirt=20.0)
    assert tagger.category(sure, None, words).id == "skirt"


def test_words_tell_for_whom_a_garment_is() -> None:
    doubtful = all_logits(gender=logits("gender", women=3.0, men=2.0))
    tagger = Tagger(calibration(hints={"gender": 3.0}))
    assert [x.id for x in tagger.attributes(doubtful, "shirt")["gender"]] == ["women"]
    assert [x.id for x in tagger.attributes(doubtful, "shirt", Hints(genders=("men",)))["gender"]] == ["men"]


def test_alpha_nought_leaves_the_encoder_alone() -> None:
    values = logits("category", skirt=3.0, dress=3.1)
    tagger = Tagger(calibration(alpha=0.0))
    assert tagger.category(values, group_scores(BOTTOM=1.0)) == tagger.category(values, None)


@pytest.mark.parametrize("category", WORDS.categories)
def test_only_what_applies_is_told(category: str) -> None:
    tags = Tagger(calibration(thresholds={"details": {"default": 0.5}})).attributes(all_logits(), category)
    wanted = {a for a in WORDS.attributes if WORDS.applies(a, category)}
    # All logits are equal, so the first label wins, and a garment whose sleeve is "sleeveless" has no sleeve's shape.
    assert set(tags) == wanted - {"sleeve_shape"}


def test_a_sleeve_has_a_shape_only_where_there_is_a_sleeve() -> None:
    tagger = Tagger(calibration(unknown={"sleeve_length": 0.99}))
    long = tagger.attributes(all_logits(sleeve_length=logits("sleeve_length", long=1.0)), "shirt")
    assert long["sleeve_shape"][0].id == "straight"
    assert "sleeve_length" not in long
    bare = tagger.attributes(all_logits(sleeve_length=logits("sleeve_length", sleeveless=1.0)), "shirt")
    assert "sleeve_shape" not in bare


@pytest.mark.parametrize(
    ("category", "word"),
    [("shirt", "hip"), ("bikini_top", "hip"), ("skirt", "midi"), ("dress", "midi"), ("swim_shorts", "midi")],
)
def test_lengths_have_the_garments_own_words(category: str, word: str) -> None:
    values = logits("length", hip=5.0, midi=5.0)
    (found,) = Tagger(calibration()).attributes(all_logits(length=values), category)["length"]
    assert found.id == word
    rest = len(lengths_of(category)) - 1
    assert found.score == pytest.approx(np.exp(5) / (np.exp(5) + rest))


def test_legs_without_a_hem_are_as_likely_long_as_they_looked_short() -> None:
    tagger = Tagger(calibration(alpha=0.0))
    seen = logits("category", shorts=np.log(70e6), jeans=np.log(20e6), trousers=np.log(5e6), skirt=np.log(5e6))
    assert tagger.category(seen, None).id == "shorts"
    found = tagger.category(seen, None, cut_off=True)
    assert (found.id, found.score) == ("jeans", pytest.approx(0.76, abs=1e-3))
    # Whoever sells them knows.
    assert tagger.category(seen, None, Hints(categories=("shorts",)), cut_off=True).id == "shorts"


def test_a_strip_of_a_bottom_is_no_briefs() -> None:
    tagger = Tagger(calibration(alpha=0.0))
    strip = logits("category", briefs=np.log(60e6), shorts=np.log(10e6), jeans=np.log(20e6), skirt=np.log(10e6))
    assert tagger.category(strip, None).id == "briefs"
    found = tagger.category(strip, None, cut_off=True)
    assert (found.id, found.score) == ("jeans", pytest.approx(0.9, abs=1e-3))
    assert tagger.category(strip, None, Hints(categories=("briefs",)), cut_off=True).id == "briefs"


def test_a_strip_of_a_bottom_is_no_belt() -> None:
    strip = logits("category", belt=20.0, skirt=9.0, shorts=1.0)
    assert Tagger(calibration()).category(strip, group_scores(BOTTOM=0.9)).id == "belt"
    found = Tagger(calibration()).category(strip, group_scores(BOTTOM=0.9), cut_off=True)
    assert (found.id, found.score) == ("skirt", pytest.approx(1.0, abs=1e-2))


@pytest.mark.parametrize(("seen", "told"), [("mini", False), ("ankle", False), ("full", True)])
def test_without_a_hem_only_the_longest_length_is_sure(seen: str, told: bool) -> None:
    values = all_logits(length=logits("length", **{seen: 5.0}))
    tagger = Tagger(calibration())
    assert "length" in tagger.attributes(values, "jeans")
    assert ("length" in tagger.attributes(values, "jeans", cut_off=True)) == told


def test_both_lists_of_lengths_make_up_the_attribute() -> None:
    assert set(lengths_of("shirt")) | set(lengths_of("skirt")) == set(WORDS.attributes["length"])


@pytest.mark.parametrize(
    ("category", "shape", "told"),
    [
        ("skirt", "wide", "a_line"), ("trousers", "wide", "wide"),
        ("jeans", "shirt_dress", "a_line"), ("dress", "tiered", "tiered"),
    ],
)  # fmt: skip
def test_a_shape_is_one_that_the_category_has(category: str, shape: str, told: str) -> None:
    values = all_logits(shape=logits("shape", **{shape: 5.0}, a_line=4.0))
    (found,) = Tagger(calibration()).attributes(values, category)["shape"]
    assert found.id == told


@pytest.mark.parametrize(
    ("category", "hints", "told"),
    [("bra", Hints(), False), ("shirt", Hints(), True), ("skirt", Hints(genders=("men",)), True)],
)
def test_what_is_for_women_is_for_men_only_if_a_shop_says_so(category: str, hints: Hints, told: bool) -> None:
    values = all_logits(gender=logits("gender", men=5.0))
    assert ("gender" in Tagger(calibration()).attributes(values, category, hints)) == told


@pytest.mark.parametrize(("gender", "told"), [("men", False), ("women", True)])
def test_what_is_for_men_has_no_feminine_look(gender: str, told: bool) -> None:
    values = all_logits(gender=logits("gender", **{gender: 5.0}), look=logits("look", feminine=5.0))
    found = Tagger(calibration()).attributes(values, "belt")
    assert found["gender"][0].id == gender
    assert ("look" in found) == told


def test_what_is_not_sure_is_not_told() -> None:
    values = all_logits(gender=logits("gender", men=np.log(2.0)))
    assert "gender" in Tagger(calibration(unknown={"gender": 0.5})).attributes(values, "cap")
    assert "gender" not in Tagger(calibration(unknown={"gender": 0.5001})).attributes(values, "cap")


def test_several_labels_best_first_each_above_its_threshold() -> None:
    tagger = Tagger(calibration(thresholds={"colors": {"default": 0.6, "navy": 0.9, "red": 0.5}}))
    values = logits("colors", white=1.0, red=0.0, navy=2.0, pink=3.0)
    found = tagger.attributes(all_logits(colors=values), "shirt")["colors"]
    assert [x.id for x in found] == ["pink", "white", "red"]
    assert found[0].score == pytest.approx(1 / (1 + np.exp(-3)))


def test_without_thresholds_the_set_of_best_expected_f1_is_told() -> None:
    dim = logits("colors") - 9
    dim[[WORDS.attributes["colors"].index(c) for c in ("pink", "red", "navy")]] = [2.0, 1.0, -2.0]
    found = Tagger(calibration()).attributes(all_logits(colors=dim), "shirt")["colors"]
    assert [x.id for x in found] == ["pink", "red"]
    assert found[1].score == pytest.approx(1 / (1 + np.exp(-1)))


def test_every_garment_has_a_colour_but_not_every_one_a_detail() -> None:
    tagger = Tagger(calibration())
    dim = all_logits(colors=logits("colors") - 4, details=logits("details") - 4)
    dim["colors"][3] = -1.0
    tags = tagger.attributes(dim, "shirt")
    assert [x.id for x in tags["colors"]] == [WORDS.attributes["colors"][3]]
    assert "details" not in tags
    assert "colors" not in Tagger(calibration(unknown={"colors": 0.5})).attributes(dim, "shirt")


def colours(tagger: Tagger, swatches: tuple[Swatch, ...] = (), **more: np.ndarray) -> list[tuple[str, float]]:
    found = tagger.attributes(all_logits(**more), "shirt", swatches=swatches).get("colors", ())
    return [(x.id, round(x.score, 3)) for x in found]


def test_the_main_colour_leads_however_sure_the_others_are() -> None:
    both = logits("colors", blue=np.log(9.0), navy=np.log(4.0)) - np.where(logits("colors", blue=1, navy=1) > 0, 0, 9)
    tagger = Tagger(calibration())
    assert colours(tagger, colors=both) == [("blue", 0.9), ("navy", 0.8)]
    first = logits("colors", navy=np.log(25.0))
    assert colours(tagger, colors=both, first_color=first) == [("navy", 0.8), ("blue", 0.8)]


def test_the_main_colour_is_told_even_where_the_set_had_left_it_out() -> None:
    alone = logits("colors", blue=3.0) - np.where(logits("colors", blue=1) > 0, 0, 9)
    found = colours(Tagger(calibration()), colors=alone, first_color=logits("colors", navy=np.log(25.0)))
    assert [name for name, _ in found] == ["navy", "blue"]
    assert found[0][1] == pytest.approx(0.5, abs=0.01)  # 25 of 25 + 25 others


def test_what_is_measured_decides_between_two_colours() -> None:
    both = logits("colors", blue=1.0, navy=1.0) - np.where(logits("colors", blue=1, navy=1) > 0, 0, 9)
    first = logits("colors", blue=5.1, navy=5.0)
    measured = (Swatch("#101840", "navy", 0.9), Swatch("#ffffff", "white", 0.1))
    assert colours(Tagger(calibration()), measured, colors=both, first_color=first)[0][0] == "blue"
    weighed = Tagger(calibration(measured_color=0.1))
    assert colours(weighed, measured, colors=both, first_color=first)[0][0] == "navy"
    assert colours(weighed, (), colors=both, first_color=first)[0][0] == "blue"


def test_where_no_colour_is_sure_enough_no_main_one_is_told() -> None:
    dim = all_logits(colors=logits("colors") - 4, first_color=logits("colors"))
    tagger = Tagger(calibration(unknown={"colors": 0.5}))
    assert "colors" not in tagger.attributes(dim, "shirt")


@pytest.mark.parametrize(
    ("category", "fabric", "denim"),
    [("jeans", "cotton", True), ("shirt", "denim", True), ("shirt", "cotton", False)],
)
def test_what_is_of_denim(category: str, fabric: str, denim: bool) -> None:
    assert Tagger(calibration()).of_denim(all_logits(fabric=logits("fabric", **{fabric: 9.0})), category) is denim


def test_a_fabric_that_cannot_be_told_is_not_denim() -> None:
    unsure = all_logits(fabric=logits("fabric", denim=0.1))
    assert not Tagger(calibration(unknown={"fabric": 0.5})).of_denim(unsure, "shirt")
