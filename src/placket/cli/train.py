"""`placket train`: train the detector or the encoder by a recipe."""

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from placket.cli.output import console, fail, run_safely
from placket.cli.train_gather import gather
from placket.training.recipes import brought_recipes, recipe_path

train_app = typer.Typer(no_args_is_help=True, help="Train the networks of a bundle (needs PyTorch).")
train_app.command()(gather)

Data = Annotated[Path | None, typer.Option(help="Folder of the training data: records, garments, images.")]
Out = Annotated[
    Path, typer.Option(help="Folder of the checkpoint and the log; a run that was cut off goes on from it.")
]
Cache = Annotated[
    Path | None,
    typer.Option(
        help="Folder of decoded pictures (gigabytes). Default: build/cache; OUT/cache for COCO and drawn pictures."
    ),
]
Sets = Annotated[str | None, typer.Option(help="Only these sets, comma separated, as cd,ccp. Default: all.")]
Start = Annotated[Path | None, typer.Option(help="Checkpoint whose weights to begin with.")]
Minutes = Annotated[float | None, typer.Option(min=0.05, help="Minutes to train instead of the recipe's.")]

DATA_CACHE = Path("build/cache")


def require_training() -> None:
    """Stop with a sentence where PyTorch is not installed."""
    if importlib.util.find_spec("torch") is None:
        raise fail(
            "training needs PyTorch, which is not installed: pip install 'placket\\[train]', "
            "or for the CPU build alone: pip install torch --index-url https://download.pytorch.org/whl/cpu",
            2,
        )


def chosen_sets(words: str | None) -> tuple[str, ...]:
    """The sets named, or all. Raises a failure for a word that is no set."""
    from placket.training.sources import SETS

    names = tuple(w.strip() for w in words.split(",")) if words else SETS
    if strange := [n for n in names if n not in SETS]:
        raise fail(f"{strange[0]!r} is no set of the training data ({', '.join(SETS)})", 2)
    return names


def _mapping(pairs: list[str]) -> dict[str, str]:
    if wrong := [p for p in pairs if "=" not in p]:
        raise fail(f"{wrong[0]!r} is not NAME=GROUP", 2)
    return {name: group for name, _, group in (p.rpartition("=") for p in pairs)}


def _recipes(*kinds: str) -> str:
    brought = ", ".join(f"`{name}`" for name in brought_recipes(*kinds))
    return f"A YAML file, or one that Placket brings: {brought}."


@train_app.command()
def detector(
    out: Out,
    recipe: Annotated[str, typer.Option(help=_recipes("detector", "smoke"))] = "detector",
    data: Data = None,
    coco: Annotated[Path | None, typer.Option(help="Your own boxes instead: a COCO file; with --images.")] = None,
    images: Annotated[Path | None, typer.Option(help="Folder of the pictures that the COCO file names.")] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="NAME=GROUP for a COCO category that is no word of ours.")
    ] = None,
    cache: Cache = None,
    sets: Sets = None,
    minutes: Minutes = None,
    start: Start = None,
    labels_by: Annotated[
        Path | None,
        typer.Option(
            help="Folder of a bundle that first labels photos without boxes (recipes `detector-people` and later ones)."
        ),
    ] = None,
    tutor: Annotated[Path | None, typer.Option(help="Checkpoint of a detector to learn from as well.")] = None,
) -> None:
    """Train the detector on the data folder, on your own COCO boxes, or (recipe `smoke`) on drawn pictures."""
    require_training()
    from placket.training.detector.train import DetectorRecipe, train_detector, train_on_coco, train_on_drawings

    with run_safely():
        settings = DetectorRecipe.read(recipe_path(recipe))
        settings.minutes = minutes or settings.minutes
        if coco is not None:
            if images is None:
                raise fail("--coco needs --images, the folder of its pictures", 2)
            path = train_on_coco(settings, coco, images, out, _mapping(group or []), cache, start, tutor)
        elif settings.drawn:
            path = train_on_drawings(settings, out, cache)
        elif data is not None:
            if labels_by is not None:
                from placket.training.detector.pseudo import label_photos

                console.print(f"photos labelled: {label_photos(labels_by, data, cache or DATA_CACHE)}")
            path = train_detector(settings, data, out, cache or DATA_CACHE, chosen_sets(sets), start, tutor)
        else:
            raise fail("say what to train on: --data, or --coco with --images", 2)
        console.print(f"checkpoint: {path}")


@train_app.command()
def encoder(
    out: Out,
    data: Annotated[Path, typer.Option(help="Folder of the training data: records, garments, images.")],
    recipe: Annotated[str, typer.Option(help=_recipes("encoder", "tutor"))] = "encoder",
    cache: Cache = None,
    sets: Sets = None,
    minutes: Minutes = None,
    detector: Annotated[
        Path | None, typer.Option(help="Checkpoint of a detector that boxes the photos without a box first.")
    ] = None,
    start: Start = None,
    tutor: Annotated[
        list[Path] | None, typer.Option(help="Checkpoint of a network to learn from as well; of several the mean.")
    ] = None,
) -> None:
    """Train the encoder on the garments of the data folder."""
    require_training()
    from placket.training.encoder.train import EncoderRecipe, train_encoder

    cache = cache or DATA_CACHE
    with run_safely():
        settings = EncoderRecipe.read(recipe_path(recipe))
        settings.minutes = minutes or settings.minutes
        if detector is not None:
            from placket.training.export import box_photos

            console.print(f"photos boxed: {box_photos(detector, data, cache)}")
        path = train_encoder(settings, data, out, cache, chosen_sets(sets), start, tutor or (), console.print)
        console.print(f"checkpoint: {path}")


@train_app.command()
def average(
    first: Annotated[Path, typer.Argument(help="Checkpoint of a run.")],
    second: Annotated[Path, typer.Argument(help="Checkpoint of one that began with it (`--start`).")],
    out: Annotated[Path, typer.Option(help="The checkpoint to write.")],
    share: Annotated[float, typer.Option(min=0, max=1, help="Of the second one's weights.")] = 0.5,
) -> None:
    """Mix the weights of two runs, the second of which began with the first: often better than either."""
    require_training()
    from placket.training.soup import average_checkpoints

    with run_safely():
        console.print(f"checkpoint: {average_checkpoints(first, second, share, out)}")


@train_app.command()
def unpack(
    out: Annotated[Path, typer.Option(help="Folder for `detector/checkpoint.pt` and so on.")],
    bundle: Annotated[
        Path | None, typer.Option(help="Folder of a bundle. Default: the one that Placket brings.")
    ] = None,
) -> None:
    """Make checkpoints of a bundle's networks, to begin with (`--start`) or to learn from (`--tutor`)."""
    require_training()
    from placket.training.unpack import unpack as unpack_bundle
    from placket.vision.library import shipped_folder

    with run_safely():
        for path in unpack_bundle(bundle or shipped_folder(), out).values():
            console.print(f"checkpoint: {path}")
