"""The tests of the C core, which need no Python, as part of one test run."""

from makefile import make, needs


@needs("make")
def test_c_core() -> None:
    said = make("check")  # which fails if a program fails, or cannot fail
    print(said)
    assert " checks, 0 failed" in said
