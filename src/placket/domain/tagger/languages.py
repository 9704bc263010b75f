"""Which of the four languages an ``accept-language`` header asks for (RFC 9110, 12.5.4)."""

import re

from placket.domain.names_of import LANGUAGES
from placket.domain.tagger.errors import LanguageInvalid

DEFAULT = "en"
_RANGE = re.compile(
    r"(?P<tag>\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)(?:[ \t]*;[ \t]*q=(?P<q>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?",
    re.IGNORECASE | re.ASCII,
)


def best_language(header: str) -> str:
    """The best match by q-value, the first of equals; ``en`` where none matches. Raises LanguageInvalid."""
    quality: dict[str, float] = {}
    anything = 0.0
    for part in header.split(","):
        word = part.strip(" \t")
        if not word:
            continue
        found = _RANGE.fullmatch(word)
        if found is None:
            raise LanguageInvalid("accept-language cannot be read; write for example: ko, en;q=0.5")
        q = float(found["q"] or 1)
        language = found["tag"].lower().partition("-")[0]
        if language == "*":
            anything = max(anything, q)
        elif language in LANGUAGES:
            quality[language] = max(quality.get(language, 0.0), q)
    for language in LANGUAGES:
        quality.setdefault(language, anything)
    best = max(quality, key=lambda name: quality[name])
    return best if quality[best] > 0 else DEFAULT
