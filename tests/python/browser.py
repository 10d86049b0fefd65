"""A headless Chromium for the tests that look at pages as a reader does."""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

# Set by .ci/run: what is missing is a failure there, and a skipped test elsewhere.
REQUIRED = bool(os.environ.get("INITLENS_BROWSER"))


def missing(what: str) -> None:
    """Skip the test, or fail it where the browser is required."""
    message = f"{what} is missing: pip install '.[browser]', and chromium with its driver"
    if REQUIRED:
        pytest.fail(message)
    pytest.skip(message)


def require(module: str) -> Any:
    """Import a module of the extra `browser`."""
    try:
        return importlib.import_module(module)
    except ImportError:
        return missing(f"the module {module}")


@contextmanager
def open_browser(width: int = 1200, height: int = 1000) -> Iterator[Any]:
    """Give a selenium driver of a headless Chromium that keeps what pages write to the console."""
    webdriver = require("selenium.webdriver")
    binary = shutil.which("chromium") or shutil.which("google-chrome")
    program = shutil.which("chromedriver")
    if binary is None:
        missing("chromium")
    if program is None:
        missing("chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    # Containers have neither the rights for a sandbox nor a large /dev/shm.
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.add_argument(f"--window-size={width},{height}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(program))
    try:
        yield driver
    finally:
        driver.quit()


def console_errors(driver: Any) -> list[str]:
    """Return what the page wrote to the console as errors since the last call."""
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
