"""Who trains many nets at once: peers of `Population`, their parameters with the net in front."""

from __future__ import annotations

from typing import Any

import numpy as np

import initlens as il

from .peers import Jax, Peer, network
from .problems import Array, Problem


class InitlensMany(Peer):
    """One thread, nothing recorded.

    What is done once for each net, its `History` above all, is told beside a fit of usual length,
    not of the few steps that fill a slice.
    """

    name = "initlens"
    package = "initlens"
    least_steps = 1_000
    threads = 1

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        weights, biases = problem.start()
        self.nets = [
            network(problem, [w[i] for w in weights], [b[i] for b in biases])
            for i in range(problem.nets)
        ]

    def fit(self, steps: int) -> None:
        il.fit_many(
            self.nets,
            self.X,
            self.y,
            optimizer=il.SGD(self.problem.learning_rate),
            steps=steps,
            record=0,
            n_jobs=self.threads,
        )

    def forward(self, X: Array) -> Array:
        return np.stack([net.forward(X) for net in self.nets])

    def parameters(self) -> tuple[list[Array], list[Array]]:
        weights = zip(*(net.weights for net in self.nets), strict=True)
        biases = zip(*(net.biases for net in self.nets), strict=True)
        return [np.stack(each) for each in weights], [np.stack(each) for each in biases]


class PyTorchMany(Peer):
    """`torch.func`: the gradient of a functional loss, vmapped over stacked parameters."""

    name = "PyTorch"
    package = "torch"

    def __init__(self, problem: Problem) -> None:
        import torch

        super().__init__(problem)
        torch.set_num_threads(1)
        self.torch: Any = torch
        weights, biases = problem.start()
        self.layers = len(weights)
        self.state = [torch.from_numpy(part) for part in [*weights, *biases]]

        def loss(state: list[Any], X: Any, y: Any) -> Any:
            return torch.nn.functional.mse_loss(self._outputs(state, X), y)

        self.slopes = torch.func.vmap(torch.func.grad(loss), in_dims=(0, None, None))

    def _outputs(self, state: list[Any], X: Any) -> Any:
        a = X
        for layer, (w, b) in enumerate(
            zip(state[: self.layers], state[self.layers :], strict=True)
        ):
            a = a @ w + b
            if layer < self.layers - 1:
                a = self.torch.tanh(a)
        return a

    def fit(self, steps: int) -> None:
        X, y = self.torch.from_numpy(self.X), self.torch.from_numpy(self.y)
        for _ in range(steps):
            for p, g in zip(self.state, self.slopes(self.state, X, y), strict=True):
                p.sub_(g, alpha=self.problem.learning_rate)

    def forward(self, X: Array) -> Array:
        outputs = self.torch.func.vmap(self._outputs, in_dims=(0, None))
        return np.asarray(outputs(self.state, self.torch.from_numpy(X)).numpy())

    def parameters(self) -> tuple[list[Array], list[Array]]:
        parts = [part.numpy() for part in self.state]
        return parts[: self.layers], parts[self.layers :]


class JaxMany(Jax):
    many = True

    def forward(self, X: Array) -> Array:
        forward = self.jax.vmap(self._forward, in_axes=(0, None))
        return np.asarray(forward(self.state, X))


PEERS: list[type[Peer]] = [PyTorchMany, JaxMany]
