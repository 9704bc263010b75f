"""The ``link`` of a detected item: opaque, signed, good for one project and one bundle.

It carries the item's embedding, bit by bit, so that a search by it needs neither the photo nor the detector again and
finds what a search by the photo finds.
"""

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass

import numpy as np

from placket.domain.errors import LinkInvalid
from placket.domain.garments import EMBEDDING_DIM, Embedding

_VERSION = 2
_ROUNDED = 1
"""Of links made earlier, whose embedding is rounded to int8, after a scale in float32. They are still read."""
_MAC_BYTES = 16
_HEAD = struct.Struct("<BqB")
_HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class LinkedItem:
    """What a link stands for: a unit embedding of ``bundle``, and the hash of the photo's bytes."""

    bundle: str
    embedding: Embedding
    image_sha256: str

    def check_bundle(self, bundle: str) -> None:
        """Raises LinkInvalid when the service's embeddings are of another bundle."""
        if self.bundle != bundle:
            raise LinkInvalid(
                f"the link was made with bundle {self.bundle}, the service has {bundle}; call detect again"
            )


class LinkSigner:
    """``secret`` is the installation's: every process of it makes and reads the same links."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def make(self, project_id: int, bundle: str, image_sha256: str, embedding: Embedding) -> str:
        """URL-safe base64. ``image_sha256``: 64 hex digits of the photo's bytes."""
        name = bundle.encode()
        vector = np.asarray(embedding, "<f4").tobytes()
        body = _HEAD.pack(_VERSION, project_id, len(name)) + name + bytes.fromhex(image_sha256) + vector
        return base64.urlsafe_b64encode(body + self._mac(body)).decode()

    def read(self, link: str, project_id: int) -> LinkedItem:
        """Raises LinkInvalid for a link that is damaged, forged, or another project's."""
        body = self._verified(link)
        version, owner, length = _HEAD.unpack_from(body)
        rest = body[_HEAD.size :]
        name, rest = rest[:length].decode(), rest[length:]
        if owner != project_id:
            raise LinkInvalid("the link was made for another project")
        image_hash, rest = rest[:_HASH_BYTES], rest[_HASH_BYTES:]
        return LinkedItem(name, _rounded(rest) if version == _ROUNDED else _exact(rest), image_hash.hex())

    def _verified(self, link: str) -> bytes:
        try:
            raw = base64.b64decode(link.encode("ascii"), altchars=b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error, ValueError):
            raise LinkInvalid("the link is damaged: it is not base64") from None
        body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        if len(body) < _HEAD.size or not hmac.compare_digest(mac, self._mac(body)):
            raise LinkInvalid("the link was not made here, or it is damaged")
        return body

    def _mac(self, body: bytes) -> bytes:
        return hmac.new(self._secret, b"link" + body, hashlib.sha256).digest()[:_MAC_BYTES]


def _exact(content: bytes) -> Embedding:
    return np.frombuffer(content, "<f4", EMBEDDING_DIM).astype(np.float32)


def _rounded(content: bytes) -> Embedding:
    levels = np.frombuffer(content, np.int8, EMBEDDING_DIM, offset=4).astype(np.float32)
    return levels / np.float32(np.linalg.norm(levels))
