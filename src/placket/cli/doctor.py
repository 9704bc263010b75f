"""`placket doctor`: says what is wrong with an installation, and how to mend it."""

import contextlib
import errno
import importlib
import json
import os
import platform
import shutil
import socket
import stat
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import httpx
import typer

from placket.cli.output import console, run_safely
from placket.cli.settings import misspelt, read_settings
from placket.domain.errors import PlacketError
from placket.settings import Settings

if TYPE_CHECKING:
    from placket.vision.library import BundleLibrary

Level = Literal["ok", "warn", "fail"]
_COLOUR = {"ok": "green", "warn": "yellow", "fail": "red"}
_LITTLE_SPACE, _NO_SPACE = 2_000_000_000, 300_000_000
_CLOCK_SECONDS = 5.0
OLDEST_PYTHON = (3, 11)
_SECRET_SETTINGS = {"admin_token", "database_url"}


@dataclass(frozen=True, slots=True)
class Finding:
    """``remedy`` says how to mend it; empty when there is nothing to mend."""

    check: str
    level: Level
    text: str
    remedy: str = ""


Check = Callable[[Settings, Path], Iterator[Finding]]


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Say what is wrong with this installation, and how to mend it; exit code 1 when something cannot work."""
    from placket.storage.locate import data_directory

    with run_safely():
        settings = read_settings()
        folder = data_directory(settings.data_dir)
        findings = []
        for finding in (f for check in CHECKS for f in _examine(check, settings, folder)):
            findings.append(finding)
            # As it is found: a database that does not answer is waited for.
            if not as_json:
                _show(finding)
        if as_json:
            typer.echo(json.dumps([asdict(f) for f in findings], indent=2))
        if any(f.level == "fail" for f in findings):
            raise typer.Exit(1)


def _show(f: Finding) -> None:
    console.print(f"[{_COLOUR[f.level]}]{f.level:4}[/]", end=" ")
    console.print(f"{f.check}: {f.text}", markup=False, soft_wrap=True)
    if f.remedy:
        console.print(f"     -> {f.remedy}", markup=False, soft_wrap=True)


def _examine(check: Check, settings: Settings, folder: Path) -> Iterator[Finding]:
    """A check that breaks off is a finding, and the others go on."""
    name = check.__name__.removeprefix("check_").replace("_", " ")
    try:
        yield from check(settings, folder)
    except PlacketError as error:
        yield Finding(name, "fail", error.detail, _when_broken_off(name, settings))
    except Exception as error:
        yield Finding(name, "fail", f"{type(error).__name__}: {error}", _when_broken_off(name, settings))


def _when_broken_off(name: str, settings: Settings) -> str:
    """The remedy of a check that could not end."""
    known = {
        "data directory": "run as its owner, or set PLACKET_DATA_DIR",
        "database": "see that PostgreSQL runs there and takes one more connection (max_connections, CONNECTION LIMIT),"
        " and that host, name and password in PLACKET_DATABASE_URL are right"
        if settings.database_url
        else "it needs room in the data directory, a disk that answers, and the account that the server has; for root, "
        "PostgreSQL is run by PLACKET_POSTGRES_ACCOUNT",
        "networks": "install Placket anew",
        "bundle": "set PLACKET_BUNDLE to a bundle, or unset it for the shipped one",
        "port": "set PLACKET_HOST and PLACKET_PORT",
    }
    return known.get(name, "see docs/guide/troubleshooting.md")


def check_python(settings: Settings, folder: Path) -> Iterator[Finding]:
    text = f"{platform.python_version()} on {platform.platform()}"
    if sys.version_info[:2] < OLDEST_PYTHON:
        yield Finding("python", "fail", text, f"install Python {'.'.join(map(str, OLDEST_PYTHON))} or newer")
    else:
        yield Finding("python", "ok", text)


def check_data_directory(settings: Settings, folder: Path) -> Iterator[Finding]:
    there = next(p for p in (folder, *folder.parents) if p.exists())
    free = shutil.disk_usage(there).free
    space = f"{free / 1e9:.1f} GB free"
    name = "data directory"
    if there != folder and not os.access(there, os.W_OK | os.X_OK):
        remedy = f"make it for this account, or set PLACKET_DATA_DIR: {there} cannot be written"
        yield Finding(name, "fail", f"{folder} cannot be made", remedy)
    elif there != folder:
        yield Finding(name, "ok", f"{folder} will be made at the first start; {space}")
    elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield Finding(name, "fail", f"{folder} cannot be written", "run as its owner, or set PLACKET_DATA_DIR")
    elif folder.stat().st_mode & 0o007:
        yield Finding(name, "warn", f"{folder} is open to everybody on this machine", f"chmod o-rwx {folder}")
    else:
        yield Finding(name, "ok", f"{folder}; {space}")
    if free < _NO_SPACE:
        yield Finding(name, "fail", f"only {space}", "make room, or set PLACKET_DATA_DIR to another disk")
    elif free < _LITTLE_SPACE:
        yield Finding(name, "warn", f"only {space}: 100,000 products take some 2 GB", "make room")


def check_database(settings: Settings, folder: Path) -> Iterator[Finding]:
    from placket.storage.locate import has_embedded, open_server

    if settings.database_url is None:
        from placket.storage.embedded.account import choose_account
        from placket.storage.embedded.binaries import installed

        choose_account(settings.postgres_account)
        yield Finding("database", "ok", f"embedded PostgreSQL {installed().version}")
        if not has_embedded(folder):
            yield Finding("database", "ok", "made at the first start")
            return
    url = settings.database_url.get_secret_value() if settings.database_url else None
    with open_server(folder, url, settings.postgres_account) as found:
        yield from _examine_database(found)
        yield from _missing_bundles(found, settings, folder)


def _examine_database(url: str) -> Iterator[Finding]:
    from placket.storage import schema, sessions
    from placket.storage.checkup import check_up

    found = check_up(url)
    text = f"PostgreSQL {found.version} answers, {found.megabytes} MB"
    if not found.new_enough:
        yield Finding("database", "fail", text, f"use PostgreSQL {schema.OLDEST_SERVER} or newer")
        return
    yield Finding("database", "ok", text)
    if found.encoding != schema.ENCODING:
        text = f"it holds text in {found.encoding}: what has other letters cannot be stored"
        yield Finding("database", "fail", text, f"{schema.ENCODING_REMEDY}, or `placket db backup` and restore")
    if sessions.are_shared(url):
        yield Finding("database", "fail", sessions.SHARED, sessions.REMEDY)
    if found.read_only:
        remedy = "name the server that takes writes; target_session_attrs=read-write finds it among several"
        yield Finding("database", "fail", "it is read-only", remedy)
    if found.forbidden:
        tables = ", ".join(found.forbidden)
        yield Finding("database", "fail", f"the role may not write {tables}", "GRANT ALL ON these tables to the role")
    if found.connections_left < 10:
        remedy = "raise PostgreSQL's max_connections, or the CONNECTION LIMIT of the role or database"
        yield Finding("database", "warn", f"{found.connections_left} connections left", remedy)
    if not found.pgvector:
        yield Finding("pgvector", "fail", "not available", "install the extension pgvector on the database server")
        return
    state = "" if found.pgvector_installed else ", added by the first start if the role may"
    yield Finding("pgvector", "ok", found.pgvector + state)
    current, head = schema.schema_status(url)
    if current == head:
        yield Finding("schema", "ok", head)
    else:
        level: Level = "warn" if schema.is_known(current) else "fail"
        yield Finding("schema", level, f"{current or 'empty'}, this Placket has {head}", schema.advice(current))
    yield from _compare_clocks(found.now)


def _missing_bundles(url: str, settings: Settings, folder: Path) -> Iterator[Finding]:
    """A machine that came later, or lost its disk, has not what older services need to be searched; one that went back
    to an older Placket cannot read what newer services need."""
    from placket.storage import schema
    from placket.storage.checkup import bundles_in_use
    from placket.vision.library import BundleLibrary

    current, _ = schema.schema_status(url)
    # Before an upgrade is when it is still cheap to know. What a newer Placket wrote is for that one to read.
    if current is None or not schema.is_known(current):
        return
    needed = bundles_in_use(url)
    with contextlib.suppress(PlacketError):
        needed.discard(_library(settings, folder).current().version)
    kept = BundleLibrary(folder, settings.bundle)
    for version in sorted(needed):
        try:
            kept.read_kept(version)
            continue
        except PlacketError as error:
            absent = f"services need bundle {version}, which is not here"
            text = error.detail if version in kept.kept() else absent
        remedy = f"copy it into {folder / 'bundles'} from a machine that has it, or index anew: placket reindex"
        yield Finding("bundle", "warn", text, remedy)


def _compare_clocks(theirs: datetime) -> Iterator[Finding]:
    apart = abs((datetime.now(UTC) - theirs).total_seconds())
    if apart > _CLOCK_SECONDS:
        yield Finding("clock", "warn", f"{apart:.0f} s apart from the database's", "synchronise both clocks (NTP)")


def check_clock(settings: Settings, folder: Path) -> Iterator[Finding]:
    now = datetime.now(UTC)
    newest = Path(__file__).stat().st_mtime
    if now.timestamp() < newest - 86_400:
        yield Finding("clock", "warn", f"{now:%Y-%m-%d %H:%M} UTC is before this was installed", "set the clock")
    else:
        yield Finding("clock", "ok", f"{now:%Y-%m-%d %H:%M:%S} UTC")


def check_variables(settings: Settings, folder: Path) -> Iterator[Finding]:
    for name, remedy in misspelt():
        yield Finding("settings", "warn", f"{name} is set, and is no setting", remedy)
    file = os.environ.get("PLACKET_CONFIG")
    if file and Path(file).stat().st_mode & stat.S_IROTH:
        held = tomllib.loads(Path(file).read_text("utf-8")).keys() & _SECRET_SETTINGS
        if held:
            text = f"everybody on this machine may read {file}, which holds {' and '.join(sorted(held))}"
            yield Finding("settings", "warn", text, f"chmod o-r {file}")


def check_networks(settings: Settings, folder: Path) -> Iterator[Finding]:
    from placket.machine import cores
    from placket.vision.engine import runtime

    yield Finding("onnxruntime", "ok", f"{runtime()}, {cores()} cores")


def _library(settings: Settings, folder: Path) -> "BundleLibrary":
    """Only a kept bundle needs the data directory; nothing is copied there by looking."""
    from placket.vision.library import BundleLibrary

    kept = settings.bundle and not Path(settings.bundle).is_dir()
    return BundleLibrary(folder if kept else None, settings.bundle)


def check_bundle(settings: Settings, folder: Path) -> Iterator[Finding]:
    try:
        importlib.import_module("placket.vision")
    except ImportError as error:
        yield Finding("bundle", "fail", f"placket.vision cannot be imported: {error}", "install Placket anew")
        return
    from placket.vision.library import BundleLibrary

    try:
        bundle = _library(settings, folder).current()
        # What a server keeps may be for its user's eyes alone.
        with contextlib.suppress(PermissionError):
            BundleLibrary(folder).check_kept(bundle)
    except PlacketError as error:
        yield Finding("bundle", "fail", error.detail, "set PLACKET_BUNDLE to a bundle, or unset it for the shipped one")
        return
    terms = bundle.training.get("terms")
    # What it may be used for, for those who never see the console's page of it.
    yield Finding("bundle", "ok", f"{bundle.version}. {terms}" if terms and isinstance(terms, str) else bundle.version)


def check_port(settings: Settings, folder: Path) -> Iterator[Finding]:
    address = f"{settings.host} port {settings.port}"
    try:
        family, kind, _, _, where = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
        yield Finding("port", "ok", f"{address} is free")
    except OSError as error:
        if error.errno == errno.EADDRINUSE and _placket_answers(settings):
            yield Finding("port", "ok", f"a Placket serves on {address}")
        else:
            remedy = (
                "end the other program, or set PLACKET_PORT" if error.errno == errno.EADDRINUSE else "set PLACKET_HOST"
            )
            yield Finding("port", "fail", f"{address}: {error.strerror or error}", remedy)


def _placket_answers(settings: Settings) -> bool:
    host = settings.host
    if host in ("0.0.0.0", "::"):  # noqa: S104 - where we ask, not where we listen
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"  # noqa: S104
    try:
        url = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}/openapi.json"
        answer = httpx.get(url, timeout=3.0, trust_env=False)
        return answer.status_code == 200 and "placket" in answer.json()["info"]["title"].lower()
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return False


def check_fetching(settings: Settings, folder: Path) -> Iterator[Finding]:
    allowed = settings.fetch_allow_networks
    listed = ", ".join(map(str, allowed))
    metadata = ip_address("169.254.169.254")
    if any(n.prefixlen == 0 for n in allowed):
        yield Finding(
            "fetching", "warn", f"every address may be fetched from ({listed}), this machine's own too",
            "name only the networks of your image hosts in PLACKET_FETCH_ALLOW_NETWORKS",
        )  # fmt: skip
    elif any(metadata in n for n in allowed if n.version == 4):
        yield Finding(
            "fetching", "warn", f"{listed} holds {metadata}, where clouds keep a machine's credentials",
            "name only the networks of your image hosts in PLACKET_FETCH_ALLOW_NETWORKS",
        )  # fmt: skip
    else:
        yield Finding("fetching", "ok", f"the public internet{f', and {listed}' if listed else ''}")


CHECKS: tuple[Check, ...] = (
    check_python,
    check_data_directory,
    check_database,
    check_networks,
    check_bundle,
    check_port,
    check_clock,
    check_variables,
    check_fetching,
)
