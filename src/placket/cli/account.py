"""`placket account`: what concerns the project of the key that asks."""

from datetime import date, datetime
from typing import Annotated

import typer

from placket.cli.json_lines import write_json
from placket.cli.output import console, errors
from placket.cli.remote import AsJson, ProfileName, asking

account_app = typer.Typer(
    no_args_is_help=True, help="Usage and webhook secret of the key's project on a running server."
)
_DAY = ["%Y-%m-%d"]


@account_app.command()
def usage(
    first: Annotated[datetime | None, typer.Option("--from", formats=_DAY, help="First day (UTC).")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=_DAY, help="Last day; today if not given.")] = None,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Tagging requests and images by day and key; of the last 30 days if not told otherwise."""
    with asking(profile) as placket:
        used = placket.account.usage(_day(first), _day(last))
    if as_json:
        write_json(used)
        return
    from rich.table import Table

    table = Table("day", "key", "requests", "images")
    for day in used["days"]:
        table.add_row(day["day"], day["keyId"], f"{day['requests']:,}", f"{day['images']:,}")
    console.print(table)
    most = used["imagesPerMonth"]
    of = f"of {most:,} that it may" if most is not None else "and may any number"
    console.print(f"This key has had {used['imagesThisMonth']:,} images tagged this month, {of}.", soft_wrap=True)


@account_app.command("webhook-secret")
def webhook_secret(profile: ProfileName = None, as_json: AsJson = False) -> None:
    """The secret that webhooks to this project's callback URLs are signed with."""
    with asking(profile) as placket:
        secret = placket.account.webhook_secret()
    if as_json:
        write_json(secret)
        return
    typer.echo(secret["secret"])
    how = f"{secret['header']} is {secret['algorithm']}= and the hex HMAC of the body under these characters."
    errors.print(how, style="dim", markup=False, soft_wrap=True)


def _day(moment: datetime | None) -> date | None:
    return moment and moment.date()
