"""The page about a detector."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from placket.training.detector.coco import Figures
from placket.training.detector.evaluate import MEANS, DetectorFigures, Single, Taken
from placket.training.pages.markdown import share, table, verdict
from placket.training.speed import Speed
from placket.training.terms import history

STREET, CLOTHES = MEANS["six groups"], MEANS["clothes"]
NAMES = {
    "hm": "catalogue (`hm`)",
    "cd": "phone (`cd`)",
    "product": "product shots (`viton`)",
    "myntra": "shop (`myntra`)",
}
SECTIONS: dict[str, tuple[str, Sequence[str]]] = {
    "ccp": ("Street photos (`ccp`)", ()),
    "viton": ("Studio photos (`viton`)", CLOTHES),
}
"""By set; of the street all groups are told."""
HEAD = """# The garment detector, bundle {version}

Written by `placket eval detector`; figures on `val`. Thresholds were chosen on a twentieth of
`train` set aside by group. The files: `{file}`, {megabytes:.2f} MB, {side} px, {parameters:,} stored weights.
"""
HOW = """## How the truth is made

- Street (`ccp`): one box a mask label over all its pixels, so a pair of shoes is one box; its group is that of the
  garment labelled by eye, else that of `training/data/mask_groups.yaml`. Labels under 0.02% of the
  picture are left out.
- Studio (`viton`): a machine's parse of the person; 0.2% of stray pixels are cut off on each side. It says nothing of
  shoes, bags, hats, jewellery and accessories, so only clothes count there.
- Single items (`hm`, `cd`, product shots, `myntra`): an automatic box against the background; about one in twenty is
  itself loose. Photos for which there is none, as of clothes on models in `myntra`, do not count: what stands out for a
  program stands out for a detector, too. "Found" asks for a box of that overlap among the answers; "first" for the
  best-scored one.
- Baselines: one box over the whole picture, and one centred box of the mean width and height of the group in the
  set's training pictures; for single items of all groups, told as the most frequent one.

AP50, AP50:95 and AR follow the COCO protocol (`faster-coco-eval`, 100 boxes a picture, sizes of 32² and 96² pixels).
"""


def _goals(figures: DetectorFigures, megabytes: float, speed: Speed | None) -> str:
    rows = []
    for name, groups, floor, goal in (("six groups", STREET, 0.60, 0.80), ("clothes", CLOTHES, 0.70, 0.88)):
        if "ccp" not in figures.coco:
            continue
        street = figures.coco["ccp"]["detector"]
        value = street.mean_ap50(groups)
        rows.append([f"street, {name}, mean AP50", share(value), f"{floor}", f"{goal}", verdict(value, floor, goal)])
    for kind in (k for k in ("hm", "cd") if k in figures.single):
        one = figures.single[kind]["detector"]
        for level, value, floor, goal in ((0.5, one.any50, 0.97, 0.99), (0.75, one.any75, 0.85, 0.95)):
            rows.append(
                [
                    f"{NAMES[kind]}, found at IoU {level}",
                    share(value),
                    f"{floor}",
                    f"{goal}",
                    verdict(value, floor, goal),
                ]
            )
    rows.append(["megabytes of weights", f"{megabytes:.2f}", "12", "4", verdict(-megabytes, -12, -4)])
    if speed:
        ratio = speed.ratio
        rows.append(
            ["time, share of ViT-B/16", f"1/{1 / ratio:.0f}", "1/12", "1/30", verdict(-ratio, -1 / 12, -1 / 30)]
        )
    return "## Goal and floor\n\n" + table(["", "reached", "floor", "goal", ""], rows) + _spread(figures)


def _spread(figures: DetectorFigures) -> str:
    if not figures.spread:
        return ""
    reach = ", ".join(f"{name} {low:.2f} to {high:.2f}" for name, (low, high) in figures.spread.items())
    return (
        "\nThere are few street photos, and which ones they are counts: in 19 of 20 draws of as many from them, with\n"
        f"replacement, the means are {reach}.\n"
    )


def _coco_table(sets: dict[str, Figures], names: Sequence[str]) -> str:
    rows = []
    for group in names:
        count = next(iter(sets.values())).counts.get(group, 0)
        rows.append([group, str(count), *(share(f.group_ap50.get(group)) for f in sets.values()),
                     share(sets["detector"].group_ap.get(group))])  # fmt: skip
    rows.append(["mean of those that occur", str(sum(next(iter(sets.values())).counts.values())),
                 *(share(f.ap50) for f in sets.values()), share(sets["detector"].ap)])  # fmt: skip
    head = ["group", "boxes", *(f"AP50, {n}" for n in sets), "AP50:95, detector"]
    own = sets["detector"]
    sizes = ", ".join(f"{n} {share(v)}" for n, v in own.size_ap.items())
    return table(head, rows) + f"\nAR {share(own.ar)}; AP50:95 by size: {sizes}.\n"


def _taken_table(taken: dict[str, Taken]) -> str:
    rows = []
    for group, one in taken.items():
        others = sorted(((n, g) for g, n in one.groups.items() if g != group), reverse=True)
        rows.append([group, str(one.train), str(one.boxes), str(one.groups.get(group, 0)),
                     ", ".join(f"{n} {g}" for n, g in others) or "–", str(one.missed)])  # fmt: skip
    return (
        "What they are taken for, as it is shipped: a box of that group, or else of another, overlaps by half, and is\n"
        "no other garment's: a coat and the shirt below it in one box are one that is found and one that is not.\n\n"
        + table(["group", "boxes in `train`", "boxes", "right", "taken for", "not found"], rows)
    )


def _single_table(single: dict[str, dict[str, Single]]) -> str:
    rows = []
    for kind, finders in single.items():
        for name, f in finders.items():
            rows.append([f"{NAMES[kind]}, {name}", str(f.photos), share(f.any50), share(f.any75), share(f.first50),
                         share(f.first75), share(f.grouped50), f"{f.boxes:.2f}"])  # fmt: skip
    return table(
        ["", "photos", "found 0.5", "found 0.75", "first 0.5", "first 0.75", "first 0.5, group right", "boxes a photo"],
        rows,
    )


def _hard_table(figures: DetectorFigures) -> str:
    plain = {"as they are": figures.coco["ccp"]["detector"], **figures.hard}
    rows = [
        [name, str(sum(f.counts.values())), share(f.mean_ap50(STREET)), share(f.mean_ap50(CLOTHES)), share(f.ap)]
        for name, f in plain.items()
    ]
    head = ["street photos", "boxes", "AP50, six groups", "AP50, clothes", "AP50:95"]
    return table(head, rows) + "\n" + _empty_line(figures)


def _empty_line(figures: DetectorFigures) -> str:
    empty = figures.empty
    return (
        f"Photos without a garment: {empty['answered']} of {empty['photos']} were given a box by the detector alone; "
        f"of {empty['plain']} plain surfaces and pictures of noise, {empty['plain_answered']}.\n"
    )


def as_shipped(settings: dict[str, Any]) -> str:
    """How the detector's boxes become garments with these settings."""
    vote, fallback = settings.get("vote_iou"), settings.get("fallback_score")
    return (
        f"Score {settings['score_threshold']}, suppression at IoU {settings['nms_iou']} within a group, "
        + (f"each box the mean of those that overlap it by {vote} or more, " if vote else "")
        + (
            f"and where no box reaches the score, the best one from {fallback} on, if the encoder gives its category a "
            f"probability of {settings.get('fallback_category', 0.0)} or more."
            if fallback
            else "no fallback."
        )
    )


def write_page(page: Path, manifest: dict[str, Any], figures: DetectorFigures, names: Sequence[str], megabytes: float,
               parameters: int, speed: Speed | None) -> None:  # fmt: skip
    """Write the page."""
    settings, training = manifest["detector"], manifest["training"]["detector"]
    parts = [
        HEAD.format(version=manifest["version"], file=settings["file"], megabytes=megabytes, side=settings["size"][0],
                    parameters=parameters),
        _goals(figures, megabytes, speed),
    ]  # fmt: skip
    if speed:
        parts.append(
            f"One picture, one thread: {speed.milliseconds:.1f} ms; a ViT-B/16 pass (224 px, f32, random weights), "
            f"measured by turns in the same run: {speed.yardstick:.0f} ms.\n"
        )
    for kind, sets in figures.coco.items():
        title, counted = SECTIONS.get(kind, (f"Photos of several garments (`{kind}`)", names))
        parts += [f"## {title}\n", _coco_table(sets, counted or names)]
        if kind == "ccp":
            parts.append(_taken_table(figures.taken))
    if figures.single:
        parts += ["## Photos of a single item\n", _single_table(figures.single)]
    parts += ["## Hard photos\n", _hard_table(figures), HOW] if figures.hard else [_empty_line(figures), HOW]
    parts.append(
        f"## As it is shipped\n\n{as_shipped(settings)} Trained for {history(training)}, on "
        + ", ".join(f"{n:,} pictures of `{s}`" for s, n in training["sources"].items())
        + ".\n"
    )
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("\n".join(parts), encoding="utf-8")
