"""The server's configuration, written anew at every start into a folder that PostgreSQL's account cannot change."""

import os
import pwd
from pathlib import Path

from placket.storage.embedded.account import Account
from placket.storage.embedded.folders import Folders

ROLE = "placket"
DATABASE = "placket"
SUPERUSER = "postgres"
PORT = 5432
"""Only the name of the socket: nothing listens on TCP."""

_LOG_FILES_KEPT = 20
_LOG_FILE_MEGABYTES = 2

_HBA = "local all all peer map=placket\n"


def write_config(folders: Folders, account: Account, socket_dir: Path) -> Path:
    """Returns the path of postgresql.conf."""
    main = folders.config / "postgresql.conf"
    hba, ident = folders.config / "pg_hba.conf", folders.config / "pg_ident.conf"
    settings = {
        "hba_file": str(hba),
        "ident_file": str(ident),
        # Nobody but Placket: no TCP, and a socket in a folder of 0700.
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": socket_dir_setting(socket_dir),
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        # Modest: the vision networks and the search index want the memory.
        "shared_buffers": "128MB",
        "work_mem": "8MB",
        "maintenance_work_mem": "64MB",
        "max_wal_size": "512MB",
        "max_parallel_workers_per_gather": "0",
        "jit": "off",
        "huge_pages": "off",
        # In the data directory too, rather than in /dev/shm, which containers keep small.
        "dynamic_shared_memory_type": "mmap",
        "synchronous_commit": "on",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_logical_replication_workers": "0",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "datestyle": "iso, ymd",
        "lc_messages": "C",
        "default_text_search_config": "pg_catalog.simple",
        "logging_collector": "on",
        "log_directory": str(folders.log),
        "log_filename": "postgresql-%Y%m%dT%H%M%S.log",
        "log_file_mode": "0600",
        "log_rotation_age": "1d",
        "log_rotation_size": f"{_LOG_FILE_MEGABYTES}MB",
        "log_line_prefix": "%m [%p] ",
        "log_checkpoints": "off",
        # What is stored never gets into the log; the details and contexts of errors quote whole keys and rows.
        "log_error_verbosity": "terse",
        "log_statement": "none",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
    }
    _write(main, "".join(f"{name} = {_quoted(value)}\n" for name, value in settings.items()), account)
    _write(hba, _HBA, account)
    names = dict.fromkeys((pwd.getpwuid(0).pw_name, account.name))
    _write(ident, "".join(f'placket "{n}" {role}\n' for n in names for role in (ROLE, SUPERUSER)), account)
    return main


def prune_logs(folders: Folders) -> None:
    """The log is bounded: some 40 MB in all."""
    logs = sorted(folders.log.glob("postgresql-*.log"))
    for log in logs[:-_LOG_FILES_KEPT]:
        log.unlink(missing_ok=True)


def socket_dir_setting(socket_dir: Path) -> str:
    """As an element of PostgreSQL's list of folders."""
    return '"' + str(socket_dir).replace('"', '""') + '"'


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _write(path: Path, text: str, account: Account) -> None:
    path.unlink(missing_ok=True)
    mode = 0o640 if account.foreign else 0o600
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(handle, "wb") as file:
        if account.foreign:
            os.fchown(handle, os.geteuid(), account.gid)
        os.fchmod(handle, mode)
        # Folders as the file system has them: PostgreSQL knows no encoding of names.
        file.write(os.fsencode(text))
