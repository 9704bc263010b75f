"""What a vision process does when whoever started it is gone."""

import socket
from pathlib import Path

from placket.domain.images import TAGGER
from placket.vision.child import Child
from placket.vision.protocol import Options, Order
from tests.support.tiny_bundle import write_tiny_bundle


def test_a_photo_that_nobody_waits_for_any_more_is_no_error(tmp_path: Path) -> None:
    """As at the end of a command: what its threads said of it came among the command's own words."""
    bundle = str(write_tiny_bundle(tmp_path / "bundle"))
    parent, own = socket.socketpair()
    with own:
        child = Child(own, Options(bundle, threads=1))
        child._waiting.put((0, 1, Order(bundle, TAGGER, None, 0), b"a photo"))
        parent.close()
        child._work()
