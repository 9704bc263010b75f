"""Which of a photo's garments belong to the product that the photo shows."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from placket.domain.garments import Garment
from placket.domain.hints import category_words, weak_words
from placket.domain.names_of import group_words
from placket.domain.taxonomy import CLOTHING_GROUPS, taxonomy
from placket.domain.wording import Lexicon, plain

MOST_GARMENTS = 4


def order_garments(garments: Iterable[Garment]) -> list[Garment]:
    """Clothing first, then by score x area; the first is the main one."""
    return sorted(garments, key=lambda g: (g.group not in CLOTHING_GROUPS, -g.score * g.box.area, g.box.as_list()))


def big_enough(garments: Iterable[Garment], width: int, height: int, min_pixels: int) -> list[Garment]:
    """Without the items whose box is ``min_pixels`` or less in width *and* height, in pixels of the image."""
    return [g for g in garments if g.box.width * width > min_pixels or g.box.height * height > min_pixels]


def keep_for_product(garments: Sequence[Garment], product_name: str) -> tuple[Garment, ...]:
    """At most four garments: those of the group that the product's name names, if there are any; else all."""
    ordered = order_garments(garments)
    named = named_groups(product_name)
    chosen = [g for g in ordered if g.group in named] or ordered
    return tuple(chosen[:MOST_GARMENTS])


def named_groups(product_name: str) -> frozenset[str]:
    """Groups of the categories that a name mentions, in any of the four languages; else those that it names themselves.

    A longer word wins over a shorter one inside it: "denim jacket" is no denim and "wallet" no "all". A category goes
    before the word for a group, which is often but a part of something: a top hat, a bag with a zip top.
    """
    name = plain(product_name)
    return _category_words().named(name) or _group_words().named(name)


@lru_cache(maxsize=1)
def _category_words() -> Lexicon:
    group_of = taxonomy().group_of
    words = ((word, category and group_of(category)) for word, category in category_words())
    return Lexicon(words, *weak_words())


@lru_cache(maxsize=1)
def _group_words() -> Lexicon:
    return Lexicon(group_words())
