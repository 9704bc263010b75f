"""Both kinds of optimiser."""

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch, which is not installed here")

from placket.training.detector.network import Detector  # noqa: E402
from placket.training.optimizer import Optimizer  # noqa: E402


def a_network() -> "torch.nn.Module":
    torch.manual_seed(0)
    network = Detector(9, neck=16, widths=(8, 8, 16, 16, 24), blocks=(1, 0, 1, 0))
    return network.to(memory_format=torch.channels_last)


def step(network: "torch.nn.Module", optimizer: Optimizer) -> None:
    optimizer.zero_grad()
    for parameter in network.parameters():
        parameter.grad = torch.randn_like(parameter)
    optimizer.step()


def test_a_step_of_muon_goes_equally_far_in_all_directions() -> None:
    network = a_network()
    before = {n: p.detach().clone() for n, p in network.named_parameters()}
    optimizer = Optimizer(network, 0.01, 0.0, muon=True)
    step(network, optimizer)
    kernels = {id(p) for p in optimizer.kernels}
    assert kernels
    for name, parameter in network.named_parameters():
        moved = parameter.detach() - before[name]
        assert moved.abs().max() > 0, name
        if id(parameter) in kernels:
            matrix = moved.permute(0, 2, 3, 1).flatten(1)
            length = 0.01 * 0.2 * max(matrix.shape) ** 0.5
            found = torch.linalg.svdvals(matrix) / length
            assert 0.6 < found.median() < 1.3, name
            assert found.max() < 1.4, name


def test_without_muon_all_weights_are_adamw_s() -> None:
    optimizer = Optimizer(a_network(), 0.01, 0.05, muon=False)
    assert not optimizer.kernels
    assert [type(p) for p in optimizer.parts] == [torch.optim.AdamW]


def test_the_rate_of_all_parts_is_set() -> None:
    network = a_network()
    optimizer = Optimizer(network, 0.01, 0.05, muon=True)
    optimizer.set_rate(0.0)
    before = [p.detach().clone() for p in network.parameters()]
    step(network, optimizer)
    for old, new in zip(before, network.parameters(), strict=True):
        torch.testing.assert_close(new, old)


def test_the_state_of_one_kind_does_not_fit_another() -> None:
    state = Optimizer(a_network(), 0.01, 0.05, muon=True).state_dict()
    with pytest.raises(ValueError, match="doesn't match"):
        Optimizer(a_network(), 0.01, 0.05, muon=False).load_state_dict(state)
