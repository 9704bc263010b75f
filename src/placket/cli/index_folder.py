"""Photos of a folder on their way to a service, several at once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import typer

from placket.cli.index_photos import Plan, Planned, Refused, plan_folder
from placket.cli.index_report import show_failures
from placket.cli.json_lines import write_json
from placket.cli.looking import MOST_BYTES, say_passed_over
from placket.cli.output import console, fail
from placket.cli.profile_store import Profile
from placket.cli.progress import Bar, progress_bar
from placket.cli.remote import (
    PATIENT,
    PROXY_TOOK_NONE,
    SOME_FAILED,
    USAGE,
    failed,
    failures,
    is_about_one_file,
    profile_of,
    usage_errors,
)
from placket.cli.shrinking import Shrinking
from placket.client import AsyncPlacket
from placket.client.errors import (
    ApiError,
    ClientError,
    DocumentQuotaExceeded,
    NoSuchProduct,
    NoSuchService,
    Unauthorized,
)
from placket.domain.errors import ImageError, ImageTooManyBytes
from placket.pictures import read_picture

Read = Callable[[Path], Awaitable[bytes]]
_TOUCHES_ALL = (Unauthorized, NoSuchService, DocumentQuotaExceeded)


@dataclass(slots=True)
class Report:
    """``stopped``: what makes it useless to go on; what was not sent by then is in no count but ``total``."""

    total: int
    indexed: int = 0
    deleted: int = 0
    refused: list[Refused] = field(default_factory=list)
    stopped: ClientError | None = None


def index_folder(
    folder: Path,
    columns: Path | None,
    service: str,
    at_once: int,
    profile: str | None,
    *,
    by_folder: bool,
    shrink: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Upload every photo below ``folder`` as a product, with ``shrink`` made small first. Running it again replaces
    what is there."""
    with usage_errors(), failures():
        plan = plan_folder(folder, columns, by_folder=by_folder)
    if not plan.products and not plan.refused:
        say_passed_over(plan.others)
        raise fail(f"there are no photos in {folder}", USAGE)
    total = len(plan.products) + len(plan.refused)
    report = Report(total, refused=plan.refused)
    if not dry_run:
        found = profile_of(profile)
        with failures(), usage_errors(), progress_bar("indexing", len(plan.products), "products", quiet=as_json) as bar:
            asyncio.run(_upload(found, service, plan, at_once, shrink, report, bar))
    _show(report, plan, service, dry_run, as_json)
    if report.stopped is not None:
        raise failed(report.stopped)
    if report.refused:
        raise typer.Exit(SOME_FAILED)


async def _upload(
    profile: Profile, service: str, plan: Plan, at_once: int, shrink: bool, report: Report, bar: Bar
) -> None:
    waiting = iter(plan.products)
    read = Shrinking().read if shrink else _as_it_is
    async with AsyncPlacket(profile.url, profile.key) as placket:
        await placket.services.get(service)
    async with AsyncPlacket(profile.url, profile.key, retries=PATIENT) as placket:

        async def work() -> None:
            for product in waiting:
                if report.stopped is not None:
                    return
                await _one(placket, service, product, read, report)
                bar.advance()

        await asyncio.gather(*(work() for _ in range(at_once)))


async def _as_it_is(photo: Path) -> bytes:
    """Raises OSError, ImageError."""
    return await asyncio.to_thread(read_picture, photo, MOST_BYTES)


async def _one(placket: AsyncPlacket, service: str, product: Planned, read: Read, report: Report) -> None:
    try:
        if product.photo is None:
            await placket.products.delete(service, product.product_id)
            report.deleted += 1
        else:
            photo = await read(product.photo)
            await placket.products.put(service, product.product_id, photo, **product.fields)
            report.indexed += 1
    except NoSuchProduct as error:
        _refuse(report, product, error.name, "no such product to delete")
    except _TOUCHES_ALL as error:
        report.stopped = error
    except ApiError as error:
        _refuse(report, product, error.name, error.detail)
    except ClientError as error:
        if is_about_one_file(error):
            _refuse(report, product, "TooLarge", PROXY_TOOK_NONE)
        else:
            report.stopped = error
    except ImageError as error:
        _refuse(report, product, "TooLarge" if isinstance(error, ImageTooManyBytes) else "Unreadable", error.detail)
    except OSError as error:
        _refuse(report, product, "Unreadable", error.strerror or str(error))


def _refuse(report: Report, product: Planned, reason: str, detail: str) -> None:
    report.refused.append(Refused(product.product_id, product.where, reason, detail))


def _show(report: Report, plan: Plan, service: str, dry_run: bool, as_json: bool) -> None:
    if as_json:
        counts = {"total": report.total, "indexed": report.indexed, "deleted": report.deleted}
        listed = [asdict(r) for r in report.refused]
        told = {"failed": len(listed), "failures": listed, "notLookedAt": plan.others}
        write_json({"service": service, "dryRun": dry_run, **counts, **told})
        return
    if dry_run:
        good = report.total - len(report.refused)
        console.print(f"{report.total:,} products: {good:,} can be sent, {len(report.refused):,} cannot.")
    else:
        console.print(
            f"{report.total:,} products: {report.indexed:,} indexed, {report.deleted:,} deleted, "
            f"{len(report.refused):,} failed."
        )
    show_failures([(r.where, r.product_id, r.reason, r.detail) for r in report.refused])
    say_passed_over(plan.others)
