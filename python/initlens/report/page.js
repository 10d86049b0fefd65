"use strict";
// The page is complete without this. It adds tables to sort, a button to copy code, and data tables
// that are open in print.

const NUMBER = /^[-+]?(?:\d[\d,]*(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?/i;
const words = new Intl.Collator("en", { numeric: true });

// The number that a cell begins with, so that "0.24 [0.21, 0.51]" sorts by its median.
function leadingNumber(text) {
  const infinite = /^([-+]?)inf\b/.exec(text);
  if (infinite) return infinite[1] === "-" ? -Infinity : Infinity;
  const found = NUMBER.exec(text);
  return found ? Number(found[0].replaceAll(",", "")) : NaN;
}

function sortRows(rows, column, sign) {
  const text = (row) => row.cells[column].textContent.trim();
  const missing = (row) => ["", "-", "nan"].includes(text(row));
  const known = rows.filter((row) => !missing(row));
  const numeric = known.every((row) => !Number.isNaN(leadingNumber(text(row))));
  const compare = (a, b) => {
    if (!numeric) return words.compare(a, b);
    const [x, y] = [leadingNumber(a), leadingNumber(b)];
    return x < y ? -1 : Number(x > y); // not x - y: two infinities are equal
  };
  known.sort((a, b) => sign * compare(text(a), text(b)));
  return [...known, ...rows.filter(missing)];
}

const NEXT = { none: "ascending", ascending: "descending", descending: "none" };

for (const table of document.querySelectorAll(".sortable table")) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  if (rows.length < 2) continue;
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.title = "Sort: ascending, descending, as it was";
    const label = document.createElement("span");
    label.append(...heading.childNodes);
    button.append(label);
    heading.append(button);
    heading.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const order = NEXT[heading.getAttribute("aria-sort")];
      for (const other of headings) other.setAttribute("aria-sort", "none");
      heading.setAttribute("aria-sort", order);
      const sign = { ascending: 1, descending: -1 }[order];
      body.append(...(sign ? sortRows(rows, column, sign) : rows));
    });
  });
}

for (const code of document.querySelectorAll("pre")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  const status = document.createElement("span");
  status.setAttribute("role", "status");
  code.after(button, status);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      status.textContent = "Copied.";
    } catch {
      // Not allowed, or not there on plain http.
      getSelection().selectAllChildren(code);
      status.textContent = "Selected: copy it with Ctrl+C.";
    }
  });
}

let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  for (const details of opened) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of opened) details.open = false;
});
