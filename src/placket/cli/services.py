"""`placket services`: the catalogues of a server."""

from typing import TYPE_CHECKING, Annotated

import typer

from placket.cli.completion import service_names
from placket.cli.json_lines import write_json
from placket.cli.output import confirm, console
from placket.cli.remote import AsJson, ProfileName, asking

if TYPE_CHECKING:
    from collections.abc import Iterable

    from placket.client.shapes.placket import Service

services_app = typer.Typer(no_args_is_help=True, help="Services of a running server; each holds a catalogue.")
Name = Annotated[str, typer.Argument(help="2 to 32 characters: a-z, 0-9, - and _, a letter first.")]
Existing = Annotated[str, typer.Argument(metavar="NAME", help="The service's name.", autocompletion=service_names)]


@services_app.command("list")
def list_services(profile: ProfileName = None, as_json: AsJson = False) -> None:
    """All services of the key's project."""
    with asking(profile) as placket:
        services = placket.services.list()
    if as_json:
        write_json(services)
    else:
        _show(services)


@services_app.command()
def create(name: Name, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Make an empty service."""
    with asking(profile) as placket:
        service = placket.services.create(name)
    if as_json:
        write_json(service)
    else:
        made = service["name"]
        console.print(f"Service {made} is there: fill it with `placket index FILE --service {made}`.", soft_wrap=True)


@services_app.command()
def info(name: Existing, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """One service: its products, its bundle, its quota and its last index runs."""
    from itertools import islice

    with asking(profile) as placket:
        service = placket.services.get(name)
        runs = list(islice(placket.runs.list(name), 5))
    if as_json:
        write_json({**service, "runs": runs})
        return
    _show([service])
    if runs:
        from placket.cli.index_report import run_table

        console.print(run_table(runs))


@services_app.command()
def delete(
    name: Existing,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Delete a service with its products; its index runs stop."""
    with asking(profile) as placket:
        if not yes:
            documents = placket.services.get(name)["documents"]
            confirm(f"Delete {name} with its {documents} products?", "nothing was deleted")
        placket.services.delete(name)
    if as_json:
        write_json({"deleted": name})
    else:
        console.print(f"Service {name} is deleted.")


@services_app.command()
def reindex(
    name: Existing,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the run until it has ended.")] = True,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Compute the embeddings of a service anew with the bundle in use.

    Searches are answered with the old ones meanwhile. A product whose photo cannot be had again keeps its document and
    is listed; exit code 1. With --json the run, or null where there is nothing to do. `placket reindex` does it for all
    services, on the server's machine.
    """
    from placket.cli.index_report import follow, show_reserved

    with asking(profile) as placket:
        run = placket.runs.reindex(name)
    if run is not None and wait:
        follow(profile, run, as_json)
    elif run is not None:
        show_reserved(profile, run, as_json)
    elif as_json:
        write_json(None)
    else:
        console.print(f"Service {name} has the embeddings of the bundle in use already.", soft_wrap=True)


def _show(services: "Iterable[Service]") -> None:
    from placket.cli.index_report import id_table, moment, two_lines

    table = id_table("service and bundle", "products", "index requests left today", "created")
    for s in services:
        left = str(s["remainingIndexRequests"])
        what = two_lines(s["name"], s["bundle"])
        table.add_row(what, f"{s['documents']:,}", left, moment(s["createdAt"]))
    console.print(table)
