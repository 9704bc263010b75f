"""What the data that a bundle was trained on may be used for, and how the bundle came to be; from its provenance."""

from collections.abc import Iterable
from typing import Any

# Name of a set -> what it shows, and the terms of its source.
SOURCES = {
    "hm": ("shop catalogue, mostly flat lays on a light background", "competition data, non-commercial"),
    "cd": ("phone photos of single clothes on floors, beds and hangers (alexeygrigorev/clothing-dataset)", "CC0"),
    "ccp": (
        "street photos of people, whole outfits (Clothing Co-Parsing, Yang, Luo, Lin, CVPR 2014)",
        "Apache-2.0 repository",
    ),
    "viton": ("studio photos of a person and the garment's product shot (VITON)", "research only"),
    "myntra": (
        "catalogue on white: clothes on models, shoes, bags, watches, jewellery",
        "to be checked; research only",
    ),
}
PERMISSIVE = ("cd", "ccp")


def terms_of(sets: Iterable[str]) -> str | None:
    """What weights trained on these sets may be used for; None where no set's terms are narrow."""
    closed = sorted(s for s in set(sets) if s in SOURCES and s not in PERMISSIVE)
    if not closed:
        return None
    return (
        f"Trained on data for research only ({', '.join(closed)}): these weights are for research and evaluation. "
        "For anything else train a bundle on data whose terms allow it."
    )


def sets_of(training: dict[str, Any]) -> set[str]:
    """Names of all sets that a network has seen, in the runs that its last one began with too, or that those have seen
    whose answers it learnt."""
    seen: set[str] = set()
    part: dict[str, Any] | None = training
    while part is not None:
        seen |= {*part.get("sources", {}), *part.get("sets", ())}.union(*map(sets_of, part.get("taught_by", ())))
        part = part.get("began")
    return seen


def brief(training: dict[str, Any]) -> dict[str, Any]:
    """The provenance with bundles that labelled photos named only, with the sets they had seen: how they came to be is
    written in themselves, and would be repeated here for every bundle before."""
    if "bundle" in training:
        return {"bundle": training["bundle"], "sets": sorted(sets_of(training))}
    out = dict(training)
    if out.get("began"):
        out["began"] = brief(out["began"])
    if out.get("taught_by"):
        out["taught_by"] = [brief(t) for t in out["taught_by"]]
    return out


def history(training: dict[str, Any]) -> str:
    """Minutes, steps and sides of each part of a run, first to last, in words. What an average of two runs is made of
    stands at its end."""
    parts: list[str] = []
    part: dict[str, Any] | None = training
    while part is not None:
        sides = "/".join(str(s) for s in dict.fromkeys(part["recipe"]["size"]))
        taught = ", learning from a bundle's or other networks' answers too" if part.get("taught_by") else ""
        parts.append(f"{part['minutes']} minutes ({part['steps']:,} steps at {sides} px{taught})")
        part = part.get("began")
    words = ", then ".join(reversed(parts))
    share = training.get("share")
    return words if share is None else f"{words}; of the last part's weights {share:.0%}, the rest those it began with"
