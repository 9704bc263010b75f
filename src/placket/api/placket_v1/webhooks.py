"""How a program knows that a webhook comes from here."""

from fastapi import APIRouter

from placket.api.parts import Parts
from placket.api.placket_v1.auth import ByKey
from placket.api.placket_v1.parameters import PREFIX
from placket.api.placket_v1.problems import problems
from placket.api.placket_v1.schemas import WebhookSecret
from placket.services.webhooks import SIGNATURE_HEADER

router = APIRouter(prefix=PREFIX, tags=["Webhooks"])


@router.get(
    "/webhook-secret",
    operation_id="getWebhookSecret",
    summary="The secret that the project's webhooks are signed with",
    responses=problems(403),
)
async def secret(caller: ByKey, parts: Parts) -> WebhookSecret:
    return WebhookSecret(
        header=SIGNATURE_HEADER, algorithm="sha256", secret=parts.webhook_signer.project_secret(caller.project_id)
    )
