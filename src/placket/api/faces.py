"""Which API a path belongs to: its own error form answers for all of it, also where no call is."""

from collections.abc import Sequence
from typing import cast

from starlette.types import Scope

from placket.api.parts import Face

_KEY = "placket.face"


class Faces:
    """The longest prefix wins; ``default`` has the rest."""

    def __init__(self, faces: Sequence[Face], default: Face) -> None:
        self._faces = sorted(faces, key=lambda f: -len(f.prefix))
        self._default = default

    def choose(self, scope: Scope) -> Face:
        """Find the request's face and leave it in its scope."""
        path: str = scope["path"]
        # A base URL that ends in a slash makes paths that begin with two: no call has them, but the API that was meant
        # says so in its own form.
        meant = "/" + path.lstrip("/")
        face = next((f for f in self._faces if f.owns(path if f.pages else meant)), self._default)
        scope[_KEY] = face
        return face


def face_of(scope: Scope) -> Face:
    return cast(Face, scope[_KEY])
