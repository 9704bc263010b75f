"""The plan of a chunk, the database after it, and a plain model of both agree for any rows, chunks and order."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from placket.domain.applying import Computed, PlannedRow, plan_chunk
from placket.domain.runs import Outcome, Row, RunState, Status
from placket.storage.database import Database
from tests.contract.storage.world import World, adds_up, analysis, bad, counts, disable, enable

IDS = st.sampled_from(["a", "b", "c", "d"])
ACTIONS = st.sampled_from(["enable", "enable", "disable", "bad", "broken image"])


@dataclass
class Model:
    """What the guide says of rows, one after another."""

    quota: int
    documents: dict[str, str] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)

    def act(self, action: str, product_id: str, mark: str) -> None:
        self.outcomes.append(self._outcome(action, product_id, mark))

    def _outcome(self, action: str, product_id: str, mark: str) -> Outcome:
        known = product_id in self.documents
        if action == "disable" and known:
            del self.documents[product_id]
            return Outcome.DELETED
        if action != "enable" or (not known and len(self.documents) >= self.quota):
            return Outcome.FAILED
        self.documents[product_id] = mark
        return Outcome.UPDATED if known else Outcome.ADDED


Actions = list[tuple[str, str]]
ACTION_LISTS = st.lists(st.tuples(ACTIONS, IDS), min_size=1, max_size=14)


def as_row(line: int, action: str, product_id: str) -> Row:
    if action == "disable":
        return disable(line, product_id)
    if action == "bad":
        return bad(line, product_id)
    image = "broken" if action == "broken image" else f"ok-{line}"
    return enable(line, product_id, s1=str(line), image_url=image)


def computed(rows: "list[PlannedRow] | tuple[PlannedRow, ...]") -> list[Computed]:
    return [
        Computed(r.position, None, "InvalidImageURLException", "404")
        if r.fields["image_url"] == "broken"
        else Computed(r.position, analysis(r.fields["image_url"]))
        for r in rows
        if not r.reason and r.status is Status.ENABLE
    ]


@given(before=st.sets(IDS), actions=ACTION_LISTS, quota=st.integers(1, 4))
def test_a_plan_is_what_the_model_says(before: set[str], actions: Actions, quota: int) -> None:
    model = Model(quota, dict.fromkeys(before, "before"))
    rows = []
    for position, (action, product_id) in enumerate(actions):
        model.act(action, product_id, str(position + 1))
        row = as_row(position + 1, action, product_id)
        rows.append(PlannedRow(position, row.line, row.product_id, row.status, row.fields, row.reason, row.detail))
    touched = {product_id for _, product_id in actions}
    plan = plan_chunk(rows, computed(rows), present=before & touched, documents=len(before), quota=quota)
    assert [v.outcome for v in plan.verdicts] == model.outcomes
    assert plan.documents == len(model.documents)
    after = (before | set(plan.writes)) - plan.deletes
    assert after == set(model.documents)
    assert not plan.deletes & set(plan.writes)
    for product_id, (row, found) in plan.writes.items():
        assert row.fields["s1"] == model.documents[product_id]
        assert found is not None


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data(), actions=ACTION_LISTS, chunk=st.integers(1, 5), quota=st.integers(1, 4))
def test_the_database_is_what_the_model_says(
    database_url: str, data: st.DataObject, actions: Actions, chunk: int, quota: int
) -> None:
    model = Model(quota)
    for line, (action, product_id) in enumerate(actions, start=1):
        model.act(action, product_id, str(line))
    order = data.draw(st.permutations(range(-(-len(actions) // chunk))), label="order of the chunks")
    asyncio.run(_index_and_compare(database_url, actions, chunk, quota, list(order), model))


async def _index_and_compare(
    url: str, actions: Actions, chunk: int, quota: int, order: list[int], model: Model
) -> None:
    database = Database(url, pool_size=4)
    try:
        world = World(database)
        await world.execute("DELETE FROM projects")
        await world.open()
        run = await world.accept([as_row(n, *a) for n, a in enumerate(actions, start=1)], chunk)
        await world.begin(run)
        claimed = await world.claim_chunks()
        for n in order:
            job, work = claimed[n]
            await world.progress.complete(work, job, "w", computed(work.rows), quota)
        ended = await world.runs.get(world.service, run.id)
        wanted = Counter(str(o) for o in model.outcomes)
        assert counts(ended) == {**{str(o): wanted[str(o)] for o in Outcome}, "total": len(actions)}
        assert adds_up(ended)
        succeeded = len(actions) - wanted["failed"]
        assert ended.state is (RunState.FINISHED if succeeded else RunState.FAILED)
        service = await world.refreshed()
        stored = {d.product_id: d.fields["s1"] for d in await world.documents.page(service, "", 100)}
        assert stored == model.documents
        assert service.documents == len(stored)
        loaded = await world.documents.changes(service.id, service.bundle, 0, 100)
        assert {c.product_id for c in loaded if c.vectors} == set(stored)
        assert [c.revision for c in loaded] == sorted({c.revision for c in loaded})
        rows = await world.runs.rows(service, run.id, outcome=None, start=0, limit=100)
        assert [r.outcome for r in rows] == model.outcomes
    finally:
        await database.aclose()
