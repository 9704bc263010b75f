"""How a webhook's receiver can tell it from anybody's call: every body is signed."""

import hashlib
import hmac

SIGNATURE_HEADER = "X-Placket-Signature"


class WebhookSigner:
    """``secret`` is the installation's; a project's own secret is derived from it, so nothing more is stored."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def project_secret(self, project_id: int) -> str:
        """What the project's programs check signatures with (hex)."""
        return hmac.new(self._secret, f"webhook:{project_id}".encode(), hashlib.sha256).hexdigest()

    def signature(self, project_id: int, body: bytes) -> str:
        """``sha256=`` and the hex HMAC-SHA256 of the body under the project's secret."""
        key = self.project_secret(project_id).encode()
        return "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()
