"""`placket status`: does the server serve, and does it know the key."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from placket.cli.json_lines import write_json
from placket.cli.output import console
from placket.cli.remote import SOME_FAILED, AsJson, ProfileName, administering, asking, profile_of

if TYPE_CHECKING:
    from placket.client import Placket


def status(
    figures: Annotated[
        bool, typer.Option("--figures", help="Also those of the queue and of vision; the key must be the admin token.")
    ] = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Whether a server can serve, and whether it knows the key; exit code 1 when it cannot serve now."""
    found: dict[str, Any] = {"url": profile_of(profile).url}
    with administering(profile) if figures else asking(profile) as placket:
        found.update(placket.server.readiness())
        if found["status"] == "ready":
            found.update(_figures(placket) if figures else _catalogue(placket))
    if as_json:
        write_json(found)
    else:
        _show(found)
    if found["status"] != "ready":
        raise typer.Exit(SOME_FAILED)


def _figures(placket: "Placket") -> dict[str, Any]:
    return {"figures": placket.admin.statistics()}


def _catalogue(placket: "Placket") -> dict[str, Any]:
    services = placket.services.list()
    return {"services": len(services), "products": sum(s["documents"] for s in services)}


def _show(found: dict[str, Any]) -> None:
    console.print(f"{found['url']} is {found['status']}.", markup=False, soft_wrap=True)
    for problem in found["problems"]:
        console.print(f"  {problem}", style="red", markup=False, soft_wrap=True)
    if "services" in found:
        console.print(f"The key's project: services {found['services']:,}, products {found['products']:,}.")
    if "figures" in found:
        from rich.table import Table

        table = Table("figure", "value")
        for name, value in sorted(found["figures"].items()):
            table.add_row(name, f"{value:,.12g}")
        console.print(table)
