"""A report in a real browser: no error, no request, tables to sort, code to copy, print."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import initlens as il
from browser import console_errors, open_browser, require
from initlens import report
from initlens.tables import Table

KEYS = {"enter": "\ue007", "space": "\ue00d", "tab": "\ue004"}

# Names and numbers whose order as text is another one.
ROWS = (
    ("b10", "0.645 [0.1, 9]", "-"),
    ("b9", "1,200", "12 x 3"),
    ("a", "-inf", "2 x 30"),
    ("c", "1e-3", ""),
    ("d", "inf", "100 x 1"),
    ("e", "12.5 (1.0)", "nan"),
)

CELLS = """
return [...arguments[0].tBodies[0].rows].map((row) => row.cells[arguments[1]].textContent)
"""

# Of every element with text of its own: the ratio of contrast with what is behind it (WCAG 2).
CONTRASTS = """
function channels(color) {
  const [r, g, b, alpha = 1] = color.match(/[0-9.]+/g).map(Number);
  return {rgb: [r, g, b], alpha};
}
function luminance(rgb) {
  const [r, g, b] = rgb.map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function behind(element) {
  for (let at = element; at; at = at.parentElement) {
    const {rgb, alpha} = channels(getComputedStyle(at).backgroundColor);
    if (alpha > 0) return rgb;
  }
  return null;
}
return [...document.body.querySelectorAll("*")]
  .filter((element) => [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
  .filter((element) => element.checkVisibility() && element.tagName !== "SCRIPT")
  .map((element) => {
    const [a, b] = [channels(getComputedStyle(element).color).rgb, behind(element)].map(luminance);
    return [element.tagName, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
  });
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    require("matplotlib")
    with open_browser() as driver:
        driver.execute_cdp_cmd("Network.enable", {})
        yield driver


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    result = il.compare(steps=300, seeds=3)
    return result.to_html(tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with one table of every kind of cell, in the order of ROWS, and one of one row."""
    table = Table("Cells", ("name", "number\nmedian", "shape"), ROWS)
    sections = [report.table_html(table), report.table_html(replace(table, rows=ROWS[:1]))]
    sections.append("<pre>result = 1 &lt; 2\n</pre>")
    return report.write(
        tmp_path_factory.mktemp("plain") / "plain.html", report.page("cells", sections)
    )


def media(browser: Any, **features: str) -> None:
    pairs = [{"name": name.replace("_", "-"), "value": text} for name, text in features.items()]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": pairs})


def column(browser: Any, index: int) -> list[str]:
    table = browser.find_element("css selector", "table")
    cells: list[str] = browser.execute_script(CELLS, table, index)
    return cells


def names(browser: Any) -> str:
    return " ".join(column(browser, 0))


def test_nothing_goes_wrong_and_nothing_is_requested(browser: Any, path: Path) -> None:
    browser.get(path.as_uri())
    requested = browser.execute_script(
        "return performance.getEntriesByType('resource').map((entry) => entry.name)"
    )
    assert [name for name in requested if not name.startswith("data:")] == []
    images = browser.find_elements("css selector", "img")
    assert len(images) == 3
    for image in images:
        assert browser.execute_script("return arguments[0].naturalWidth", image) > 500
    assert console_errors(browser) == []


def test_the_policy_refuses_what_is_not_of_the_page(browser: Any, path: Path) -> None:
    browser.get(path.as_uri())
    added = browser.execute_script(
        """
        const script = document.createElement("script");
        script.textContent = "document.title = 'taken over'";
        document.body.append(script);
        const style = document.createElement("style");
        style.textContent = "h1 { display: none }";
        document.head.append(style);
        return [document.title, document.querySelector("h1").checkVisibility()];
        """
    )
    assert added == ["initlens: 7 initializations on flower data", True]
    assert len(console_errors(browser)) == 2


def test_a_click_sorts(browser: Any, plain: Path) -> None:
    browser.get(plain.as_uri())
    headings = browser.find_elements("css selector", "table:first-of-type thead th")
    buttons = browser.find_elements("css selector", "thead button")
    assert len(buttons) == 3  # none above the table of one row
    assert [button.text.replace("\n", " ") for button in buttons] == [
        "name",
        "number median",
        "shape",
    ]

    def press(index: int) -> tuple[str, list[str | None]]:
        buttons[index].click()
        return names(browser), [heading.get_attribute("aria-sort") for heading in headings[:3]]

    assert press(1) == ("a c b10 e b9 d", ["none", "ascending", "none"])
    assert press(1) == ("d b9 e b10 c a", ["none", "descending", "none"])
    assert press(1) == ("b10 b9 a c d e", ["none", "none", "none"])
    # What is missing stays last in both directions.
    assert press(2) == ("a b9 d b10 c e", ["none", "none", "ascending"])
    assert press(2) == ("d b9 a b10 c e", ["none", "none", "descending"])
    assert press(0) == ("a b9 b10 c d e", ["ascending", "none", "none"])
    assert console_errors(browser) == []


@pytest.mark.parametrize("key", ["enter", "space"])
def test_a_key_sorts(browser: Any, plain: Path, key: str) -> None:
    browser.get(plain.as_uri())
    chains = require("selenium.webdriver").ActionChains
    # From the top: the box that scrolls, the first heading, the second.
    chains(browser).send_keys(KEYS["tab"] * 3).perform()
    focused = browser.switch_to.active_element
    assert focused.text.startswith("number")
    assert focused.value_of_css_property("outline-style") == "solid"
    assert focused.value_of_css_property("outline-width") == "3px"
    chains(browser).send_keys(KEYS[key]).perform()
    assert names(browser) == "a c b10 e b9 d"
    assert browser.switch_to.active_element == focused


def test_the_outcomes_sort_by_their_medians(browser: Any, path: Path) -> None:
    browser.get(path.as_uri())
    heads = browser.find_elements("css selector", "table:first-of-type thead button")
    (index,) = [i for i, head in enumerate(heads) if head.text.startswith("final loss")]
    heads[index].click()
    medians = [float(cell.split()[0]) for cell in column(browser, index)]
    assert medians == sorted(medians)
    assert len(set(medians)) > 3


def test_the_copy_button_copies(browser: Any, plain: Path) -> None:
    browser.get(plain.as_uri())
    button = browser.find_element("css selector", ".copy")
    allowed = ["clipboardReadWrite", "clipboardSanitizedWrite"]
    browser.execute_cdp_cmd("Browser.grantPermissions", {"permissions": allowed})
    button.send_keys(KEYS["enter"])
    wait = require("selenium.webdriver.support.wait").WebDriverWait(browser, 10)
    wait.until(lambda _: browser.find_element("css selector", "[role=status]").text == "Copied.")
    copied = browser.execute_async_script(
        "const done = arguments[0]; navigator.clipboard.readText().then(done, (e) => done(`${e}`))"
    )
    assert copied == "result = 1 < 2\n"


def test_where_copying_is_refused_the_code_is_selected(browser: Any, plain: Path) -> None:
    browser.get(plain.as_uri())
    browser.execute_script("navigator.clipboard.writeText = async () => { throw new Error() }")
    browser.find_element("css selector", ".copy").click()
    assert "Ctrl+C" in browser.find_element("css selector", "[role=status]").text
    assert browser.execute_script("return getSelection().toString()").strip() == "result = 1 < 2"
    assert console_errors(browser) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(browser: Any, path: Path, scheme: str) -> None:
    media(browser, prefers_color_scheme=scheme)
    browser.get(path.as_uri())
    browser.execute_script(
        "for (const details of document.querySelectorAll('details')) details.open = true"
    )
    ratios = browser.execute_script(CONTRASTS)
    media(browser)
    assert len(ratios) > 100
    assert min(ratio for _, ratio in ratios) >= 4.5  # AA, for text of any size
    assert {tag for tag, _ in ratios} >= {"H1", "TD", "TH", "CAPTION", "SUMMARY", "PRE", "BUTTON"}


@pytest.mark.parametrize("width", [360, 1200])
def test_only_tables_and_code_scroll_sideways(browser: Any, path: Path, width: int) -> None:
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(path.as_uri())
    page, box = browser.execute_script(
        "const box = document.querySelector('.scroll'); return [document.documentElement, box]"
        ".map((element) => element.scrollWidth - element.clientWidth)"
    )
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert page == 0
    assert (box > 0) == (width == 360)


def test_print_opens_the_numbers(browser: Any, path: Path) -> None:
    browser.get(path.as_uri())
    browser.execute_script(
        """
        addEventListener("afterprint", () => document.title = "printed");
        addEventListener("beforeprint", () => {
          window.open = document.querySelectorAll("details[open]").length;
        });
        """
    )
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    assert base64.b64decode(printed["data"]).startswith(b"%PDF")
    assert browser.execute_script("return window.open") == 3
    assert browser.find_elements("css selector", "details[open]") == []
