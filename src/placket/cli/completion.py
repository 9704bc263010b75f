"""What the shell completes. It is no place for an error: where nothing is known, nothing is offered."""

import typer

_SECONDS = 2.0
"""That a server may take: longer, and people type it themselves."""


def profile_names(incomplete: str) -> list[str]:
    from placket.cli.profile_store import ProfileError, ProfileFile

    try:
        return [name for name in ProfileFile().read().named if name.startswith(incomplete)]
    except ProfileError:
        return []


def service_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Those of the server that would be asked."""
    from placket.cli.profile_store import find_profile
    from placket.client import Placket
    from placket.client.errors import ClientError
    from placket.domain.errors import PlacketError

    try:
        profile = find_profile(ctx.params.get("profile"))
        with Placket(profile.url, profile.key, timeout=_SECONDS, retries=0) as placket:
            return [s["name"] for s in placket.services.list() if s["name"].startswith(incomplete)]
    except (ClientError, PlacketError, ValueError):
        return []


def label_words(incomplete: str) -> list[str]:
    """``category:dress``, ``pattern:floral`` ..."""
    from placket.domain.labels import vocabulary

    words = (f"{of}:{label}" for of, labels in vocabulary().items() for label in labels)
    return [word for word in words if word.startswith(incomplete)]


def tag_words(incomplete: str) -> list[str]:
    """``pattern:floral`` ..."""
    from placket.domain.taxonomy import taxonomy

    words = (f"{attribute}:{label}" for attribute, labels in taxonomy().attributes.items() for label in labels)
    return [word for word in words if word.startswith(incomplete)]


def categories(incomplete: str) -> list[str]:
    from placket.domain.taxonomy import taxonomy

    return [category for category in taxonomy().categories if category.startswith(incomplete)]


def columns(incomplete: str) -> list[str]:
    """``name=``, ``category1_id=`` ..."""
    from placket.domain.runs import FIELDS

    return [f"{name}=" for name in FIELDS if name.startswith(incomplete)]
