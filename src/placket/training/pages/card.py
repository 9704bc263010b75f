"""The model card: what a bundle is made of, what for, and where it fails; from its manifest alone."""

from pathlib import Path
from textwrap import fill
from typing import Any

from placket.training.pages.markdown import share, table
from placket.training.terms import NETWORKS, SECOND, SOURCES, sets_of_networks, terms_of

USE = """## What it is for

Finding, tagging and matching garments in photos that a shop or its customers send: product shots, flat lays, people
who wear what is sold. It says what a garment looks like. It is no judge of people: `gender` and `age` are those that a
garment is sold for, not those of whoever wears it, and no face is looked at, kept or compared.

It is not for identifying people, for deciding about them, or for measuring how true a colour is to a sample.
"""
OPEN_COMMANDS = """```sh
placket train detector --data DATA --sets cd,ccp --out build/detector
placket train detector --data DATA --sets cd,ccp --out build/detector-fine \\
    --recipe detector-fine --start build/detector/checkpoint.pt
placket train encoder --data DATA --sets cd,ccp --out build/encoder --detector build/detector-fine/checkpoint.pt
placket export --detector build/detector-fine/checkpoint.pt --encoder build/encoder/checkpoint.pt \\
    --data DATA --out build/bundle --version open-1
PLACKET_BUNDLE=build/bundle placket serve
```
"""
FAILURES = (
    "Street photos: a coat over a shirt over a skirt is cut into crops with parts of all three in them. Tags of street "
    "garments are the weakest of all{street}.",
    "Bags in a hand, hats, and above all jewellery, belts and glasses on people: many or most are missed. Photographed "
    "alone they are found.",
    "Dresses: on people often taken for a top, for a skirt, or found twice as both.",
    "Photos on their side or upside down without the camera's note of it: {unnoticed} not found out, and seen as they "
    "come{turned}.",
    "Grainy photos, words over the picture, out of focus, dark, a little askew: categories are missed{worse}.",
    "In the dark and in coloured light main colours are missed{light}.",
    "Without a garment in the photo one is found all the same{empty}.",
    "Clothes lying flat in phone photos: whether for women or men, and for kids, is often wrong: size is not in the "
    "picture.",
    "Fabric, fit, shape, look and details are told wrong more often than the rest{unsure}; two labellings differ there "
    "too.",
    "Words: 81 categories and 14 attributes; what is in none of them is given the nearest or `other`.",
)
NO_FIGURES = dict.fromkeys(("street", "turned", "worse", "light", "empty", "unsure"), "") | {"unnoticed": "some are"}
AS_THEY_ARE, TURNED = "as they are", ("a quarter turn", "upside down")
SOMEWHAT = ("words over it", "out of focus", "dark", "12 degrees askew")
UNSURE = ("fabric", "fit", "shape", "look", "details")
NOTHING = {"empty": "bottles, tubes and other things on white", "drawn": "drawn patterns", "backdrop": "streets"}


def _failures(manifest: dict[str, Any]) -> str:
    figures = NO_FIGURES | _of_pictures(manifest["metrics"].get("encoder", {}))
    turns = manifest["training"].get("chosen_on_calib", {}).get("encoder", {}).get("turns", {})
    if shares := turns.get("right_by_turn", [])[1:]:
        figures["unnoticed"] = f"{1 - sum(shares) / len(shares):.0%} are"
    rows = (fill(f"- {row.format(**figures)}", 118, subsequent_indent="  ") for row in FAILURES)
    return (
        "## Where it fails\n\nSeen in the sheets of detections and in the tables of the two pages:\n\n"
        + "\n".join(rows)
        + "\n"
    )


def _of_pictures(told: dict[str, Any]) -> dict[str, str]:
    """Of the encoder's page, where there is one, what stands behind a failure's sentence."""
    out = {}
    category, color = (_known(told.get("worse_photos", {}), name) for name in ("category", "first_color"))
    if category:
        plain, some = category[AS_THEY_ARE], [category[kind] for kind in SOMEWHAT]
        upright = sum(category[kind] for kind in TURNED) / len(TURNED)
        out["turned"] = f"; the category is right for {upright:.2f} of all, instead of {plain:.2f}"
        out["worse"] = (
            f", right for {category['grainy']:.2f} of the grainy ones and {min(some):.2f} to {max(some):.2f} of the "
            f"others instead of {plain:.2f}"
        )
    if color:
        out["light"] = (
            f", right for {color['dark']:.2f} and {color['warm light']:.2f} instead of {color[AS_THEY_ARE]:.2f}"
        )
    if street := told.get("whole_photos", {}).get("ccp"):
        out["street"] = f", and {1 - street['found']:.0%} of these garments are not found"
    answered = [(told.get("without_garment", {}).get(kind, (0, 0)), name) for kind, name in NOTHING.items()]
    if seen := [f"{found} of {count} {name}" for (count, found), name in answered if count]:
        out["empty"] = f": in {', '.join(seen)}"
    if shares := [f[n]["accuracy"] for f in told.get("tags", {}).values() for n in UNSURE if n in f]:
        out["unsure"] = f", right for {min(shares):.2f} to {max(shares):.2f} by set"
    return out


def _known(by_kind: dict[str, Any], name: str) -> dict[str, float]:
    """Figures by kind of change; none where no label is known."""
    found = {kind: figures[name] for kind, figures in by_kind.items()}
    return {} if None in found.values() else found


def _data(training: dict[str, Any]) -> str:
    networks = [name for name in NETWORKS if name in training]
    parts = [training[name].get("sources", {}) for name in networks]
    rows = []
    for source in sorted({name for part in parts for name in part}, key=lambda s: ([*SOURCES, s].index(s), s)):
        # Of one's own photos the terms are told with the name.
        name, _, told = source.partition(": ")
        what, terms = SOURCES.get(source, ("photos of one's own", told))
        rows.append([f"`{name}`: {what}", *(str(part.get(source, 0)) for part in parts), terms])
    shown = {"detector": "pictures, detector", "encoder": "crops, encoder", SECOND: "crops, second encoder"}
    out = "## Data\n\n" + table(["set", *(shown[name] for name in networks), "terms of the source"], rows)
    if limits := terms_of(sets_of_networks(training)):
        out += f"\n**{limits}**\nOn `cd` and `ccp` alone:\n\n{OPEN_COMMANDS}"
    return out + (
        "\nPublic ImageNet classifiers, in the end fine-tuned on the same photos, served as teachers: the encoder\n"
        "learnt to predict their features and answers as well, the detector the scores and boxes of one. Nothing\n"
        "of a teacher is in the bundle. No photo or label of the data is in it either.\n"
        if training["encoder"]["recipe"].get("teacher") else ""
    )  # fmt: skip


def _figures(metrics: dict[str, Any]) -> str:
    parts = [
        "## Figures\n\nOn `val`, photos of the same kinds that were held apart. All: [detector](detector.md), "
        "[encoder](encoder.md).\n"
    ]
    found = metrics.get("detector")
    if found:
        # Not all groups of the studio photos are told.
        several = {k: sets["detector"]["ap50"] for k, sets in found["coco"].items() if k != "viton"}
        shown = {"ccp": "street photos"}
        rows = [[f"{shown.get(k, f'`{k}`')}, mean AP50 of all groups", share(v)] for k, v in several.items()]
        rows += [
            [f"`{kind}`, single item found at IoU 0.5", share(f["detector"]["any50"])]
            for kind, f in found["single"].items()
        ]
        parts.append(table(["detector", ""], rows))
    told = metrics.get("encoder")
    if told:
        names = ("category", "first_color", "pattern", "fabric", "gender")
        rows = [
            [f"`{view}`", *(share(tags[n]["accuracy"]) if n in tags else "–" for n in names)]
            for view, tags in told["tags"].items()
        ]
        parts.append(table(["encoder, share right", *names], rows))
    return "\n".join(parts)


def _second_look(encoder: dict[str, Any]) -> str:
    second = encoder.get("second")
    if not second:
        return ""
    if second["file"] == encoder["file"]:
        return ", which looks again, at the crop mirrored, where it is unsure"
    return ", with a second one of its kind for the crops of which it is unsure"


def write_card(page: Path, manifest: dict[str, Any]) -> None:
    """Write the card of a bundle whose manifest has figures and provenance."""
    training = manifest["training"]
    detector, encoder = manifest["detector"], manifest["encoder"]
    head = (
        f"# Model card: bundle {manifest['version']}\n\nWritten by `placket eval card`. "
        f"Made {manifest['created']}.\nPlain "
        f"convolutional networks: a detector ({detector['size'][0]} px, boxes of nine groups) and an encoder "
        f"({encoder['size'][0]} px: 81 categories, 14 attributes, an embedding of {encoder['embedding_dim']} numbers)"
        + _second_look(encoder)
        + "; trained from nothing with `placket.training`; recipes and seeds are in `bundle.json`.\n"
    )
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(
        "\n".join([head, USE, _data(training), _figures(manifest["metrics"]), _failures(manifest)]),
        encoding="utf-8",
    )
