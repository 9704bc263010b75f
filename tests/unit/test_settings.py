"""Settings from the environment and from a file, and what a wrong one is answered with."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from placket.cli.main import app
from placket.settings import Settings, SettingsFileError


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.delenv("PLACKET_PORT", raising=False)
    path = tmp_path / "placket.toml"
    monkeypatch.setenv("PLACKET_CONFIG", str(path))
    return path


def test_the_environment_wins_over_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('port = 9000\nfetch_allow_networks = ["10.0.0.0/8"]\n')
    assert (Settings().port, [str(n) for n in Settings().fetch_allow_networks]) == (9000, ["10.0.0.0/8"])
    monkeypatch.setenv("PLACKET_PORT", "9001")
    assert Settings().port == 9001


def test_an_unknown_name_in_the_file(file: Path) -> None:
    file.write_text("prot = 9000\n")
    with pytest.raises(ValidationError, match="prot"):
        Settings()


@pytest.mark.parametrize("content", [None, b"port = [", b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_a_sentence(file: Path, content: bytes | None) -> None:
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsFileError, match="PLACKET_CONFIG names"):
        Settings()
    shown = CliRunner().invoke(app, ["doctor"])
    assert shown.exit_code == 2
    assert shown.stderr.startswith("error: PLACKET_CONFIG names")


@pytest.mark.parametrize(
    "token",
    ["admin", "fifteen-letters", "sixteen letters..", "sixteen-letters..\n", "열여섯글자열여섯글자열여섯글자열여섯"],
)
def test_an_admin_token_that_is_easy_to_guess_or_cannot_be_sent(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="16 or more ASCII characters"):
        Settings(admin_token=token)
    monkeypatch.setenv("PLACKET_ADMIN_TOKEN", token)
    shown = CliRunner().invoke(app, ["doctor"])
    assert shown.stderr.startswith("error: a setting is wrong:\n  PLACKET_ADMIN_TOKEN: ")
    assert token not in shown.output


def test_an_admin_token_that_is_long_enough() -> None:
    token = Settings(admin_token="sixteen-letters.").admin_token
    assert token and token.get_secret_value() == "sixteen-letters."


@pytest.mark.parametrize("zone", ["Mars/Base", "", "../UTC", "/etc/localtime"])
def test_a_time_zone_that_there_is_none_of(zone: str) -> None:
    with pytest.raises(ValidationError, match="no such time zone"):
        Settings(index_day_time_zone=zone)
    assert Settings(index_day_time_zone="Europe/Berlin").index_day_time_zone == "Europe/Berlin"


def test_formats_of_images(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().image_formats == ("png", "jpeg", "gif")
    monkeypatch.setenv("PLACKET_IMAGE_FORMATS", "png, JPEG,webp,")
    assert Settings().image_formats == ("png", "jpeg", "webp")
    for wrong in (" , ", "png,svg", "png;jpeg"):
        monkeypatch.setenv("PLACKET_IMAGE_FORMATS", wrong)
        with pytest.raises(ValidationError):
            Settings()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PLACKET_IMAGE_FORMATS", "png,svg", "Input should be 'png', "),
        ("PLACKET_FETCH_ALLOW_NETWORKS", "10.0.0.0/8,shop", "'shop' does not appear to be an IPv4 or IPv6 network"),
        ("PLACKET_CORS_ORIGINS", "https://a.example,*", "* is no origin"),
    ],
)
def test_a_wrong_one_of_several_values_is_told_under_its_variable(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    shown = CliRunner().invoke(app, ["doctor"])
    assert shown.stderr.startswith(f"error: a setting is wrong:\n  {name}: {said}")


def test_origins_are_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACKET_CORS_ORIGINS", "https://shop.example, http://localhost:3000,https://[2001:db8::1]:8443")
    assert Settings().cors_origins == ("https://shop.example", "http://localhost:3000", "https://[2001:db8::1]:8443")


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "shop.example",
        "https://*.shop.example",
        "https://shop.example/",
        "https://shop.example/page",
        "https://Shop.example",
        "https://user@shop.example",
        "https://shop.example:443",
        "http://shop.example:80",
        "https://kl\u00e4der.example",
        "ftp://shop.example",
        8780,
    ],
)
def test_what_is_no_origin(origin: Any) -> None:
    with pytest.raises(ValidationError, match="no origin as browsers send it"):
        Settings(cors_origins=(origin,))
    with pytest.raises(ValidationError, match="no origin as browsers send it"):
        Settings(cors_origins=origin)
