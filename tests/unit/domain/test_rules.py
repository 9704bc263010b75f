"""Filters, names, the quota's day, links, and which garments are kept."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from placket.domain.errors import InvalidParameter, LinkInvalid
from placket.domain.filters import Between, Condition, between, number_of, parse_filters
from placket.domain.garments import Box, Garment, Label
from placket.domain.keeping import big_enough, keep_for_product, named_groups
from placket.domain.names import check_key_name, check_service_name
from placket.domain.quota_day import start_of_day
from placket.services.links import LinkSigner


@pytest.mark.parametrize(
    ("value", "values", "negated"),
    [
        ("1003", ("1003",), False),
        ("1003,1005", ("1003", "1005"), False),
        ("equal:1003", ("1003",), False),
        ("equal:a:b", ("a:b",), False),
        ("!equal:1003,1005", ("1003", "1005"), True),
        ("TOP, BOTTOM", ("TOP", " BOTTOM", "BOTTOM"), False),
        ("!equal: a ", (" a ", "a"), True),
        ("a, ,", ("a", " ", ""), False),
        ("", ("",), False),
        ("!equal:", ("",), True),
    ],
)
def test_filter_grammar(value: str, values: tuple[str, ...], negated: bool) -> None:
    parameters = [("limit", "1"), ("filter.s1", value), ("filter.s1", "x")]
    assert parse_filters(parameters) == (Condition("s1", values, negated), Condition("s1", ("x",)))


@pytest.mark.parametrize(
    "parameter",
    [
        ("filter.s1", "like:x"),
        ("filter.s1", "between:20,50"),
        ("filter.s1", ":x"),
        ("filter.name", "x"),
        ("filter.", "x"),
    ],
)
def test_bad_filters(parameter: tuple[str, str]) -> None:
    with pytest.raises(InvalidParameter):
        parse_filters([parameter])


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("20", 20.0),
        (" -1.50 ", -1.5),
        ("+0.1", 0.1),
        ("19.99 EUR", 19.99),
        ("5 만원", 5.0),
        ("9" * 15 + ".5", 999_999_999_999_999.5),
    ],
)
def test_what_a_number_is(text: str, number: float) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "EUR 20",
        "€20",
        "20€",
        "1,999",
        "1 999",
        "1.",
        ".5",
        "1e3",
        "nan",
        "inf",
        "0x10",
        "٣",
        "1" * 16,
        "1 _x",
        "--1",
        "x 1",
    ],
)
def test_what_no_number_is(text: str) -> None:
    assert math.isnan(number_of(text))
    assert not Between("s1").holds(text)


@pytest.mark.parametrize(
    ("ends", "low", "high"),
    [
        ("20,50", 20.0, 50.0),
        (" 20 , 50 ", 20.0, 50.0),
        ("20,", 20.0, math.inf),
        (",-0.5", -math.inf, -0.5),
        ("20,20.0", 20.0, 20.0),
        ("0,0", 0.0, 0.0),
    ],
)
def test_a_range_of_numbers(ends: str, low: float, high: float) -> None:
    parameters = [("filter.s1", f"between:{ends}"), ("filter.s1", "!equal:x")]
    wanted = (Between("s1", low, high), Condition("s1", ("x",), negated=True))
    assert parse_filters(parameters, numbers=True) == wanted


@pytest.mark.parametrize(
    "ends", ["", ",", "20", "50,20", "a,b", "20,50,60", "20,EUR", "nan,", "1e3,", "inf,", "20;50", "20 EUR,"]
)
def test_what_no_range_is(ends: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_filters([("filter.s1", f"between:{ends}")], numbers=True)
    with pytest.raises(InvalidParameter):
        between("s1", ends)


def test_both_ends_of_a_range_are_in_it() -> None:
    held = [
        text
        for text in ("19.99", "20", "20.00 EUR", "35", "50.0", "50.01", "many", "")
        if Between("s1", 20, 50).holds(text)
    ]
    assert held == ["20", "20.00 EUR", "35", "50.0"]


def test_the_operators_that_are_known_are_told() -> None:
    for numbers, known in ((False, "equal or !equal "), (True, "equal, !equal or between ")):
        with pytest.raises(InvalidParameter, match=known):
            parse_filters([("filter.s1", "like:x")], numbers=numbers)


@pytest.mark.parametrize("name", ["ab", "a-", "a_9", "z" * 32])
def test_service_names(name: str) -> None:
    check_service_name(name)


@pytest.mark.parametrize("name", ["a", "z" * 33, "Ab", "9a", "-a", "a b", "aé", "a\n", ""])
def test_bad_service_names(name: str) -> None:
    with pytest.raises(InvalidParameter):
        check_service_name(name)


@pytest.mark.parametrize("name", ["x", "가" * 64, "a b"])
def test_key_names(name: str) -> None:
    check_key_name(name)


@pytest.mark.parametrize("name", ["", " ", "x" * 65, "a\nb"])
def test_bad_key_names(name: str) -> None:
    with pytest.raises(InvalidParameter):
        check_key_name(name)


def test_the_quota_day_begins_at_midnight_there() -> None:
    before = datetime(2026, 5, 1, 14, 59, 59, tzinfo=UTC)
    after = datetime(2026, 5, 1, 15, 0, 0, tzinfo=UTC)
    assert start_of_day(before, "Asia/Seoul").astimezone(UTC) == datetime(2026, 4, 30, 15, tzinfo=UTC)
    assert start_of_day(after, "Asia/Seoul").astimezone(UTC) == after


def test_a_midnight_that_comes_twice_begins_one_day() -> None:
    """In Havana clocks went back from 1:00 to 0:00: an hour after that it was the same day, with one beginning."""
    first = datetime(2019, 11, 3, 4, tzinfo=UTC)
    for hours in (0, 0.5, 1, 1.5, 2, 24):
        assert start_of_day(first + timedelta(hours=hours), "America/Havana").astimezone(UTC) == first


def test_a_day_whose_midnight_is_left_out_begins_an_hour_later() -> None:
    """In Beirut clocks went from 0:00 to 1:00."""
    first = datetime(2019, 3, 30, 22, tzinfo=UTC)
    assert start_of_day(first, "Asia/Beirut").astimezone(UTC) == first
    assert start_of_day(first - timedelta(seconds=1), "Asia/Beirut").astimezone(UTC) == first - timedelta(days=1)


def garment(
    group: str, category: str, box: tuple[float, float, float, float] = (0, 0, 1, 1), score: float = 0.9
) -> Garment:
    return Garment(group, Label(category, 0.8), Box(*box), score, {}, np.ones(256, np.float32) / 16)


def test_clothing_comes_first_then_score_times_area() -> None:
    shoe = garment("SHOES", "sneakers", (0, 0, 1, 1), 1.0)
    small = garment("TOP", "shirt", (0, 0, 0.2, 0.2))
    large = garment("BOTTOM", "jeans", (0, 0, 0.5, 0.9))
    assert keep_for_product([shoe, small, large], "") == (large, small, shoe)


def test_a_box_s_center_has_no_noise_of_adding() -> None:
    assert Box(0.293738, 0.437167, 0.665683, 0.873758).center == (0.4797105, 0.6554625)


def test_at_most_four_are_kept_and_a_named_group_wins() -> None:
    six = [garment("TOP", "shirt", (0, 0, 0.1 * n, 1)) for n in range(1, 6)] + [garment("SHOES", "boots")]
    assert len(keep_for_product(six, "")) == 4
    assert [g.group for g in keep_for_product(six, "Leather ankle boots")] == ["SHOES"]
    assert len(keep_for_product(six, "Leather wallet")) == 4, "a named group that is not there restricts nothing"


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("Blue denim jacket", {"TOP"}),
        ("와이드 청바지", {"BOTTOM"}),
        ("Swallow print", set()),
        ("Printed kurta", {"WHOLEBODY"}),
        ("Silk scarves", {"ACCESSORY"}),
        ("Dresses and skirts", {"WHOLEBODY", "BOTTOM"}),
        ("Short Sleeve Shirt", {"TOP"}),
        ("Shirt dress", {"WHOLEBODY"}),
        ("Boot cut jeans", {"BOTTOM"}),
        ("Jean jacket", {"TOP"}),
        ("Sock boots", {"SHOES"}),
        ("Cap sleeve tee with a tie neck", {"TOP"}),
        ("Women Solid Purple Tops", {"TOP"}),
        ("레이스 상의", {"TOP"}),
        ("リブ編みトップス", {"TOP"}),
        ("Leather top hat", {"HAT"}),
        ("Tote bag with a top handle", {"BAG"}),
        ("Canvas high-tops", set()),
        ("다양한 색상의 신상", set()),
        ("本革の靴", {"SHOES"}),
        ("靴下", {"ACCESSORY"}),
        ("타미힐피거 반팔 티셔츠", {"TOP"}),
        ("니트 장갑", {"ACCESSORY"}),
        ("[베스트] 청바지", {"BOTTOM"}),
        ("울 베스트", {"TOP"}),
        ("니트 가방", {"BAG"}),
        ("니트 스커트", {"BOTTOM"}),
        ("네모 자수 추가 방수 자켓", {"TOP"}),
        ("니트 & 롱 스커트 세트", {"TOP", "BOTTOM"}),
        ("패딩 부츠", {"SHOES"}),
        ("래쉬가드", {"SWIMWEAR"}),
        ("タンキニ", {"SWIMWEAR"}),
        ("Rash guard", {"SWIMWEAR"}),
        ("Rash vest", {"SWIMWEAR"}),
        ("Tankini top", {"SWIMWEAR"}),
        ("Bathing suit", {"SWIMWEAR"}),
        ("Wool beret", {"HAT"}),
        ("Leather mules", {"SHOES"}),
        ("Key ring", set()),
        ("连衣裙 包邮", {"WHOLEBODY"}),
        ("高腰包臀裙", {"WHOLEBODY", "BOTTOM"}),
        ("羽绒服 可脱卸帽子", {"TOP"}),
        ("トレンチコート ベルト付き", {"TOP"}),
        ("", set()),
    ],
)
def test_groups_that_a_name_mentions(name: str, groups: set[str]) -> None:
    assert named_groups(name) == groups


def test_an_item_is_too_small_only_in_both_directions() -> None:
    def sized(width: int, height: int) -> Garment:
        return garment("TOP", "shirt", (0, 0, width / 100, height / 100))

    kept = big_enough([sized(20, 20), sized(21, 20), sized(20, 21), sized(5, 100)], 100, 100, 20)
    assert [(round(g.box.width * 100), round(g.box.height * 100)) for g in kept] == [(21, 20), (20, 21), (5, 100)]


ROUNDED_LINK = (
    "AQcAAAAAAAAAAnYxq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s4mH06rq-wsbGys7S1tba3uLm6uru8vb6-"
    "v8DBwsPDxMXGx8fIycrLzMzNzs_Q0NHS09TV1dbX2NnZ2tvc3d7e3-Dh4uPj5OXm5-fo6err7Ozt7u_w8PHy8_T19fb3-Pn5-vv8_f7-"
    "_wABAgIDBAUGBwcICQoLCwwNDg8QEBESExQUFRYXGBkZGhscHR0eHyAhIiIjJCUmJycoKSorKywtLi8wMDEyMzQ0NTY3ODk5Ojs8PT0-"
    "P0BBQkJDREVGRkdISUpLS0xNTk9PUFFSU1RUVVZXWFhZWltcXV1eX2BhYmJjZGVmZmdoaWpra2xtbm9vcHFyc3R0dXZ3eHh5ent8fX1-"
    "f9dvtNdLN7c5ivjoiXDZN0s="
)
"""Of project 7, bundle v1, as links were made before they carried the embedding bit by bit."""


class TestLinks:
    signer = LinkSigner(b"s" * 32)
    vector = (np.arange(256, dtype=np.float32) - 100) / np.float32(np.linalg.norm(np.arange(256) - 100))

    def test_a_link_carries_the_embedding(self) -> None:
        link = self.signer.make(7, "v1", "ab" * 32, self.vector)
        item = self.signer.read(link, 7)
        assert (item.bundle, item.image_sha256) == ("v1", "ab" * 32)
        assert item.embedding.dtype == np.float32
        assert np.array_equal(item.embedding, self.vector), "a search by it would find something else than by the photo"

    def test_a_link_of_earlier_days_which_rounded_the_embedding(self) -> None:
        item = self.signer.read(ROUNDED_LINK, 7)
        assert (item.bundle, item.image_sha256) == ("v1", "ab" * 32)
        assert float(item.embedding @ self.vector) > 0.9999
        assert np.linalg.norm(item.embedding) == pytest.approx(1, abs=1e-6)
        with pytest.raises(LinkInvalid, match="another project"):
            self.signer.read(ROUNDED_LINK, 8)

    def test_a_link_leaves_room_in_a_url_for_the_rest_of_a_search(self) -> None:
        assert len(self.signer.make(2**40, "placket-2026.11.9", "ab" * 32, self.vector)) < 1500

    @pytest.mark.parametrize(("project", "bundle", "word"), [(8, "v1", "another project"), (7, "v2", "bundle")])
    def test_a_link_is_bound(self, project: int, bundle: str, word: str) -> None:
        link = self.signer.make(7, "v1", "ab" * 32, self.vector)
        with pytest.raises(LinkInvalid, match=word):
            self.signer.read(link, project).check_bundle(bundle)

    def test_every_changed_character_is_noticed(self) -> None:
        link = self.signer.make(7, "v1", "ab" * 32, self.vector)
        for place in range(0, len(link), 7):
            forged = link[:place] + ("A" if link[place] != "A" else "B") + link[place + 1 :]
            with pytest.raises(LinkInvalid):
                self.signer.read(forged, 7)

    @pytest.mark.parametrize("link", ["", "AAAA", "=", "é", "a b", "A" * 4096])
    def test_nonsense(self, link: str) -> None:
        with pytest.raises(LinkInvalid):
            self.signer.read(link, 7)

    def test_another_installation_refuses_it(self) -> None:
        link = self.signer.make(7, "v1", "ab" * 32, self.vector)
        with pytest.raises(LinkInvalid, match="not made here"):
            LinkSigner(b"t" * 32).read(link, 7)
