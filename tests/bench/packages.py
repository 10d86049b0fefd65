"""What is installed: the distributions that are measured, and their versions."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("initlens", "numpy", "scipy", "torch", "scikit-learn", "jax")


def versions() -> dict[str, str]:
    """Versions by name, of those that are there."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def summary() -> str:
    """One line: what there is, and what is not."""
    found = versions()
    text = ", ".join(f"{package} {number}" for package, number in found.items())
    missing = [package for package in PACKAGES if package not in found]
    return f"{text}; not installed: {', '.join(missing)}" if missing else text
