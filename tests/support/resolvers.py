"""Resolvers that answer what a test wants."""

import asyncio
import ipaddress
from collections.abc import Mapping, Sequence

from placket.domain.errors import FetchFailed
from placket.fetching.addresses import Address


class ScriptedResolver:
    """``names``: each name's answers, one a call; the last one stays. ``asked``: the names in order."""

    def __init__(self, names: Mapping[str, Sequence[Sequence[str]]], *, seconds: float = 0.0) -> None:
        self._names = {name: list(answers) for name, answers in names.items()}
        self._seconds = seconds
        self.asked: list[str] = []

    async def resolve(self, host: str, owner: str = "") -> Sequence[Address]:
        self.asked.append(host)
        await asyncio.sleep(self._seconds)
        answers = self._names.get(host)
        if not answers:
            raise FetchFailed(f"the name {host} cannot be resolved")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return [ipaddress.ip_address(text) for text in answer]

    def close(self) -> None: ...
