"""Many at once, or one alone."""

import asyncio

from placket.services.exclusion import Exclusion


async def test_one_alone() -> None:
    exclusion = Exclusion()
    inside: list[str] = []
    seen: list[tuple[str, ...]] = []

    async def visit(name: str, *, alone: bool) -> None:
        async with exclusion.alone() if alone else exclusion.shared():
            inside.append(name)
            try:
                await asyncio.sleep(0.01)
                if alone:
                    seen.append(tuple(inside))
            finally:
                inside.remove(name)

    visits = [visit(f"v{n}", alone=n % 3 == 0) for n in range(12)]
    cancelled = asyncio.create_task(visit("c", alone=True))
    tasks = [asyncio.create_task(v) for v in visits]
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.gather(*tasks)
    assert [len(names) for names in seen] == [1] * 4


async def test_who_comes_while_somebody_waits_to_be_alone_waits_too() -> None:
    """Else one who has to be alone never would be, beside photos that never end."""
    exclusion = Exclusion()
    entered: list[str] = []

    async def visit(name: str, *, alone: bool = False) -> None:
        async with exclusion.alone() if alone else exclusion.shared():
            entered.append(name)
            await asyncio.sleep(0.01)

    tasks = []
    for name in ("first", "alone", "late"):
        tasks.append(asyncio.create_task(visit(name, alone=name == "alone")))
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert entered == ["first", "alone", "late"]
