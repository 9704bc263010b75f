"""`placket eval`: a bundle's figures on the photos held apart, as pages."""

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from placket.cli.output import console, fail, run_safely

evaluate_app = typer.Typer(
    no_args_is_help=True,
    help="Measure a bundle on held-apart photos: write its pages, and the figures into its bundle.json.",
)

Bundle = Annotated[Path, typer.Option(help="Folder of the bundle.")]
Data = Annotated[Path, typer.Option(help="Folder of the data: records, garments, images.")]
Cache = Annotated[Path, typer.Option(help="Folder of decoded pictures, made if need be (gigabytes).")]
Vit = Annotated[
    Path, typer.Option(help="Where the yardstick for times, a ViT-B/16, lies or is put (needs PyTorch to make).")
]
Timed = Annotated[bool, typer.Option("--speed/--no-speed", help="Measure times; nothing else should be running.")]


def _require(*modules: str) -> None:
    missing = [m for m in modules if importlib.util.find_spec(m) is None]
    if missing:
        raise fail(f"this needs {', '.join(missing)}: pip install 'placket\\[train]'", 2)


def _others(told: list[str]) -> dict[str, Path]:
    """Bundles by name, read before minutes are spent on the first one."""
    from placket.vision.bundle import read_bundle

    others = {name: Path(folder) for name, _, folder in (b.partition("=") for b in told)}
    if "" in others or Path() in others.values():
        raise fail("--beside is NAME=FOLDER", 2)
    for folder in others.values():
        read_bundle(folder)
    return others


def _say(line: str) -> None:
    console.print(line, markup=False, soft_wrap=True)


@evaluate_app.command()
def detector(
    bundle: Bundle,
    data: Data,
    page: Annotated[Path, typer.Option(help="Page to write.")] = Path("docs/models/detector.md"),
    cache: Cache = Path("build/cache"),
    sheet: Annotated[
        Path | None, typer.Option(help="PNG of detections drawn over photos of the data; keep it private.")
    ] = None,
    speed: Timed = True,
    vit: Vit = Path("build/vit-b16.onnx"),
) -> None:
    """COCO figures by group and size, single items, hard photos, beside two baselines."""
    _require("pyarrow", "faster_coco_eval", "onnx", "yaml")
    from placket.training.report import report_detector

    with run_safely():
        report_detector(bundle, data, cache, page, vit if speed else None, sheet)
        console.print(f"wrote {page}")


@evaluate_app.command()
def encoder(
    bundle: Bundle,
    data: Data,
    page: Annotated[Path, typer.Option(help="Page to write.")] = Path("docs/models/encoder.md"),
    cache: Cache = Path("build/cache"),
    speed: Timed = True,
    vit: Vit = Path("build/vit-b16.onnx"),
    beside: Annotated[list[str] | None, typer.Option(help="NAME=FOLDER of another bundle, for comparison.")] = None,
) -> None:
    """Tags by set and attribute beside annotators' agreement, retrieval, calibration, the similarity curve."""
    _require("pyarrow", "onnx", "yaml")
    from placket.training.report import report_encoder

    with run_safely():
        others = _others(beside or [])
        report_encoder(bundle, data, cache, page, vit if speed else None, others, _say)
        console.print(f"wrote {page}")


@evaluate_app.command()
def card(
    bundle: Bundle, page: Annotated[Path, typer.Option(help="Page to write.")] = Path("docs/models/card.md")
) -> None:
    """The model card, from the figures that the other two commands left in the bundle."""
    from placket.training.manifest import read_manifest
    from placket.training.pages.card import write_card

    with run_safely():
        write_card(page, read_manifest(bundle))
        console.print(f"wrote {page}")
