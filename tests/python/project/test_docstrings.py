"""The examples in docstrings run and give what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import initlens as il

MODULES = [
    module.name
    for module in pkgutil.walk_packages(il.__path__, "initlens.")
    if module.name != "initlens.__main__"
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        if (error.name or "").partition(".")[0] == "initlens":
            raise
        pytest.skip(f"{name} needs {error.name}")
    failed, _ = doctest.testmod(module, verbose=False)
    assert failed == 0


@pytest.mark.parametrize("name", ["nets.network", "initializers.scaling", "auditing.inspection"])
def test_there_are_examples(name: str) -> None:
    module = importlib.import_module(f"initlens.{name}")
    assert doctest.testmod(module).attempted > 0
