"""What was computed of a chunk, as it waits in the database: for its hosts, or for the chunks before it."""

import base64
import json
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from placket.domain.applying import Computed
from placket.domain.garments import Analysis, Garment


def pack(computed: Sequence[Computed]) -> bytes:
    """Results of a chunk that has to wait for the chunks before it."""
    return zlib.compress(json.dumps([_as_json(c) for c in computed]).encode(), 1)


def unpack(data: bytes) -> list[Computed]:
    return [_from_json(c) for c in json.loads(zlib.decompress(data))]


def _as_json(computed: Computed) -> dict[str, Any]:
    found = computed.analysis
    analysis = found and {
        "width": found.width,
        "height": found.height,
        "bundle": found.bundle,
        "sha256": found.sha256,
        "made_from": found.made_from,
        "etag": found.etag,
        "garments": [
            [g.to_json(), base64.b64encode(np.asarray(g.embedding, "<f4").tobytes()).decode()] for g in found.garments
        ],
    }
    return {"position": computed.position, "reason": computed.reason, "detail": computed.detail, "analysis": analysis}


def _from_json(data: dict[str, Any]) -> Computed:
    found = data["analysis"]
    analysis = found and Analysis(
        found["width"],
        found["height"],
        tuple(Garment.from_json(g, np.frombuffer(base64.b64decode(e), "<f4")) for g, e in found["garments"]),
        found["bundle"],
        found["sha256"],
        # Not there in what a server of an older version put aside.
        found.get("made_from", ""),
        found.get("etag", ""),
    )
    return Computed(data["position"], analysis, data["reason"], data["detail"])
