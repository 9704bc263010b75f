"""What the data that a bundle was trained on may be used for, and how the bundle came to be; from its provenance."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
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
SECOND = "second"
"""The encoder that is asked where the first is unsure, in a bundle's `training`."""
NETWORKS = ("detector", "encoder", SECOND)
OTHERS = ("mixed_with", "taught_by")
"""What of a provenance lists other networks'."""


def by_source(sets: Iterable[str], own: Mapping[str, str]) -> dict[str, int]:
    """How many pictures are of each source, from the set of each. A set with terms of its `own` goes by them as well:
    it is not the public one of its name."""
    return dict(Counter(f"{name}: {own[name]}" if name in own else name for name in sets))


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
        others = [other for key in OTHERS for other in part.get(key, ())]
        seen |= {*part.get("sources", {}), *part.get("sets", ())}.union(*map(sets_of, others))
        part = part.get("began")
    return seen


def sets_of_networks(training: dict[str, Any]) -> set[str]:
    """Names of all sets that a bundle's networks have seen."""
    return set().union(*(sets_of(training[name]) for name in NETWORKS if name in training))


def _with_others(part: dict[str, Any], told: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """A run with what it began with, and then all other networks that it names, `told` another way."""
    out = dict(part)
    if out.get("began"):
        out["began"] = told(out["began"])
    for key in OTHERS:
        if out.get(key):
            out[key] = [told(other) for other in out[key]]
    return out


def brief(training: dict[str, Any]) -> dict[str, Any]:
    """The provenance with bundles that labelled photos named only, with the sets they had seen: how they came to be is
    written in themselves, and would be repeated here for every bundle before."""
    if "bundle" in training:
        return {"bundle": training["bundle"], "sets": sorted(sets_of(training))}
    return _with_others(training, brief)


def once(training: dict[str, Any]) -> dict[str, Any]:
    """The provenance with every run told once and named (`run`): where it comes up again, its name and the sets it had
    seen stand for it. What a run began with is told before what taught it."""
    told: set[str] = set()

    def tell(part: dict[str, Any]) -> dict[str, Any]:
        if "bundle" in part or "recipe" not in part:
            return part
        name = part.get("run") or hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()[:8]
        if name in told:
            return {"run": name, "sets": sorted(sets_of(part))}
        told.add(name)
        return {"run": name} | _with_others(part, tell)

    return tell(training)


def history(training: dict[str, Any]) -> str:
    """Minutes, steps and sides of each part of a run, first to last, in words, and what its weights were averaged
    with."""
    parts: list[str] = []
    part: dict[str, Any] | None = training
    while part is not None:
        sides = "/".join(str(s) for s in dict.fromkeys(part["recipe"]["size"]))
        taught = ", learning from a bundle's or other networks' answers too" if part.get("taught_by") else ""
        words = f"{part['minutes']} minutes ({part['steps']:,} steps at {sides} px{taught})"
        if part.get("share") is not None:
            rest = "those of another run" if part.get("mixed_with") else "those it began with"
            words += f" (of its weights {part['share']:.0%}, the rest {rest})"
        parts.append(words)
        part = part.get("began")
    return ", then ".join(reversed(parts))
