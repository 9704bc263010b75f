"""PostgreSQL's own programs for backups, as Placket brings them: pg_dump, pg_restore, psql.

A password travels in their environment, never on a command line.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from placket.domain.errors import PlacketError, StorageUnavailable
from placket.storage.embedded.binaries import installed

_SECRET = ("password", "passfile")
_PREAMBLE = (b"--", b"SET ", b"SELECT pg_catalog.set_config(", b"\\restrict ", b"\n")
_UNKNOWN_BEFORE_17 = b"SET transaction_timeout = 0;\n"


class BackupUnusable(PlacketError):
    """The file is none of ours, or damaged."""

    reason = "BackupUnusable"


def dump(url: str, file: Path) -> None:
    """One snapshot of the database, in pg_dump's custom format. Raises StorageUnavailable."""
    done = subprocess.run(
        [installed().tool("pg_dump"), *_target(url), "--format=custom", "--no-owner", "--no-privileges",
         f"--file={file}"],
        env=_environment(url), stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise StorageUnavailable(f"pg_dump failed: {_complaint(done.stderr)}")


def contents(file: Path) -> str:
    """What a backup holds, as pg_restore lists it. Raises BackupUnusable."""
    listed = subprocess.run(
        [installed().tool("pg_restore"), "--list", str(file)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:
        raise BackupUnusable(f"{file} is no backup: {_complaint(listed.stderr)}")
    return listed.stdout.decode(errors="replace")


def load(url: str, file: Path) -> None:
    """Read a backup into an empty database, stopping at the first error. Raises BackupUnusable, StorageUnavailable.

    pg_restore writes the SQL and psql executes it: connected itself, pg_restore would stop at a setting of its own
    that servers older than 17 do not know.
    """
    restore = [
        installed().tool("pg_restore"), "--no-owner", "--no-privileges", "--no-comments", "--file=-", str(file)
    ]  # fmt: skip
    execute = [
        installed().tool("psql"), *_target(url), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null"
    ]  # fmt: skip
    with tempfile.TemporaryFile() as reading_errors, tempfile.TemporaryFile() as writing_errors:
        reader = subprocess.Popen(
            restore, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=reading_errors, env=_environment(url)
        )
        writer = subprocess.Popen(
            execute, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=writing_errors, env=_environment(url)
        )
        assert reader.stdout is not None
        assert writer.stdin is not None
        with reader, writer:
            # psql that stops early is told by its exit code.
            with suppress(BrokenPipeError), writer.stdin as sink:
                _copy(reader.stdout, sink)
            reader.stdout.close()
        if writer.returncode != 0:
            _check_whole(file)
            raise StorageUnavailable(f"the backup cannot be stored: {_complaint(_all_of(writing_errors))}")
        if reader.returncode != 0:
            raise BackupUnusable(f"{file} is damaged: {_complaint(_all_of(reading_errors))}")


def _check_whole(file: Path) -> None:
    """Before the database is blamed: rows that a damaged file garbles look like its refusals. Raises BackupUnusable."""
    read = subprocess.run(
        [installed().tool("pg_restore"), f"--file={os.devnull}", str(file)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if read.returncode != 0:
        raise BackupUnusable(f"{file} is damaged: {_complaint(read.stderr)}")


def parameters_of(url: str) -> dict[str, Any]:
    """libpq's parameters of a URL. Raises StorageUnavailable."""
    try:
        found: Mapping[str, Any] = conninfo_to_dict(url.replace("postgresql+psycopg://", "postgresql://", 1))
    except psycopg.ProgrammingError:
        raise StorageUnavailable("the database's URL cannot be read") from None
    if "sslpassword" in found:
        raise StorageUnavailable("sslpassword in the database's URL is not supported here: use a key without one")
    return {"dbname": found.get("user", "postgres"), **{k: v for k, v in found.items() if v is not None}}


def _target(url: str) -> list[str]:
    shown = {k: v for k, v in parameters_of(url).items() if k not in _SECRET}
    return ["--no-password", f"--dbname={make_conninfo(**shown)}"]


def _environment(url: str) -> dict[str, str]:
    parameters = parameters_of(url)
    secret = {f"PG{name.upper()}": str(parameters[name]) for name in _SECRET if name in parameters}
    return {**os.environ, "LC_ALL": "C", **secret}


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    for line in source:
        if line != _UNKNOWN_BEFORE_17:
            target.write(line)
        if not line.startswith(_PREAMBLE):
            break
    shutil.copyfileobj(source, target, 1 << 20)


def _all_of(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def _complaint(errors: bytes) -> str:
    lines = errors.decode(errors="replace").strip().splitlines()
    wanted = [line for line in lines if "error:" in line.lower() or "detail:" in line.lower()]
    return " / ".join((wanted or lines)[:3]) or "it said nothing"
