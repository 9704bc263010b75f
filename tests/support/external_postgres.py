"""A PostgreSQL as an operator might run it: TCP on loopback, a password, another version than the embedded one."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from placket.storage.embedded.account import choose_account
from placket.storage.embedded.binaries import installed

PASSWORD = "p@ss w/ord:'\"%#?&"


@dataclass(frozen=True)
class ExternalPostgres:
    port: int

    def url(self, database: str = "shop", user: str = "shop") -> str:
        return f"postgresql://{user}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/{database}"

    def admin(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", password=PASSWORD, dbname=database, autocommit=True
        )


@contextmanager
def external_postgres(folder: Path) -> Iterator[ExternalPostgres]:
    """PostgreSQL 16 with a database ``shop`` whose owner, ``shop``, may create databases but is no superuser."""
    account = choose_account(None)
    tools = installed().prefix.with_name("pginstall") / "bin"
    cluster = folder / "external"
    cluster.mkdir(mode=0o700)
    (folder / "password").write_text(PASSWORD + "\n")
    os.chown(folder / "password", account.uid, account.gid)
    os.chown(cluster, account.uid, account.gid)
    env = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
    subprocess.run(
        [tools / "initdb", "-D", cluster, "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={folder / 'password'}",
         "-E", "UTF8", "--no-locale", "--no-sync"],
        check=True, capture_output=True, env=env, **account.popen,
    )  # fmt: skip
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [tools / "postgres", "-D", cluster, "-p", str(port), "-h", "127.0.0.1", "-k", "", "-F"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env, **account.popen,
    )  # fmt: skip
    try:
        found = ExternalPostgres(port)
        _prepare(found)
        yield found
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _prepare(server: ExternalPostgres) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            connection = server.admin()
            break
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    with connection:
        quoted = PASSWORD.replace("'", "''")
        connection.execute(f"CREATE ROLE shop LOGIN CREATEDB PASSWORD '{quoted}'")
        connection.execute("CREATE DATABASE shop OWNER shop")
