"""The command `placket`: one module a command."""

from typing import Annotated

import typer

import placket
from placket.cli.account import account_app
from placket.cli.convert import convert
from placket.cli.corrections import correct, uncorrect
from placket.cli.db import db_app
from placket.cli.demo import demo_app
from placket.cli.detect import detect
from placket.cli.doctor import doctor
from placket.cli.embed import embed
from placket.cli.evaluate import evaluate_app
from placket.cli.export import export
from placket.cli.help_text import flow
from placket.cli.index import index
from placket.cli.key_limits import limit, usage
from placket.cli.keys import keys_app
from placket.cli.photos import photos_app
from placket.cli.products import products_app
from placket.cli.profile import profile_app
from placket.cli.reindex import reindex
from placket.cli.runs import runs_app
from placket.cli.search import search_app
from placket.cli.serve import serve, worker
from placket.cli.services import services_app
from placket.cli.status import status
from placket.cli.tag import tag
from placket.cli.tasks import tasks_app
from placket.cli.train import train_app

app = typer.Typer(
    name="placket",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Self-hosted fashion vision: finds the garments in product photos, tags them, and finds what looks like them.",
)
app.command()(serve)
app.command()(worker)
app.command()(reindex)
app.command()(doctor)
app.command()(tag)
app.command()(detect)
app.command()(embed)
app.command()(convert)
app.command()(index)
app.command()(status)
app.command()(export)
keys_app.command()(limit)
keys_app.command()(usage)
products_app.command()(correct)
products_app.command()(uncorrect)
app.add_typer(services_app, name="services")
app.add_typer(runs_app, name="runs")
app.add_typer(products_app, name="products")
app.add_typer(photos_app, name="photos")
app.add_typer(search_app, name="search")
app.add_typer(tasks_app, name="tasks")
app.add_typer(account_app, name="account")
app.add_typer(profile_app, name="profile")
app.add_typer(keys_app, name="keys")
app.add_typer(db_app, name="db")
app.add_typer(demo_app, name="demo")
app.add_typer(train_app, name="train")
app.add_typer(evaluate_app, name="eval")
flow(app)


def _version(show: bool) -> None:
    if show:
        typer.echo(f"placket {placket.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass
