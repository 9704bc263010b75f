"""A project's webhook secret is its own."""

from placket.services.webhooks import WebhookSigner


def test_each_project_of_each_installation_has_a_secret_of_its_own() -> None:
    signers = [WebhookSigner(b"a" * 32), WebhookSigner(b"b" * 32)]
    assert len({s.project_secret(project) for s in signers for project in (1, 2, 11)}) == 6
    one = signers[0]
    assert one.project_secret(1) == WebhookSigner(b"a" * 32).project_secret(1)
    assert one.signature(1, b"{}") != one.signature(2, b"{}")
