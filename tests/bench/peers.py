"""Who trains. A peer takes a problem, trains when told, and hands back its parameters.

To add one: a subclass of `Peer` here, its name in `PEERS`. Setting up is not timed; `fit` is.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cache, partial
from typing import Any, ClassVar

import numpy as np

import initlens as il

from .problems import Array, Problem


class Peer(ABC):
    """One library, trained from `problem.start()`."""

    name: ClassVar[str]
    package: ClassVar[str]
    least_steps: ClassVar[int] = 1  # that are timed
    threads: ClassVar[int | None] = None  # that it trains on; None: no choice at run time

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.X, self.y = problem.data()

    @abstractmethod
    def fit(self, steps: int) -> None:
        """Take `steps` steps; called once."""

    @abstractmethod
    def forward(self, X: Array) -> Array:
        """Outputs (m, n_out) of samples (m, n_in)."""

    @abstractmethod
    def parameters(self) -> tuple[list[Array], list[Array]]:
        """Weights (n_in, n_out) and biases."""

    def forward_call(self, X: Array) -> Callable[[], object]:
        """`forward` as a user of the library calls it, X being in its own kind of array."""
        return partial(self.forward, X)


class Initlens(Peer):
    """One thread, nothing recorded."""

    name = "initlens"
    package = "initlens"
    threads = 1
    record: ClassVar[int] = 0

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.net = network(problem, *problem.start())

    def fit(self, steps: int) -> None:
        self.net.fit(
            self.X,
            self.y,
            optimizer=il.SGD(self.problem.learning_rate),
            steps=steps,
            record=self.record,
            n_jobs=self.threads,
        )

    def forward(self, X: Array) -> Array:
        return self.net.forward(X)

    def parameters(self) -> tuple[list[Array], list[Array]]:
        return self.net.weights, self.net.biases

    def forward_call(self, X: Array) -> Callable[[], object]:
        return partial(self.net.forward, X)


def network(problem: Problem, weights: list[Array], biases: list[Array]) -> il.Network:
    net = il.Network(
        list(problem.widths),
        activation="tanh",
        loss="cross_entropy" if problem.classes else "mse",
        dtype=problem.dtype,
    )
    for ours, given in zip([*net.weights, *net.biases], [*weights, *biases], strict=True):
        ours[...] = given
    return net


class NumPyByHand(Peer):
    """As one writes it with care: buffers made once, `out=` everywhere, no temporary arrays."""

    name = "NumPy by hand"
    package = "numpy"

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.weights, self.biases = problem.start()

    def fit(self, steps: int) -> None:
        X, y, W, b = self.X, self.y, self.weights, self.biases
        number = X.dtype.type
        rate, last = number(self.problem.learning_rate), len(W) - 1
        scale = number(1 / len(y) if self.problem.classes else 2 / y.size)
        activations = [np.empty((len(X), w.shape[1]), dtype=X.dtype) for w in W]
        slopes = [np.empty_like(a) for a in activations]
        deltas = [np.empty_like(a) for a in activations]
        dW = [np.empty_like(w) for w in W]
        db = [np.empty_like(v) for v in b]
        below = [X, *activations[:-1]]
        row = np.empty((len(X), 1), X.dtype)
        for _ in range(steps):
            for layer in range(last + 1):
                a = activations[layer]
                np.matmul(below[layer], W[layer], out=a)
                a += b[layer]
                if layer < last:
                    np.tanh(a, out=a)
            if self.problem.classes:
                a = activations[last]
                a -= np.max(a, axis=1, keepdims=True, out=row)
                np.exp(a, out=a)
                a /= np.sum(a, axis=1, keepdims=True, out=row)
            np.subtract(activations[last], y, out=deltas[last])
            deltas[last] *= scale
            for layer in range(last, -1, -1):
                np.matmul(below[layer].T, deltas[layer], out=dW[layer])
                np.sum(deltas[layer], axis=0, out=db[layer])
                if layer > 0:
                    a, slope = below[layer], slopes[layer - 1]
                    np.multiply(a, a, out=slope)
                    np.subtract(1, slope, out=slope)
                    np.matmul(deltas[layer], W[layer].T, out=deltas[layer - 1])
                    deltas[layer - 1] *= slope
            for p, g in zip([*W, *b], [*dW, *db], strict=True):
                g *= rate
                p -= g

    def forward(self, X: Array) -> Array:
        a = X
        for layer, (w, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            a = a @ w + b
            if layer < len(self.weights) - 1:
                a = np.tanh(a)
        return a

    def parameters(self) -> tuple[list[Array], list[Array]]:
        return self.weights, self.biases


class PyTorch(Peer):
    """Eager mode."""

    name = "PyTorch"
    package = "torch"
    threads = 1

    def __init__(self, problem: Problem) -> None:
        import torch

        super().__init__(problem)
        torch.set_num_threads(self.threads)
        self.torch: Any = torch
        layers: list[Any] = []
        for w, b in zip(*problem.start(), strict=True):
            linear = torch.nn.Linear(w.shape[0], w.shape[1], dtype=getattr(torch, problem.dtype))
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(w.T.copy()))
                linear.bias.copy_(torch.from_numpy(b))
            layers += [linear, torch.nn.Tanh()]
        self.linears = layers[::2]
        self.model = torch.nn.Sequential(*layers[:-1])

    def fit(self, steps: int) -> None:
        X, y = self.torch.from_numpy(self.X), self.torch.from_numpy(self.y)
        loss = self.torch.nn.MSELoss()
        if self.problem.classes:
            y, loss = y.argmax(dim=1), self.torch.nn.CrossEntropyLoss()
        optimizer = self.torch.optim.SGD(self.model.parameters(), lr=self.problem.learning_rate)
        for _ in range(steps):
            optimizer.zero_grad()
            loss(self.model(X), y).backward()
            optimizer.step()

    def forward(self, X: Array) -> Array:
        with self.torch.no_grad():
            return np.asarray(self.model(self.torch.from_numpy(np.ascontiguousarray(X))).numpy())

    def parameters(self) -> tuple[list[Array], list[Array]]:
        weights = [linear.weight.detach().numpy().T for linear in self.linears]
        return weights, [linear.bias.detach().numpy() for linear in self.linears]

    def forward_call(self, X: Array) -> Callable[[], object]:
        row, model = self.torch.from_numpy(X), self.model
        call: Callable[[], object] = self.torch.inference_mode()(lambda: model(row))
        return call


class ScikitLearn(Peer):
    name = "scikit-learn"
    package = "scikit-learn"

    def __init__(self, problem: Problem) -> None:
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        super().__init__(problem)
        if problem.classes:
            self.target, kind, rate = self.y.argmax(axis=1), MLPClassifier, problem.learning_rate
        else:
            self.target = self.y.ravel() if self.y.shape[1] == 1 else self.y
            # Its loss is half the squared error, summed over outputs.
            kind, rate = MLPRegressor, 2 * problem.learning_rate / problem.widths[-1]
        self.model = kind(
            hidden_layer_sizes=problem.widths[1:-1],
            activation="tanh",
            solver="sgd",
            momentum=0,
            alpha=0,
            batch_size=problem.batch,
            shuffle=False,
            learning_rate_init=rate,
            warm_start=True,
            tol=0.0,
            max_iter=1,
        )
        self._fit()
        for theirs, given in zip(
            [*self.model.coefs_, *self.model.intercepts_],
            [part for parts in problem.start() for part in parts],
            strict=True,
        ):
            theirs[...] = given

    def _fit(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "has not converged": it was told when to stop
            self.model.fit(self.X, self.target)

    def fit(self, steps: int) -> None:
        self.model.set_params(max_iter=steps, n_iter_no_change=steps + 1)
        self._fit()

    def forward(self, X: Array) -> Array:
        return np.asarray(self.model.predict(X)).reshape(len(X), -1)

    def parameters(self) -> tuple[list[Array], list[Array]]:
        return self.model.coefs_, self.model.intercepts_


@cache
def jax_programs(layers: int, rate: float, *, classes: bool, many: bool) -> tuple[Any, Any]:
    """Forward pass and loop over all steps, jitted; `many` nets have their number in front."""
    import jax

    jax.config.update("jax_enable_x64", True)  # float32 stays what it is; float64 becomes possible

    def forward(state: list[Any], X: Any) -> Any:
        a = X
        for layer, (w, b) in enumerate(zip(state[:layers], state[layers:], strict=True)):
            a = a @ w + b
            if layer < layers - 1:
                a = jax.numpy.tanh(a)
        return a

    def loss(state: list[Any], X: Any, y: Any) -> Any:
        a = forward(state, X)
        if classes:
            return -jax.numpy.mean(jax.numpy.sum(y * jax.nn.log_softmax(a), axis=-1))
        return jax.numpy.mean((a - y) ** 2)

    slopes = jax.grad(loss)
    if many:
        slopes = jax.vmap(slopes, in_axes=(0, None, None))

    def train(state: list[Any], X: Any, y: Any, steps: int) -> Any:
        def step(_: int, now: list[Any]) -> list[Any]:
            return [p - rate * g for p, g in zip(now, slopes(now, X, y), strict=True)]

        return jax.lax.fori_loop(0, steps, step, state)

    return jax.jit(forward), jax.jit(train)


class Jax(Peer):
    """One jitted loop over all steps; compiled before the clock starts."""

    name = "JAX"
    package = "jax"
    many: ClassVar[bool] = False

    def __init__(self, problem: Problem) -> None:
        import jax

        super().__init__(problem)
        self.jax: Any = jax
        weights, biases = problem.start()
        self._forward, self._train = jax_programs(
            len(weights), problem.learning_rate, classes=problem.classes, many=self.many
        )
        self.state = [jax.numpy.asarray(part) for part in [*weights, *biases]]
        self.fit(0)

    def fit(self, steps: int) -> None:
        self.state = self.jax.block_until_ready(self._train(self.state, self.X, self.y, steps))

    def forward(self, X: Array) -> Array:
        return np.asarray(self._forward(self.state, X))

    def parameters(self) -> tuple[list[Array], list[Array]]:
        parts = [np.asarray(part) for part in self.state]
        return parts[: len(parts) // 2], parts[len(parts) // 2 :]

    def forward_call(self, X: Array) -> Callable[[], object]:
        row, state, forward = self.jax.numpy.asarray(X), self.state, self._forward
        return lambda: forward(state, row).block_until_ready()


PEERS: list[type[Peer]] = [NumPyByHand, PyTorch, ScikitLearn, Jax]
