"""Which URLs may be fetched, as far as the text alone tells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placket.domain.errors import FetchError, UrlMalformed, UrlRefused
from placket.domain.urls import MAX_URL_LENGTH, check_url


@pytest.mark.parametrize(
    ("url", "normal", "authority"),
    [
        ("http://a.example", "http://a.example/", "a.example"),
        ("HTTP://A.Example:80/x", "http://a.example/x", "a.example"),
        ("https://a.example.:443?q=1#part", "https://a.example/?q=1", "a.example"),
        ("http://a.example:443/", "http://a.example:443/", "a.example:443"),
        ("http://a.example:/", "http://a.example/", "a.example"),
        ("http://a.example:10000/", "http://a.example:10000/", "a.example:10000"),
        ("http://a_b.example/c d/{e}|'é'", "http://a_b.example/c%20d/%7Be%7D|'%C3%A9'", "a_b.example"),
        ('http://a.example/?d="e f"&g={h}', "http://a.example/?d=%22e%20f%22&g={h}", "a.example"),
        ("http://a.example/%zz%2F?a=%26", "http://a.example/%zz%2F?a=%26", "a.example"),
        ("http://a.example/x@y:z/", "http://a.example/x@y:z/", "a.example"),
        ("http://a.example/\\..\\x", "http://a.example/%5C..%5Cx", "a.example"),
        ("https://예시.kr/가", "https://xn--vv4b11d.kr/%EA%B0%80", "xn--vv4b11d.kr"),
        ("http://straße.example/", "http://xn--strae-oqa.example/", "xn--strae-oqa.example"),
        ("http://①②⑦。0．0.1/", "http://127.0.0.1/", "127.0.0.1"),
        ("http://[2606:4700:0:0::1111]:10001/", "http://[2606:4700::1111]:10001/", "[2606:4700::1111]:10001"),
    ],
)
def test_a_url_has_one_spelling(url: str, normal: str, authority: str) -> None:
    parsed = check_url(url)
    assert (str(parsed), parsed.authority) == (normal, authority)
    assert check_url(normal) == parsed


@pytest.mark.parametrize(
    "url",
    ["", "a.example/x", "//a.example/", "http:", "http:/a", "http:a", "http://", "http:///x", "http://?x", "http://:80/",
     "ftp://a.example/", "file:///etc/passwd", "javascript:alert(1)", "data:image/png;base64,AA", "gopher://a/",
     "http://a..b/", "http://.a/", "http://a../", "http://./", "http://a b/", "http://a%2eb/", "http://a\\@b/", "http://a\\b/",
     f"http://{'a' * 64}.example/", "http://" + ".".join(["a" * 49] * 6) + "/", "http://☃.example/", "http://℀.example/",
     "http://a:b/", "http://a:-1/", "http://a:+80/", "http://a:٨٠/", "http://a:8 0/", "http://a:65536/",
     "http://a:010080/", "http://a:80:80/",
     "http://[::1/", "http://::1/", "http://[::g]/", "http://[v1.a]/", "http://[]/", "http://[::1]a/", "http://[127.0.0.1]/",
     " http://a/", "http://a/ ", "http://a/\n", "ht\ttp://a/", "http://a/\x00", "http://a/\x7f", "http://a/\ud800",
     "http://a/" + "x" * (MAX_URL_LENGTH - 8)],
)  # fmt: skip
def test_malformed(url: str) -> None:
    with pytest.raises(UrlMalformed):
        check_url(url)


@pytest.mark.parametrize("port", [80, 443, 10_000, 10_001, 11_999, 12_000])
def test_allowed_ports(port: int) -> None:
    for scheme in ("http", "https"):
        assert check_url(f"{scheme}://a.example:{port}/").port == port


@pytest.mark.parametrize("port", [0, 1, 22, 79, 81, 442, 444, 5432, 8080, 9_999, 12_001, 65_535])
def test_refused_ports(port: int) -> None:
    with pytest.raises(UrlRefused):
        check_url(f"http://a.example:{port}/")


@pytest.mark.parametrize(
    "url",
    ["http://u:p@a.example/", "http://u@a.example/", "http://@a.example/", "http://:@a/",
     "http://a.example:80@127.0.0.1/", "http://[::1]@a/", "http://[fe80::1%25eth0]/", "http://[::1%1]/"],
)  # fmt: skip
def test_credentials_and_zones_are_refused(url: str) -> None:
    with pytest.raises(UrlRefused):
        check_url(url)


def test_the_longest_url() -> None:
    url = "http://a/" + "x" * (MAX_URL_LENGTH - 9)
    assert str(check_url(url)) == url


def test_no_secret_shows() -> None:
    assert "s3cret" not in repr(check_url("https://a.example/x?signature=s3cret"))
    for url in ("https://a.example:1/?k=s3cret", "https://u:s3cret@a.example/", "https:///?s3cret", "s3cret"):
        with pytest.raises(FetchError) as failure:
            check_url(url)
        assert "s3cret" not in str(failure.value)


@given(st.text() | st.from_regex(r"https?://[^\s]{1,60}", fullmatch=True))
def test_any_text_is_taken_or_refused_and_taken_text_is_stable(text: str) -> None:
    try:
        parsed = check_url(text)
    except (UrlMalformed, UrlRefused):
        return
    assert str(parsed).isascii() and "@" not in parsed.authority and "#" not in str(parsed)
    assert not set(str(parsed)) & set(' \t\r\n"<>')
    assert check_url(str(parsed)) == parsed
