"""What concerns the key's project."""

from datetime import date

from placket.client.answers import read_placket
from placket.client.catalogue import PREFIX
from placket.client.faces import Calls, M, call
from placket.client.inputs import parameters
from placket.client.shapes.placket import Usage, WebhookSecret
from placket.client.steps import Request, Steps


class Account(Calls[M]):
    @call
    def usage(self, first: date | None = None, last: date | None = None) -> Steps[Usage]:
        """Tagging requests and images by day (UTC), the last 30 days unless told."""
        params = parameters(**{"from": first, "to": last})
        usage: Usage = yield from self._retries.send(Request("GET", f"{PREFIX}/usage", True, params), read_placket)
        return usage

    @call
    def webhook_secret(self) -> Steps[WebhookSecret]:
        """What the project's webhooks are signed with."""
        request = Request("GET", f"{PREFIX}/webhook-secret", True)
        secret: WebhookSecret = yield from self._retries.send(request, read_placket)
        return secret
