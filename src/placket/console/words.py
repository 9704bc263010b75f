"""The console's own sentences, in the languages of the data files beside this module."""

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

from markupsafe import Markup

from placket.domain.errors import PlacketError
from placket.domain.names_of import category_name, label_name
from placket.domain.tagger.languages import best_language

LANGUAGES: Mapping[str, str] = {"en": "English", "ko": "한국어"}
DEFAULT = "en"


@lru_cache(maxsize=len(LANGUAGES))
def strings(language: str) -> Mapping[str, str]:
    found: dict[str, str] = json.loads((files("placket.console") / "strings" / f"{language}.json").read_text("utf-8"))
    return found


def choose(cookie: str, accept_language: str) -> str:
    """The language that was switched to, else the browser's best one of ours."""
    if cookie in LANGUAGES:
        return cookie
    try:
        best = best_language(accept_language)
    except PlacketError:
        return DEFAULT
    return best if best in LANGUAGES else DEFAULT


class Words:
    """Sentences in one language: ``words("runs.left", count=3)``."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._strings = strings(language)

    def __call__(self, key: str, **values: object) -> str:
        """Raises KeyError for a sentence that does not exist."""
        return self._sentence(key, values).format(**values)

    def html(self, key: str, **values: object) -> Markup:
        """The sentence with values that are markup themselves; what is not is escaped. Raises KeyError."""
        return Markup(self._sentence(key, values)).format(**values)  # noqa: S704

    def _sentence(self, key: str, values: Mapping[str, object]) -> str:
        """Of a single thing (``count`` is 1) the sentence ``KEY.one``, in a language that tells one from many."""
        single = Markup(values.get("count", "")).striptags() == "1"  # noqa: S704
        return self._strings.get(f"{key}.one", self._strings[key]) if single else self._strings[key]

    def reason(self, reason: str) -> str:
        """What a failure's machine-readable word means; empty for one that the reader's language has no words for."""
        return self._strings.get(f"reason.{reason}", "")

    def figure(self, name: str) -> str:
        """What a figure of ``/metrics`` counts; empty for one that is for machines only."""
        return self._strings.get(f"figure.{name}", "")

    def category(self, category: str) -> str:
        return category_name(category, self.language)

    def label(self, attribute: str, label: str) -> str:
        return label_name(attribute, label, self.language)

    def number(self, value: float, digits: int = 0) -> str:
        return f"{value:,.{digits}f}"
