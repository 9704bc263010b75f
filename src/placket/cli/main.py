"""Entry point: how the command `placket` ends where none of its commands can say it."""

import atexit
import contextlib
import errno
import io
import os
import signal
import sys

try:
    from placket.cli.commands import app
    from placket.cli.output import DISK_FULL, fail, plain
except KeyboardInterrupt:
    # Loading takes half a second, in which nothing else would end it without a traceback.
    sys.exit(130)

__all__ = ["app", "main"]

_NO_NAME = frozenset({errno.ENAMETOOLONG, errno.ELOOP})


def main() -> None:
    """Run it."""
    _fill_closed_streams()
    _end_in_order()
    _write_any_script()
    try:
        app()
    except OSError as error:
        if error.errno in _NO_NAME:
            # As when a list of files is handed over as one.
            sys.exit(fail(plain(f"{str(error.filename)[:80]} ...: {error.strerror}")).exit_code)
        if error.errno not in DISK_FULL:
            raise
        fail(f"the output cannot be written: {error.strerror}")
        # What is left in the buffer would fail once more when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        # Loaded only here: many a command asks no server.
        from placket.cli.remote import failed
        from placket.client.errors import UnexpectedAnswer

        if not isinstance(error, UnexpectedAnswer):
            raise
        # What is shown after the call may be the first to tell that another server answered it.
        sys.exit(failed(error).exit_code)


def _fill_closed_streams() -> None:
    """What is opened next would take the number of one that was closed, and be written to in its place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            handle = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(handle, True)
            setattr(sys, name, os.fdopen(handle, mode))


def _write_any_script() -> None:
    """A letter that the output's encoding lacks (EUC-KR, ISO 8859-1) is escaped: no name is worth the whole answer."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


def _end_in_order() -> None:
    """SIGTERM, and SIGHUP as of a terminal that is closed, end a command as Ctrl-C does, so that the database that it
    started is stopped; then it dies of it."""
    came: int | None = None

    def begin(number: int, _: object) -> None:
        nonlocal came
        came = number
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            # As in the background of a script, where Ctrl-C is for others.
            raise KeyboardInterrupt
        signal.raise_signal(signal.SIGINT)

    def end() -> None:
        if came is not None:
            with contextlib.suppress(OSError):
                sys.stdout.flush()
            signal.signal(came, signal.SIG_DFL)
            signal.raise_signal(came)

    signal.signal(signal.SIGTERM, begin)
    # Else by nohup: it is to go on.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, begin)
    # Not before all threads have ended.
    atexit.register(end)
