"""Write the golden hashes of this version of the numerical format.

    python tests/golden/write.py

makes two files beside this one, of SHA-256 of little-endian bytes, for each dtype:
numerics_<version>.json of draws, of the activation functions of its day, of one forward pass with
its gradients, and of short training runs; activations_<version>.json of the activation functions
that came later. A hash that changes means other bits for users: that needs a new NUMERICS_VERSION
and new files, never rewritten ones. A new activation adds its hashes to the second file.

Inputs are exact in both precisions (small integers over powers of two), so nothing outside the core
can move them.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

import initlens as il
from initlens import _core

SCHEMES = [
    "normal(std=0.5)",
    "uniform(0.25)",
    "glorot_uniform",
    "he_normal",
    "lecun_normal",
    "truncated_normal",
    "truncated_normal(std=0.5, mean=1, low=-1, high=3)",
    "truncated_normal(low=4, high=9)",
    "he_truncated_normal",
    "orthogonal",
    "sparse(nonzeros=7)",
    "looks_linear(position='first', form='crelu')",
    "identity(0.5)",
]
FIRST_ACTIVATIONS = {
    *("identity", "tanh", "sigmoid", "relu", "leaky_relu", "elu", "selu"),
    *("gelu", "gelu_tanh", "silu", "softplus", "softsign", "hard_tanh", "erf"),
}
OPTIMIZERS = {
    "sgd": il.SGD(0.25),
    "nesterov": il.SGD(0.125, momentum=0.875, nesterov=True, weight_decay=0.0625),
    "adam": il.Adam(0.03125),
    "rmsprop": il.RMSProp(0.0078125, momentum=0.5),
}


def sha256(arrays: Iterable[Any]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        array = np.asarray(array)
        digest.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()


def data() -> tuple[Any, Any]:
    """X (300, 6), labels (300,) of three classes."""
    i = np.arange(300 * 6).reshape(300, 6)
    X = (i * 7919 % 4001 - 2000) / 1024
    return X, np.arange(300) * 31 % 7 % 3


def net(dtype: str) -> il.Network:
    made = il.Network(
        [6, 19, 10, 3], activation=["tanh", "gelu"], loss="cross_entropy", dtype=dtype
    )
    return made.initialize("glorot_normal", rng=2024, bias="normal(0.125)")


def activation_hash(name: str, dtype: str) -> str:
    z = (np.arange(2001, dtype=dtype) - 1000) / 64
    g = il.activations.get(name)
    return sha256([g(z), g.slope(z)])


def activation_hashes() -> dict[str, str]:
    """Of those that numerics_<version>.json does not have."""
    return {
        f"{dtype} {name}": activation_hash(name, dtype)
        for dtype in ("float32", "float64")
        for name in il.activations.names()
        if name not in FIRST_ACTIVATIONS
    }


def hashes() -> dict[str, str]:
    X, y = data()
    out = {}
    for dtype in ("float32", "float64"):
        for text in SCHEMES:
            drawn = il.initializers.get(text)((50, 21), rng=7, dtype=dtype)
            out[f"{dtype} draw {text}"] = sha256([drawn])
        out |= {
            f"{dtype} {name}": activation_hash(name, dtype) for name in sorted(FIRST_ACTIVATIONS)
        }
        start = net(dtype)
        gradients = start.gradients(X, y)
        out[f"{dtype} forward"] = sha256([start.forward(X)])
        out[f"{dtype} loss"] = sha256([np.float64(gradients.loss)])
        out[f"{dtype} gradients"] = sha256([*gradients.weights, *gradients.biases])
        for name, optimizer in OPTIMIZERS.items():
            for batch_size in (None, 32):
                trained = net(dtype)
                trained.fit(X, y, optimizer=optimizer, steps=50, batch_size=batch_size)
                key = f"{dtype} 50 steps of {name}, batch {batch_size or 'full'}"
                out[key] = sha256([*trained.weights, *trained.biases])
    return out


def write(name: str, found: dict[str, str]) -> None:
    """Write a file of hashes; hashes that it has stay as they are."""
    path = Path(__file__).with_name(f"{name}_{_core.NUMERICS_VERSION}.json")
    known = json.loads(path.read_text()) if path.exists() else {}
    if any(found.get(key) != known[key] for key in known):
        sys.exit(f"{path.name} holds other bits: a new numerical format needs a new version")
    path.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    write("numerics", hashes())
    write("activations", activation_hashes())
