"""The examples in docstrings run and give what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import initlens as il

MODULES = [module.name for module in pkgutil.iter_modules(il.__path__) if module.name != "__main__"]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = importlib.import_module(f"initlens.{name}")
    failed, _ = doctest.testmod(module, verbose=False)
    assert failed == 0


def test_there_are_examples() -> None:
    network = importlib.import_module("initlens.network")
    assert doctest.testmod(network).attempted > 0
