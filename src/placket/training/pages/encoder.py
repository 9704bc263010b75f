"""The page about an encoder."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from placket.training.encoder.beside import Difference
from placket.training.encoder.end_to_end import WholePhotos
from placket.training.encoder.evaluate import (
    AGREEMENT,
    LABELLED_TWICE,
    LEAST_EXAMPLES,
    VIEWS,
    EncoderFigures,
    TagFigures,
)
from placket.training.encoder.worse_photos import WorsePhotos
from placket.training.pages.markdown import share, table, verdict
from placket.training.speed import Speed
from placket.training.terms import history

CATALOGUE = ("hm", "myntra")
SETS = ("colors", "details")
LEAST = 50
HEAD = """# The garment encoder, bundle {version}

Written by `placket eval encoder`; figures on `val`. Temperatures, what counts as unknown and the similarity
curve were chosen on a twentieth of `train` set aside by group. {files}, {side} px.

A tag is judged as the server reads it off a crop: category first (with the detector's groups, as far as the calibration
lets them weigh), then the attributes that apply to it. A known label that is answered with "unknown", or missed because
the category is wrong, is wrong. What the server concludes from the rest of a photo counts under "Whole photos" alone.
Crops are cut by the boxes of the data out of the photos as they are; shop photos (`myntra`) by the detector's.
"Agreement" is that of two independent labellings of the same {twice} garments, of all sets together: it is known to
some 0.02, and each set is held to it, those that are harder to label too.
"""
HOW_TAGS = """
Share right (colors, details: mean F1 of the set, 1 where both are empty). ● reaches the goal, ▼ misses the floor
({below} of {cells} figures); – fewer than {least} labels. ECE: expected calibration error over all sets, of what was
answered; of a main colour, of its being one of the garment's colours. Some 0.02 of each is chance.
Which garments are in a set moves a share of 0.8, in 19 of 20 draws, by up to 0.02 where it has 1,000, 0.05 of 250, 0.11
of 50; of `hm`, where a design comes in several colours, by 0.03.
"""
HOW_BY_SET = f"""Answered: with a label at least. Mean over labels: of those that {LEAST_EXAMPLES} garments or more
have. Most frequent label: what that of `train` would get; of colors and details the most frequent set.
"""
SECOND_LOOK = """
A crop of which no category is as probable as {below:.2f} is shown, mirrored, to {whom} (`{file}`); what both
say counts by halves, for the tags and for the embedding.
"""


def floors(attribute: str, view: str) -> tuple[float, float]:
    """Floor and goal of an attribute on a set, as shares of agreement."""
    if attribute in SETS:
        return 0.80, 1.00
    return (0.85, 1.00) if view in CATALOGUE else (0.75, 0.95)


def _cell(figures: TagFigures | None, attribute: str, view: str) -> str:
    if figures is None or figures.count < LEAST:
        return "–"
    floor, goal = floors(attribute, view)
    reached = figures.accuracy / AGREEMENT[attribute]
    mark = {"goal": " ●", "floor": "", "**below**": " ▼"}[verdict(reached, floor, goal)]
    return f"{share(figures.accuracy)}{mark}"


def _overview(figures: EncoderFigures) -> str:
    rows = [
        [name, f"{agreement:.3f}", *(_cell(figures.tags[v].get(name), name, v) for v in VIEWS),
         share(figures.calibration_error.get(name))]
        for name, agreement in AGREEMENT.items()
    ]  # fmt: skip
    below = sum("▼" in cell for row in rows for cell in row)
    cells = sum(cell != "–" for row in rows for cell in row[2:-1])
    numbers = {
        view: {name: (f.count, f.accuracy, f.majority) for name, f in by_name.items()}
        for view, by_name in figures.tags.items()
    }
    return (
        table(["attribute", "agreement", *(f"`{v}`" for v in VIEWS), "ECE"], rows)
        + HOW_TAGS.format(below=below, cells=cells, least=LEAST)
        + no_better(numbers)
    )


def no_better(numbers: Mapping[str, Mapping[str, tuple[int, float, float]]]) -> str:
    """`numbers[set][attribute]`: labels, share right, share that has the most frequent label."""
    none = {
        view: [name for name, (count, right, most) in by_name.items() if count >= LEAST and right <= most]
        for view, by_name in numbers.items()
    }
    told = "; ".join(f"`{view}` {', '.join(sorted(names))}" for view, names in none.items() if names)
    return f"Right no more often than the most frequent label of `train`: {told}.\n" if told else ""


def _too_sure(figures: EncoderFigures) -> str:
    """Nothing where no category is known."""
    by_view = {view: gap for view, gap in figures.too_sure.items() if not math.isnan(gap)}
    told = ", ".join(f"`{view}` {gap:+.2f}" for view, gap in by_view.items())
    return f"The probability of a category, on the mean, less the share right, by set: {told}.\n" if told else ""


def _details(figures: EncoderFigures, view: str) -> str:
    rows = []
    for name in AGREEMENT:
        f = figures.tags[view].get(name)
        if f and f.count >= LEAST:
            rows.append([name, str(f.count), share(f.accuracy), share(f.accuracy / AGREEMENT[name]), share(f.coverage),
                         share(f.macro), share(f.majority)])  # fmt: skip
    head = [
        "attribute",
        "garments",
        "right",
        "share of agreement",
        "answered",
        "mean over labels",
        "most frequent label",
    ]
    return f"### `{view}`\n\n" + table(head, rows)


def _retrieval(figures: EncoderFigures) -> str:
    r = figures.retrieval
    rows = [
        ["person crop to product shot, recall at 1", share(r["recall@1"]), "0.45", "0.85",
         verdict(r["recall@1"], 0.45, 0.85)],
        ["the same, recall at 10", share(r["recall@10"]), "0.80", "0.98", verdict(r["recall@10"], 0.80, 0.98)],
        ["same category and first colour among the 10 nearest", share(r["any_of_10"]), "0.60", "0.85",
         verdict(r["any_of_10"], 0.60, 0.85)],
    ]  # fmt: skip
    return table(["", "reached", "floor", "goal", ""], rows) + (
        f"\nStudio: {r['pairs']:.0f} persons against {r['shots']:.0f} product shots. Catalogue: "
        f"{r['catalogue']:.0f} garments of `hm`; {share(r['catalogue_with_match'])} of them have another of the "
        "same category and colour at all, and of these "
        f"{share(r['any_of_10_where_possible'])} find one among the 10 nearest. Of all that the 10 nearest could hold, "
        f"{share(r['share_of_possible'])} are there.\n"
    )


def _curve(figures: EncoderFigures) -> str:
    rows = [
        [f"{p['similarity']:.2f}", f"{p['cosine']:.3f}", share(p["same"]), f"{p['random']:.5f}"] for p in figures.curve
    ]
    return (
        "Similarity is the cosine read off a curve by how rare that cosine is among random pairs: 0.3, 0.5 and 0.7\n"
        "let one random pair in 10, 100 and 1,000 through. So a threshold means the same with every bundle.\n\n"
        + table(["similarity at least", "cosine", "same product (studio pairs)", "random pairs"], rows)
    )


def _hints(figures: EncoderFigures, weights: dict[str, float]) -> str:
    rows = [
        [f"`{view}`", name, f"{f['count']:.0f}", share(f["told"]), share(f["alone"]), share(f["with_words"])]
        for view, by_name in figures.hints.items()
        for name, f in by_name.items()
    ]
    return (
        "A tagging request may come with the product's name, keywords and gender. A category or gender that they name\n"
        f"gets {weights.get('category', 0.0):g} and {weights.get('gender', 0.0):g} added to its log-probability; both "
        "were chosen like the temperatures.\n"
        "Here the words are the name and the gender (`hm`: the department) in the shop's own records.\n\n"
        + table(["set", "attribute", "garments", "words name one", "picture alone", "picture and words"], rows)
    )


def _ablation(rows: Sequence[dict[str, Any]]) -> str:
    names = [k for k in rows[0] if k != "name"]
    return table(["variant", *names], [[str(r["name"]), *(share(r[n]) for n in names)] for r in rows])


def _apart(name: str, found: Sequence[Difference]) -> str:
    rows = [
        [d.attribute, str(d.garments), share(d.right / d.garments), share(d.other / d.garments), str(d.gained),
         str(d.lost), d.verdict]
        for d in found
    ]  # fmt: skip
    return table(
        ["attribute", "garments", "this bundle", f"`{name}`", "right here alone", "right there alone", ""], rows
    )


def _whole(whole: dict[str, WholePhotos]) -> str:
    names = ("category", "first_color", "measured_color", "pattern", "fabric", "neckline", "sleeve_length", "gender")
    rows = [
        [
            f"`{view}`",
            str(w.garments),
            share(w.found),
            *(share(w.tags[n].accuracy) if n in w.tags else "–" for n in names),
        ]
        for view, w in whole.items()
    ]
    return (
        "The photo as it is, through the detector and all: the garment that overlaps the labelled one's box by half\n"
        "(the first garment, where the data has no box), each for one label alone: a coat and the shirt below it in\n"
        "one box are one that is found and one that is not. A garment that was not found is wrong in everything.\n"
        "`measured_color` is the largest colour measured from the pixels, by its name; `first_color` is told first.\n\n"
        + table(["set", "garments", "found", *names], rows)
    )


def _worse(by_bundle: Mapping[str, Mapping[str, WorsePhotos]]) -> str:
    own, *others = by_bundle
    rows = [
        [
            kind,
            *(share(v) for v in (f.found, f.category, f.first_color, f.itself)),
            *(f"{share(by_bundle[o][kind].category)} / {share(by_bundle[o][kind].itself)}" for o in others),
        ]
        for kind, f in by_bundle[own].items()
    ]
    garments = next(iter(by_bundle[own].values())).garments
    head = ["photos", "found", "category", "main colour", "itself", *(f"{o}: category / itself" for o in others)]
    return (
        f"A quarter of the photos ({garments} garments), changed one way at a time (`placket.training.worse`), through "
        "the detector\nand all; shares right, the sets weighted alike. `itself`: of all garments of the photos as they "
        "are, the most similar\nis the same one.\n\n" + table(head, rows)
    )


def _second_looks(speed: Speed) -> str:
    if not speed.share:
        return ""
    return (
        f" Of the crops on this page {speed.share:.1%} get a second look, {speed.second:.2f} ms more: "
        f"{speed.mean:.2f} ms on the mean."
    )


def _without(empty: dict[str, tuple[int, int]]) -> str:
    names = {"empty": "photos of other things", "backdrop": "street beside a person", "drawn": "drawn pictures"}
    said = ", ".join(f"{names[k]} {answered} of {count}" for k, (count, answered) in empty.items())
    return (
        f"\nPictures without a garment that were answered with one: {said}.\n"
        "Some of the streets have people far behind.\n"
    )


def write_page(page: Path, manifest: dict[str, Any], figures: EncoderFigures, whole: dict[str, WholePhotos],
               megabytes: Mapping[str, float], speed: Speed | None, ablation: Sequence[dict[str, Any]],
               empty: dict[str, tuple[int, int]], worse: Mapping[str, Mapping[str, WorsePhotos]],
               apart: Mapping[str, Sequence[Difference]]) -> None:  # fmt: skip
    """Write the page. `worse`: figures by kind of change, by bundle, of which the first is the page's own; `apart`: by
    what it differs from the others."""
    settings, training = manifest["encoder"], manifest["training"]["encoder"]
    files = ("The file: " if len(megabytes) == 1 else "The files: ") + ", ".join(
        f"`{name}`, {size:.1f} MB" for name, size in megabytes.items()
    )
    head = HEAD.format(version=manifest["version"], files=files, side=settings["size"][0], twice=LABELLED_TWICE)
    if second := settings.get("second"):
        whom = "the same network again" if second["file"] == settings["file"] else "a second network too"
        head += SECOND_LOOK.format(**second, whom=whom)
    parts = [
        head,
        "## Tags\n",
        _overview(figures) + _too_sure(figures),
        "## The same product, the same kind\n",
        _retrieval(figures),
    ]
    if speed:
        mark = verdict(-speed.ratio, -1 / 15, -1 / 60)
        parts.append(
            f"## Time\n\nOne crop, one thread: {speed.milliseconds:.2f} ms; a ViT-B/16 pass (224 px, f32, random "
            f"weights), measured by turns in the same run: {speed.yardstick:.0f} ms.{_second_looks(speed)} "
            f"Ratio 1/{1 / speed.ratio:.0f} "
            f"(floor 1/15, goal 1/60: {mark}).\n"
        )
    parts += ["## Whole photos\n", _whole(whole) + _without(empty)]
    if worse:
        parts += ["## Worse pictures\n", _worse(worse)]
    parts += ["## Similarity\n", _curve(figures)]
    if figures.hints:
        parts += ["## Words beside the picture\n", _hints(figures, manifest["calibration"].get("hints", {}))]
    if ablation:
        parts += ["## What helped\n", "Means over the five sets on `val`, weighted alike.\n", _ablation(ablation)]
    for name, found in apart.items():
        parts += [f"## Beside `{name}`\n", "The same garments, crop by crop, all sets together.\n", _apart(name, found)]
    parts += ["## By set\n", HOW_BY_SET, *(_details(figures, v) for v in VIEWS)]
    parts.append(
        f"## Training\n\n{history(training)}, on "
        + ", ".join(f"{n:,} crops of `{s}`" for s, n in training["sources"].items())
        + ".\n"
    )
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("\n".join(parts), encoding="utf-8")
