"""Words beside a picture."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placket.domain.hints import NO_HINTS, Hints, hints_of
from placket.domain.names_of import LANGUAGES, category_name
from placket.domain.taxonomy import taxonomy
from placket.domain.wording import MOST_CHARACTERS, plain


@pytest.mark.parametrize(
    ("text", "categories", "genders"),
    [
        ("Slim Fit Jeans", "jeans", ""),
        ("DENIM-JACKET, blue", "denim_jacket", ""),  # no jacket
        ("T-shirts for women", "t_shirt", "women"),
        ("T-shirt for women and men", "t_shirt", "unisex"),
        ("Men's shirt", "shirt", "men"),
        ("Sneaker", "sneakers", ""),
        ("Loafers, Scarves", "loafers scarf", ""),
        ("Sweat shirt with Sun glasses", "sweatshirt hoodie sunglasses", ""),
        ("Shirt dresses", "dress", ""),
        ("Tie-dye tee with cap sleeves", "t_shirt", ""),
        ("Man-made leather heels", "heels", ""),
        ("Écape", "", ""),
        ("Women's shoes, deck shoes, bucket bags and hats", "", "women"),  # groups, not categories
        ("& Other Stories dress", "dress", ""),
        ("여름 원피스", "dress", ""),
        ("여성롱원피스", "dress", "women"),
        ("남녀공용 후드티", "hoodie", "unisex"),
        ("린넨 숏 팬츠", "shorts", ""),
        ("ハーフパンツ", "shorts", ""),
        ("デニムショーツ", "shorts", ""),  # no briefs
        ("裏毛スウェットパンツ", "joggers", ""),
        ("데님재킷", "denim_jacket", ""),
        ("데님 자켓", "denim_jacket", ""),
        ("니트조끼", "knit_vest", ""),
        ("원피스수영복", "swimsuit", ""),
        ("[베스트] 청바지, 힐링, 글로브", "jeans", ""),
        ("牛仔裤 高腰 女装 包邮", "jeans", "women"),
        ("面包 彼女", "", ""),
        ("メンズ Tシャツ", "t_shirt", "men"),
        ("ﾒﾝｽﾞ　Ｔシャツ", "t_shirt", "men"),  # half and full width
        ("デニム ジャケット スーツケース", "denim_jacket", ""),
        ("アドレス エスケープ", "", ""),
        ("후드 티셔츠", "hoodie", ""),  # no shirt
        ("반 바지", "shorts", ""),
        ("팬 티셔츠, 반 지퍼", "t_shirt", ""),  # 팬티 and 반지 have no space in them
        ("타미힐피거 카라 티셔츠", "polo_shirt", ""),  # no heels
        ("[막바지 세일] 부츠컷 슬랙스", "trousers", ""),
        ("니트 장갑", "gloves", ""),
        ("캐미솔 드레스, 니삭스", "dress socks", ""),
        ("니트 가방", "", ""),
        ("브이넥 니트", "sweater", ""),
        ("옥스포드화", "dress_shoes", ""),
        ("와이드 데님", "jeans", ""),
        ("데님블루 나시 롱 원피스, 벨트 포함", "dress", ""),
        ("소가죽 반지갑", "wallet", ""),  # no ring
        ("패딩 베스트", "outer_vest", ""),
        ("마스코트 앞치마", "", ""),
        ("남여공용 볼캡", "cap", "unisex"),
        ("高腰阔腿裤女夏", "trousers", "women"),
        ("衬衣男", "shirt", "men"),
        ("卫衣男女同款", "sweatshirt", "unisex"),
        ("阔腿裤 女 M", "trousers", "women"),
        ("맨투맨 남 여", "sweatshirt", "unisex"),
        ("衬衫裙", "dress", ""),
        ("牛仔裤裙", "shorts skirt", ""),
        ("百褶裙 裙摆刺绣", "skirt dress", ""),
        ("面包服 包邮", "padded_jacket", ""),
        ("吊带连衣裙 收腰 包邮", "dress", ""),
        ("毛衣链", "necklace", ""),  # no sweater
        ("ニット", "sweater", ""),
        ("ユニット", "", ""),
        ("ニット ワンピ", "dress", ""),
        ("水着ワンピース", "swimsuit", ""),
        ("Tシャツワンピース", "dress", ""),
        ("マウンテンパーカー", "jacket", ""),
        ("ボクサーパンツ", "briefs", ""),
        ("キャップスリーブ カットソー", "t_shirt long_sleeve_tee", ""),
        ("エンドレス スタッドレス", "", ""),
        ("ソックス", "socks", ""),
        ("テーパードスラックス", "trousers", ""),
        ("チノパン メンズ", "trousers", "men"),
        ("ボイラースーツ", "jumpsuit", ""),  # no suit
        ("コートドレス", "dress", ""),  # no coat
        ("ドレスウォッチ", "watch", ""),  # no dress
        ("エスパドリーユ", "flats sandals", ""),
        ("ロングジレ", "outer_vest", ""),
        ("イージーパンツ", "trousers", ""),  # no ジーパン
        ("女士手袋", "handbag", "women"),
        ("レザー手袋", "gloves", ""),  # the same letters in Japanese
        ("Sandals and a dress", "dress sandals", ""),
        ("Printed Kurtis", "ethnic_wear", ""),
        ("Wool muffler", "scarf", ""),
        ("3-pack boxer shorts", "briefs", ""),
        ("Boxer short", "briefs", ""),
        ("Cargo Short", "shorts", ""),
        ("Short Sleeve Shirt", "shirt", ""),
        ("Short black dress, tight fit", "dress", ""),
        ("Flat front trousers", "trousers", ""),
        ("Glass bead necklace", "necklace", ""),
        ("Black tuxedo short", "shorts", ""),
        ("Flats, glasses", "flats sandals slippers glasses", ""),
        # What shops call by one word is told by the picture; a longer word says which.
        ("Vest", "tank_top knit_vest outer_vest", ""),
        ("Innerwear vest", "tank_top", ""),
        ("Running tights", "leggings tights", ""),
        ("Tie tanga brief", "briefs bikini_bottom", ""),  # no tie
        ("Parka", "jacket coat padded_jacket", ""),
        ("Puffer jacket", "padded_jacket", ""),
        ("Lace thong", "briefs", ""),
        ("Leather thong sandals", "sandals", ""),
        ("Medium hoops", "earrings", ""),
        ("PJ set", "pyjama_set", ""),
        ("Court shoes", "heels", ""),
        ("Swim trunks", "swim_shorts", ""),
        ("Flip-flops", "slippers", ""),
        ("Bathing suit", "swimsuit", ""),  # no suit
        ("Swim dress", "swimsuit", ""),  # no dress
        ("Men's boardshorts", "swim_shorts", "men"),
        ("Boiler suits and catsuits", "jumpsuit", ""),
        ("Pantsuit", "suit_set", ""),
        ("Hair tie", "hair_accessory", ""),  # no tie
        ("Key ring", "", ""),  # no ring
        ("Rash vest", "", ""),  # swimwear, but which?
        ("Mary Janes", "heels flats", ""),
        ("Dress boots", "boots", ""),  # no dress
        ("Dress shirt, shawl collar", "shirt", ""),  # no dress, no scarf
        ("Dressing gown", "robe", ""),
        ("Sneaker socks", "socks", ""),
        ("Women's pajamas", "pyjama_set", "women"),
        ("Belt bag", "crossbody_bag", ""),
        ("Sweater vest", "knit_vest", ""),
        ("Puffer vest", "outer_vest", ""),
        ("Watch cap", "beanie", ""),
        ("Pant suit", "suit_set", ""),
        ("dressed in coats of paint", "coat", ""),  # whole words
        ("19FW best seller", "", ""),
        ("", "", ""),
    ],
)
def test_what_the_words_name(text: str, categories: str, genders: str) -> None:
    found = hints_of([text])
    assert (" ".join(found.categories), " ".join(found.genders)) == (categories, genders)
    assert bool(found) == bool(categories or genders)


def test_every_category_is_found_by_its_names() -> None:
    for category in taxonomy().categories:
        if category != "other":
            for name in [category_name(category, language) for language in LANGUAGES]:
                assert category in hints_of([name]).categories, (category, name)


@pytest.mark.parametrize(
    ("said", "gender"), [("女", "women"), ("男", "men"), ("M", "men"), ("남성", "men"), ("남/여", "unisex")]
)
def test_a_word_of_one_letter_counts_where_a_gender_is_asked_for(said: str, gender: str) -> None:
    assert hints_of([], said).genders == (gender,)


@pytest.mark.parametrize("letter", ["a", "\ufdfa", "\u33c2", "ß"])
def test_letters_that_stand_for_many_do_not_make_a_text_longer(letter: str) -> None:
    assert len(plain(letter * MOST_CHARACTERS)) <= MOST_CHARACTERS


def test_what_is_said_of_the_gender_comes_before_the_name() -> None:
    assert hints_of(["Men boots"], "여성").genders == ("women",)
    assert hints_of(["Men boots"], "somebody").genders == ("men",)


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    assert hints_of(["x " * MOST_CHARACTERS + "jeans"]) == NO_HINTS


@given(st.lists(st.text(max_size=80), max_size=4), st.text(max_size=20))
def test_any_text_is_taken(texts: list[str], gender: str) -> None:
    found = hints_of(texts, gender)
    assert isinstance(found, Hints)
    assert set(found.categories) <= set(taxonomy().categories)
