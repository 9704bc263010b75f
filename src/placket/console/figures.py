"""A bundle's figures as tables: whatever its manifest holds, trees of any shape among it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_MOST_COLUMNS = 7


@dataclass(frozen=True, slots=True)
class Table:
    """``path``: where in the tree it stands. Every row begins with its name; without ``columns`` a value follows."""

    path: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


NETWORKS = ("detector", "encoder", "second")


@dataclass(frozen=True, slots=True)
class Sources:
    """The networks that say from how many pictures of each set they learnt; of a set the counts, in their order, None
    where one learnt from none."""

    networks: tuple[str, ...]
    sets: Mapping[str, tuple[int | None, ...]]


def tables(tree: Mapping[str, Any], path: str = "") -> Iterator[Table]:
    """Parts that have much the same figures become one table: three sets with four figures each, three rows."""
    plain = {str(k): v for k, v in tree.items() if not _is_tree(v)}
    parts = {str(k): _as_mapping(v) for k, v in tree.items() if _is_tree(v)}
    if plain:
        yield _list(path, plain)
    own = {name: {str(k): v for k, v in part.items() if not _is_tree(v)} for name, part in parts.items()}
    for names in _alike({name: figures for name, figures in own.items() if figures}):
        if len(names) == 1:
            yield _list(_below(path, names[0]), own[names[0]])
        else:
            yield _grid(path, {name: own[name] for name in names})
    for name, part in parts.items():
        if deeper := {k: v for k, v in part.items() if _is_tree(v)}:
            yield from tables(deeper, _below(path, name))


def _below(path: str, name: str) -> str:
    return f"{path} › {name}" if path else name


def _list(path: str, figures: Mapping[str, Any]) -> Table:
    return Table(path, (), tuple((name, text_of(value)) for name, value in figures.items()))


def _grid(path: str, parts: Mapping[str, Mapping[str, Any]]) -> Table:
    """Parts down and figures across, or the other way round when there are many figures of few parts."""
    figures = tuple(dict.fromkeys(k for part in parts.values() for k in part))
    cells = {(p, f): text_of(part[f]) if f in part else "" for p, part in parts.items() for f in figures}
    if len(figures) > max(_MOST_COLUMNS, len(parts)):
        return Table(path, tuple(parts), tuple((f, *(cells[p, f] for p in parts)) for f in figures))
    return Table(path, figures, tuple((p, *(cells[p, f] for f in figures)) for p in parts))


def _alike(parts: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """The parts' names in groups; in a group each shares at least half of its figures with the first."""
    groups: list[list[str]] = []
    for name, figures in parts.items():
        for group in groups:
            first = parts[group[0]].keys()
            if 2 * len(first & figures.keys()) >= len(first | figures.keys()):
                group.append(name)
                break
        else:
            groups.append([name])
    return groups


def text_of(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {text_of(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(text_of, value))
    if isinstance(value, float):
        return f"{value:.4g}"
    return "–" if value is None else str(value)


def sources(training: Mapping[str, Any]) -> Sources:
    """What the parts of ``training`` count as their ``sources``; no networks for a bundle that does not say."""
    counts = {part: found for part in NETWORKS if (found := _counts(training.get(part)))}
    names = dict.fromkeys(name for found in counts.values() for name in found)
    return Sources(tuple(counts), {name: tuple(found.get(name) for found in counts.values()) for name in names})


def _counts(part: Any) -> dict[str, int]:
    found = part.get("sources") if isinstance(part, Mapping) else None
    if not isinstance(found, Mapping):
        return {}
    return {str(k): v for k, v in found.items() if isinstance(v, int) and not isinstance(v, bool)}


def terms(training: Mapping[str, Any]) -> str:
    """What the bundle may be used for, in its maker's words; empty when they do not say."""
    found = training.get("terms")
    return found if isinstance(found, str) else ""


def _is_tree(value: Any) -> bool:
    return isinstance(value, Mapping) or (_is_list(value) and any(isinstance(v, Mapping) for v in value))


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _as_mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {str(n): v for n, v in enumerate(value, 1)}
