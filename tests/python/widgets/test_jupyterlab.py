"""The explorer and a long comparison, in JupyterLab, in a real browser.

Where a browser or what drives it is missing the tests are skipped and say so; with
INITLENS_BROWSER set, as .ci/run sets it, they fail instead.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

import initlens as il
from browser import console_errors, open_browser, require

# Of a slow machine that does something else as well.
PATIENCE = 60.0

STEPS = 500
EXPLORER = f"import initlens as il\nil.widgets.explorer(steps={STEPS}, live=True)"
LONG = "import initlens as il\nil.compare(steps=20_000, seeds=5_000, progress=True)"

PIXELS = """
return [...document.querySelectorAll('.initlens-explorer figure:not(.output) canvas')].map(
    (canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.join()
)
"""


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: where it is, and where its notebooks and settings are."""

    address: str
    token: str
    folder: Path
    settings: Path

    def set(self, plugin: str, **values: Any) -> None:
        path = self.settings / "@jupyterlab" / "apputils-extension"
        path.mkdir(parents=True, exist_ok=True)
        (path / f"{plugin}.jupyterlab-settings").write_text(json.dumps(values), encoding="utf-8")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A server of its own, with a home and settings of its own."""
    for module in ("jupyterlab", "anywidget", "ipykernel", "tqdm"):
        require(module)
    home = tmp_path_factory.mktemp("home")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    lab = Lab(
        address=f"http://127.0.0.1:{port}",
        token=secrets.token_hex(16),
        folder=tmp_path_factory.mktemp("notebooks"),
        settings=home / "settings",
    )
    lab.set("notification", fetchNews="false", checkForUpdates=False)
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *(f"--port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={lab.folder}"),
    ]
    environment = os.environ | {
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(lab.settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_TOKEN": lab.token,
    }
    log = home / "log"
    with log.open("wb") as stream:
        server = subprocess.Popen(command, env=environment, stdout=stream, stderr=stream)
        try:
            wait_for(lambda: server.poll() is not None or answers(f"{lab.address}/api"), "a server")
            assert server.poll() is None, log.read_text()
            yield lab
        finally:
            # With SIGTERM it may wait for ever for what is still starting; the kernels end with it.
            server.kill()
            server.wait()


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    with open_browser() as found:
        yield found


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except OSError:
        return False


def wait_for(found: Callable[[], Any], what: str) -> Any:
    end = time.monotonic() + PATIENCE
    while not (value := found()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.1)
    return value


def write(lab: Lab, name: str, source: str, outputs: list[Any] | None = None) -> None:
    cell = nbformat.v4.new_code_cell(source, outputs=outputs or [])
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})
    nbformat.write(notebook, lab.folder / f"{name}.ipynb")


def visit(driver: Any, lab: Lab, name: str) -> None:
    """Open a notebook, alone, and wait for its kernel."""
    driver.get(f"{lab.address}/doc/tree/{name}.ipynb?token={lab.token}&reset")
    editor = ".jp-Notebook .cm-content"
    wait_for(lambda: text(driver, editor), "a notebook")
    wait_for(lambda: "| Idle" in text(driver, "#jp-bottom-panel, .jp-StatusBar-Item"), "a kernel")
    console_errors(driver)  # what JupyterLab says of itself while it starts


def press(driver: Any, *keys: str) -> None:
    """Press keys together, wherever the focus is."""
    chains = require("selenium.webdriver").ActionChains(driver)
    for key in keys[:-1]:
        chains.key_down(key)
    chains.send_keys(keys[-1])
    for key in reversed(keys[:-1]):
        chains.key_up(key)
    chains.perform()


def run_cell(driver: Any) -> None:
    keys = require("selenium.webdriver.common.keys").Keys
    driver.find_element("css selector", ".jp-Notebook .cm-content").click()
    press(driver, keys.CONTROL, keys.ENTER)


def text(driver: Any, selector: str) -> str:
    """Return the visible text at one moment: nodes may be replaced between two calls."""
    script = (
        "return [...document.querySelectorAll(arguments[0])].map((n) => n.innerText).join('\\n')"
    )
    found: str = driver.execute_script(script, selector)
    return found


def control(driver: Any, label: str) -> Any:
    """Find a control by its label, as a reader with a screen reader does."""
    labels = driver.find_elements("css selector", ".initlens-explorer label")
    (found,) = [node for node in labels if node.text.startswith(label)]
    return driver.find_element("id", found.get_attribute("for"))


def settled(driver: Any, title: str) -> None:
    """Wait until the explorer shows a net with these words in its title."""
    done = ".initlens-explorer[aria-busy=false] .title"
    wait_for(lambda: title in text(driver, done), f"{title!r} in the explorer's title")


def focus_by_tab(driver: Any, wanted: Any) -> None:
    keys = require("selenium.webdriver.common.keys").Keys
    for _ in range(30):
        if driver.switch_to.active_element == wanted:
            return
        press(driver, keys.TAB)
    pytest.fail("the control is not reached with the tabulator key")


def test_explorer_by_keyboard(driver: Any, lab: Lab) -> None:
    keys = require("selenium.webdriver.common.keys").Keys
    write(lab, "explorer", EXPLORER)
    visit(driver, lab, "explorer")
    run_cell(driver)
    settled(driver, "normal(1) x 0.01, seed 3")
    assert f"After {STEPS} steps" in text(driver, ".initlens-explorer .end")
    at_end = driver.execute_script(PIXELS)
    assert len(at_end) == len(set(at_end)) == 4

    # The scheme, by keyboard alone.
    focus_by_tab(driver, control(driver, "Scheme"))
    press(driver, keys.HOME)
    settled(driver, "zeros")
    assert "symmetric" in text(driver, ".initlens-explorer .start")
    assert "every weight gradient is zero" in text(driver, ".initlens-explorer .end")
    assert "layer 1: 1 of 4 units distinct" in text(driver, ".initlens-explorer figcaption")
    copies = driver.execute_script(PIXELS)
    assert len(copies) == 4
    assert len(set(copies)) == 1

    # A slider, by keyboard; JupyterLab's own shortcuts must not take the keys.
    focus_by_tab(driver, control(driver, "Width"))
    press(driver, keys.ARROW_RIGHT)
    settled(driver, "2-5-1")
    assert len(driver.execute_script(PIXELS)) == 5
    assert len(driver.find_elements("css selector", ".jp-Cell")) == 1
    assert console_errors(driver) == []


def test_rewind_gives_the_same_start(driver: Any, lab: Lab) -> None:
    keys = require("selenium.webdriver.common.keys").Keys
    write(lab, "rewind", EXPLORER)
    visit(driver, lab, "rewind")
    run_cell(driver)
    settled(driver, f"{STEPS} steps")
    at_end = driver.execute_script(PIXELS)
    rewind = driver.find_element("xpath", "//button[text()='Rewind']")
    rewind.send_keys(keys.ENTER)
    assert control(driver, "Shown step").get_attribute("aria-valuetext").startswith("step 0,")
    start = driver.execute_script(PIXELS)
    assert start != at_end

    # Trained again, for longer: the view stays at the start, which is the same.
    control(driver, "Steps").send_keys(keys.ARROW_RIGHT)
    settled(driver, "1,000 steps")
    assert control(driver, "Shown step").get_attribute("aria-valuetext").startswith("step 0,")
    assert driver.execute_script(PIXELS) == start
    control(driver, "Seed").send_keys(keys.ARROW_RIGHT)
    settled(driver, "seed 4")
    assert driver.execute_script(PIXELS) != start
    control(driver, "Seed").send_keys(keys.ARROW_LEFT)
    settled(driver, "seed 3")
    assert driver.execute_script(PIXELS) == start

    driver.find_element("xpath", "//button[text()='Play']").send_keys(keys.ENTER)
    step = control(driver, "Shown step")
    wait_for(lambda: step.get_attribute("value") == step.get_attribute("max"), "the last step")
    wait_for(lambda: driver.find_elements("xpath", "//button[text()='Play']"), "the end of play")
    assert driver.execute_script(PIXELS) != start
    assert console_errors(driver) == []


def test_only_the_last_of_many_changes_is_shown(driver: Any, lab: Lab) -> None:
    keys = require("selenium.webdriver.common.keys").Keys
    write(lab, "overtaken", EXPLORER)
    visit(driver, lab, "overtaken")
    run_cell(driver)
    settled(driver, "seed 3")
    driver.execute_script(
        """
        window.titles = [];
        const title = document.querySelector('.initlens-explorer .title');
        new MutationObserver(() => window.titles.push(title.textContent))
            .observe(title, { childList: true });
        """
    )
    control(driver, "Seed").send_keys(keys.ARROW_RIGHT * 20)
    settled(driver, "seed 23")
    (title,) = driver.execute_script("return window.titles")
    assert "seed 23" in title
    assert console_errors(driver) == []


def test_a_notebook_that_is_only_viewed(driver: Any, lab: Lab) -> None:
    """Outputs of somebody else, whom JupyterLab does not trust: tables and pictures."""
    explorer = il.widgets.explorer(scheme="constant(1)", scale=0.5, steps=STEPS, live=True)
    data, metadata = explorer._repr_mimebundle_()
    output = nbformat.v4.new_output("execute_result", data, metadata=metadata, execution_count=1)
    write(lab, "viewed", EXPLORER, [output])
    visit(driver, lab, "viewed")
    wait_for(lambda: driver.find_elements("css selector", ".jp-OutputArea img"), "a picture")
    shown = text(driver, ".jp-OutputArea")
    assert "symmetric (layer 1)" in shown
    assert "one unit, copied 4 times" in shown
    widths = driver.execute_script(
        "return [...document.querySelectorAll('.jp-OutputArea img')].map((i) => i.naturalWidth)"
    )
    assert len(widths) == 5  # the curve; layer 1 and the output, at the start and at the end
    assert all(widths)
    assert console_errors(driver) == []


def test_the_stop_button_keeps_finished_nets(driver: Any, lab: Lab) -> None:
    write(lab, "long", LONG)
    visit(driver, lab, "long")
    run_cell(driver)
    bar = re.compile(r"\b[1-9]\d*/35000")
    wait_for(lambda: bar.search(text(driver, ".jp-OutputArea")), "some finished nets")
    driver.find_element("css selector", "[data-command='notebook:interrupt-kernel']").click()
    wait_for(lambda: driver.find_elements("css selector", ".jp-OutputArea caption"), "a table")
    caption = text(driver, ".jp-OutputArea caption")
    finished = re.search(r"interrupted: ([\d,]+) nets finished", caption)
    assert finished is not None
    assert 0 < int(finished[1].replace(",", "")) < 35_000
    assert "KeyboardInterrupt" not in text(driver, ".jp-OutputArea")
    assert console_errors(driver) == []
