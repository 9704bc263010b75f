"""Where a command finds its server and key, and how they are kept."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from placket.cli.profile_store import (
    DEFAULT_URL,
    Environment,
    Profile,
    ProfileError,
    ProfileFile,
    Profiles,
    check_name,
    find_profile,
)

SHOP, LAB = Profile("http://shop.test", 'quo"te\\d'), Profile("https://lab.test", "lab-key")


@pytest.fixture
def nothing(monkeypatch: pytest.MonkeyPatch) -> Environment:
    for name in ("PLACKET_URL", "PLACKET_KEY", "PLACKET_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return Environment()


@pytest.fixture
def file(tmp_path: Path) -> ProfileFile:
    kept = ProfileFile(tmp_path / "deep" / "profiles.toml")
    kept.write(Profiles("shop", {"shop": SHOP, "lab": LAB}))
    return kept


def test_what_is_written_is_read(file: ProfileFile) -> None:
    assert file.read() == Profiles("shop", {"shop": SHOP, "lab": LAB})
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.path.parent.stat().st_mode & 0o777 == 0o700
    assert [p.name for p in file.path.parent.iterdir()] == ["profiles.toml"]
    file.write(Profiles())
    assert file.read() == Profiles()


def test_no_file_is_no_profiles(tmp_path: Path) -> None:
    assert ProfileFile(tmp_path / "none.toml").read() == Profiles()


@pytest.mark.parametrize(
    "content", ["default =", "[profiles.x]\nurl = 'u'", "profiles = 1", "[profiles]\nx = 1", b"\xff".decode("latin-1")]
)
def test_a_damaged_file_is_named(file: ProfileFile, content: str) -> None:
    file.path.write_text(content, encoding="latin-1")
    with pytest.raises(ProfileError, match=r"profiles\.toml is damaged"):
        file.read()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_may_read_is_not_used(file: ProfileFile, mode: int) -> None:
    file.path.chmod(mode)
    with pytest.raises(ProfileError, match="chmod 600"):
        file.read()


def test_who_wins(file: ProfileFile, nothing: Environment) -> None:
    def environment(url: str | None = None, key: str | None = None, profile: str | None = None) -> Environment:
        return Environment(url=url, key=SecretStr(key) if key else None, profile=profile)

    assert find_profile(None, file, nothing) == SHOP
    assert find_profile(None, file, environment("http://e.test", "e")) == Profile("http://e.test", "e")
    assert find_profile(None, file, environment(key="e")) == Profile(DEFAULT_URL, "e")
    assert find_profile(None, file, environment(profile="lab")) == LAB
    assert find_profile(None, file, environment("http://e.test", "e", "lab")) == Profile("http://e.test", "e")
    assert find_profile("lab", file, environment("http://e.test", "e")) == LAB
    with pytest.raises(ProfileError, match="PLACKET_KEY"):
        find_profile(None, file, environment("http://e.test"))
    with pytest.raises(ProfileError, match="it has: lab, shop"):
        find_profile("other", file, nothing)
    file.write(Profiles("", {"lab": LAB}))
    with pytest.raises(ProfileError, match="placket profile set"):
        find_profile(None, file, nothing)


def test_a_key_is_never_shown() -> None:
    assert "lab-key" not in repr(Profiles("", {"lab": LAB}))
    assert "e-key" not in repr(Environment(url=None, key=SecretStr("e-key"), profile=None))


def test_names() -> None:
    assert check_name("a-B_9") == "a-B_9"
    assert check_name("x" * 64) == "x" * 64
    for wrong in ("", "a b", "a.b", "x" * 65, "옷", "a\n"):
        with pytest.raises(ProfileError):
            check_name(wrong)
