import pytest

from placket.domain.tagger.errors import LanguageInvalid
from placket.domain.tagger.languages import best_language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("ko", "ko"),
        ("KO-kr", "ko"),
        ("zh-Hans-CN", "zh"),
        ("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", "ko"),
        ("en;q=0.3, ja;q=0.5", "ja"),
        ("fr, ja;q=0.1", "ja"),
        ("fr", "en"),
        ("*", "en"),
        ("ko;q=0", "en"),
        ("en;q=0, *", "ko"),
        ("ko;q=0.5, *", "en"),
        ("ko;q=0.5, *;q=0.4", "ko"),
        ("zh, ja", "zh"),
        ("ko;q=0.000, ja;q=0.001", "ja"),
        (", ,ko,", "ko"),
        ("ko ; q=1.000", "ko"),
    ],
)
def test_best_match(header: str, language: str) -> None:
    assert best_language(header) == language


@pytest.mark.parametrize(
    "header", ["ko_KR", "ko;q=2", "ko;q=-1", "ko;q=0.1234", "ko;q=", "ko;", "ko en", "é", "toolonglanguage", "ko;q=nan"]
)
def test_what_cannot_be_read(header: str) -> None:
    with pytest.raises(LanguageInvalid):
        best_language(header)
