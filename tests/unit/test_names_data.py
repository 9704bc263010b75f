"""The four languages' words: complete, and no word for two things."""

import json
from collections import Counter
from importlib.resources import files
from typing import Any

import pytest

from placket.domain.keeping import named_groups
from placket.domain.names_of import LANGUAGES, category_name, label_name
from placket.domain.tagger.result import broad_name
from placket.domain.taxonomy import taxonomy

DATA = files("placket.domain") / "data"
NAMES = json.loads((DATA / "names.json").read_text("utf-8"))
VOCABULARIES = {"category": taxonomy().categories, **taxonomy().attributes}


def _name(vocabulary: str, word: str, language: str) -> str:
    return category_name(word, language) if vocabulary == "category" else label_name(vocabulary, word, language)


def test_the_file_holds_the_taxonomy_and_nothing_else() -> None:
    assert tuple(NAMES["categories"]) == taxonomy().categories
    assert {a: tuple(labels) for a, labels in NAMES["attributes"].items()} == dict(taxonomy().attributes)


def test_words_are_those_of_categories_and_groups_that_there_are() -> None:
    """Of a misspelt one nobody would ever read them."""
    told = {
        "aliases.json": (_data("aliases.json"), taxonomy().categories),
        "hints.json, more": (_data("hints.json")["more"], taxonomy().categories),
        "group_words.json": (_data("group_words.json"), (*taxonomy().groups, "")),
    }
    unknown = {name: sorted(words.keys() - set(known)) for name, (words, known) in told.items()}
    assert not any(unknown.values()), f"not in taxonomy.json: {unknown}"


@pytest.mark.parametrize("name", sorted(file.name for file in DATA.iterdir() if file.name.endswith(".json")))
def test_nothing_is_told_twice(name: str) -> None:
    """Of a key that is there twice, only the last one's words count."""
    assert _data(name)


def _data(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((DATA / name).read_text("utf-8"), object_pairs_hook=_once)
    return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = [key for key, times in Counter(key for key, _ in pairs).items() if times > 1]
    assert not twice, f"there twice: {twice}"
    return dict(pairs)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_every_word_has_a_name_of_its_own(vocabulary: str, language: str) -> None:
    names = [_name(vocabulary, word, language) for word in VOCABULARIES[vocabulary]]
    assert all(name and name == name.strip() for name in names)
    assert len({name.casefold() for name in names}) == len(names)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_colour_contains_the_word_of_a_category(language: str) -> None:
    """``브라`` (bra) is in ``브라운`` (brown): such a name would turn a brown dress into underwear."""
    for color in taxonomy().attributes["colors"]:
        assert named_groups(label_name("colors", color, language)) == frozenset(), color


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("category", [c for c in taxonomy().categories if c not in ("other", "earrings")])
def test_a_category_s_name_names_its_group_alone(category: str, language: str) -> None:
    # Of these shops call garments of another group so too: a bikini's brief, tights to run in.
    also = {("briefs", "en"): {"SWIMWEAR"}, ("tights", "en"): {"BOTTOM"}}.get((category, language), set())
    assert named_groups(category_name(category, language)) == {taxonomy().group_of(category)} | also


@pytest.mark.parametrize(
    ("attribute", "label", "language", "wrong"),
    [
        ("colors", "khaki", "zh", "卡其色"),  # a tan; this one is among the greens
        ("details", "fur_trim", "zh", "毛边"),  # a frayed hem
        ("details", "logo", "zh", "标志"),  # a sign
        ("pattern", "melange", "zh", "麻灰"),  # of gray yarn alone
        ("category", "robe", "zh", "长袍"),  # a gown to go out in; this one is among the nightwear
        ("category", "scarf", "ko", "스카프"),  # a thin one alone: no muffler
        ("category", "scarf", "ja", "スカーフ"),
        ("category", "scarf", "zh", "围巾"),  # a thick one alone: no 丝巾
        ("category", "t_shirt", "zh", "短袖T恤"),  # the sleeve's length is told beside it
        ("category", "blouse", "zh", "女士衬衫"),  # any shirt for women
        ("category", "bralette_top", "zh", "抹胸上衣"),  # without straps
        ("category", "padded_jacket", "zh", "羽绒服"),  # promises down
        ("category", "padded_jacket", "ja", "ダウンジャケット"),
        ("category", "suit_set", "en", "Suit"),  # a baby's sweatshirt and joggers, too
        ("category", "suit_set", "ko", "정장 세트"),
        ("category", "slippers", "ja", "スリッパ"),  # for indoors alone: no flip-flops
        ("category", "heels", "ja", "パンプス"),  # no sandals with heels
        ("category", "briefs", "ja", "ショーツ"),  # for women alone, or shorts
        ("category", "joggers", "zh", "束脚裤"),  # with cuffs: no straight sweatpants
        ("colors", "khaki", "en", "Khaki"),  # a tan in American shops
        ("pattern", "stripe", "ja", "ストライプ"),  # upright ones alone: no ボーダー
        ("pattern", "floral", "zh", "碎花"),  # of small flowers alone
        ("neckline", "boat", "zh", "一字领"),  # bare shoulders
        ("details", "pleats", "ja", "プリーツ"),  # of skirts: no タック of trousers
        ("details", "turn_up", "ja", "裾ロールアップ"),  # reads as the rolled hem, and beanies have it
        ("age", "baby", "ko", "유아"),  # one to six years old
    ],
)
def test_no_name_is_a_shop_s_word_for_something_else(attribute: str, label: str, language: str, wrong: str) -> None:
    assert _name(attribute, label, language) != wrong


def test_a_broad_category_s_name_says_the_words_of_what_it_covers() -> None:
    """``맨투맨`` is in no filter called ``스웨트셔츠``."""
    assert broad_name("categories", "sweat", "ko") == "/".join(
        category_name(category, "ko") for category in ("sweatshirt", "hoodie")
    )
