"""The int8 kernel adds without loss, whichever instructions it uses."""

from collections.abc import Iterator

import numkong
import numpy as np
import numpy.typing as npt
import pytest

from placket.domain.garments import EMBEDDING_DIM
from placket.search.quantisation import int8_dots, int8_is_exact

AVAILABLE = [name for name, there in numkong.get_capabilities().items() if there]


@pytest.fixture(params=range(len(AVAILABLE)), ids=AVAILABLE)
def capability(request: pytest.FixtureRequest) -> Iterator[str]:
    """The processor as if it had this capability as its best one."""
    better = AVAILABLE[request.param + 1 :]
    for name in better:
        numkong.disable_capability(name)
    yield AVAILABLE[request.param]
    for name in better:
        numkong.enable_capability(name)


@pytest.mark.parametrize("count", [1, 2, 63, 1000])
@pytest.mark.parametrize("queries", [1, 3])
def test_every_kernel_is_exact(capability: str, count: int, queries: int) -> None:
    rng = np.random.default_rng(count)
    for choices in ([127], [-127], [-127, 127], [-127, 0, 1, 127], range(-127, 128)):
        rows = rng.choice(np.array(choices, dtype=np.int8), (count, EMBEDDING_DIM))
        asked = rng.choice(np.array(choices, dtype=np.int8), (queries, EMBEDDING_DIM))
        dots = int8_dots(rows, asked)
        assert dots.dtype == np.int32
        assert np.array_equal(dots, rows.astype(np.int32) @ asked.T.astype(np.int32))
    int8_is_exact.cache_clear()
    assert int8_is_exact()


def test_a_kernel_that_saturates_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def saturating(rows: npt.NDArray[np.int8], queries: npt.NDArray[np.int8]) -> npt.NDArray[np.int32]:
        """As AVX2's VPMADDUBSW does it: one side made unsigned, sums of two products cut to 16 bits."""
        products = (rows[:, None, :].astype(np.int32) + 128) * queries[None]
        pairs = np.clip(products[..., ::2] + products[..., 1::2], -(2**15), 2**15 - 1)
        return (pairs.sum(axis=2) - 128 * queries.sum(axis=1, dtype=np.int32)).astype(np.int32)

    monkeypatch.setattr("placket.search.quantisation.int8_dots", saturating)
    int8_is_exact.cache_clear()
    try:
        assert not int8_is_exact()
    finally:
        int8_is_exact.cache_clear()
