"""What a person sees of the demo."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from placket.cli.demo.goods import Product
from placket.cli.demo.home import Home
from placket.cli.demo.shop import Hit, Progress
from placket.cli.output import console


def indexed(progress: Progress, seconds: float, failures: Mapping[str, str], names: Mapping[str, str]) -> None:
    parts = [f"{progress.added} added", f"{progress.updated} updated"]
    if progress.failed:
        parts.append(f"[yellow]{progress.failed} failed[/yellow]")
    console.print(f"Indexed {progress.total} products in {seconds:.1f} s: {', '.join(parts)}.")
    for product_id, reason in list(failures.items())[:5]:
        console.print(f"  [yellow]{product_id}[/yellow] {escape(names.get(product_id, ''))}: {escape(reason)}")


def _asked(title: str, call: str) -> None:
    console.print(f"\n[bold]{escape(title)}[/bold]", soft_wrap=True)
    console.print(call, style="dim", markup=False, soft_wrap=True)


def hits(title: str, call: str, found: Sequence[Hit], products: Mapping[str, Product]) -> None:
    """What was asked, and a table of the best hits."""
    _asked(title, call)
    if not found:
        console.print("Nothing was found.")
        return
    table = Table()
    table.add_column("similarity", justify="right")
    table.add_column("product")
    table.add_column("name")
    for hit in found:
        product = products.get(hit.product_id)
        table.add_row(_bar(hit.similarity), hit.product_id, escape(product.name) if product else "?")
    console.print(table)


def _bar(share: float) -> str:
    full = round(share * 10)
    return f"[green]{'█' * full}[/green][dim]{'░' * (10 - full)}[/dim] {share:.3f}"


def tags(title: str, call: str, items: Sequence[Mapping[str, Any]]) -> None:
    _asked(title, call)
    if not items:
        console.print("Nothing was found.")
        return
    item = items[0]
    table = Table()
    table.add_column("attribute")
    table.add_column(f"{item['type']}, score {item['score']:.2f}")
    for tag in item["tags"]:
        labels = [f"{escape(str(x['label']))} [dim]{x['score']:.2f}[/dim]" for x in tag["labels"][:3]]
        table.add_row(str(tag["attribute"]), ", ".join(labels))
    console.print(table)


def boxes(items: Sequence[Mapping[str, Any]]) -> str:
    """Where the items are, for a caption: per cent of width and height."""
    return "; ".join(
        f"item {n}: x {i['b0'][0]:.0%}..{i['b1'][0]:.0%}, y {i['b0'][1]:.0%}..{i['b1'][1]:.0%}"
        for n, i in enumerate(items, start=1)
    )


def goodbye(address: str, home: Home, images: Path, console_page: bool, stop: str) -> None:
    lines = [f"API documentation   {address}/docs"]
    if console_page:
        lines.append(f"Console             {address}/console")
        if home.token.exists():
            lines.append(f"to sign in there    {home.token}")
    lines += [
        f"API key             {home.key}",
        f"Pictures            {images}",
        f"Stop the server     {stop}",
    ]
    console.print()
    console.print(Panel(escape("\n".join(lines)), title="The server is running", title_align="left", expand=False))
