"""`placket profile`: servers and keys by name."""

import sys
from typing import Annotated

import typer

from placket.cli.json_lines import write_json
from placket.cli.output import console, fail

profile_app = typer.Typer(no_args_is_help=True, help="Keep the URL and key of servers under names.")
Name = Annotated[str, typer.Argument(help="Letters, digits, - and _.")]


@profile_app.command("set")
def set_profile(
    name: Name,
    url: Annotated[str, typer.Option(help="The server, as http://127.0.0.1:8780.")],
    key: Annotated[
        str | None,
        typer.Option(
            help="Its key; - reads it from standard input, and without it you are asked: a key that is typed "
            "here stays in the shell's history."
        ),
    ] = None,
    default: Annotated[
        bool, typer.Option("--default", help="Take it where no profile is named; the first is.")
    ] = False,
) -> None:
    """Add a profile, or replace it."""
    from placket.cli.profile_store import Profile, ProfileFile, Profiles, check_name
    from placket.cli.remote import usage_errors
    from placket.client.connecting import checked_key, checked_url

    with usage_errors():
        name, url = check_name(name), checked_url(url)
        profile = Profile(url, checked_key(_key(key).strip()))
        file = ProfileFile()
        profiles = file.read()
        named = {**profiles.named, name: profile}
        file.write(Profiles(name if default or not profiles.default else profiles.default, named))
    console.print(f"Profile {name} is in {file.path}.", soft_wrap=True)


def _key(given: str | None) -> str:
    """As it was given, or asked for. Raises typer.Exit where nobody can be asked."""
    if given == "-":
        return sys.stdin.readline()
    if given is None and not sys.stdin.isatty():
        raise fail("without a terminal the key cannot be asked for: --key - reads it from standard input", 2)
    return given if given is not None else str(typer.prompt("Key", hide_input=True, err=True))


@profile_app.command("list")
def list_profiles(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """All profiles, without their keys."""
    from rich.table import Table

    from placket.cli.profile_store import ProfileFile
    from placket.cli.remote import usage_errors

    with usage_errors():
        profiles = ProfileFile().read()
    if as_json:
        items = [{"name": n, "url": p.url, "default": n == profiles.default} for n, p in profiles.named.items()]
        write_json(items)
        return
    table = Table("name", "URL", "default")
    for name, profile in profiles.named.items():
        table.add_row(name, profile.url, "yes" if name == profiles.default else "")
    console.print(table)


@profile_app.command("delete")
def delete_profile(name: Name) -> None:
    """Forget a profile. The key itself goes on working; see `placket keys revoke`."""
    from placket.cli.profile_store import ProfileFile, Profiles
    from placket.cli.remote import usage_errors

    with usage_errors():
        file = ProfileFile()
        profiles = file.read()
        if name not in profiles.named:
            raise fail(f"there is no profile {name}", 2)
        named = {n: p for n, p in profiles.named.items() if n != name}
        file.write(Profiles("" if profiles.default == name else profiles.default, named))
    console.print(f"Profile {name} is forgotten.")
