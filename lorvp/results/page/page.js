"use strict";
// A click on a column's head sorts by it; a second one turns the order round. What is not there
// stays at the end either way.
const number = (text) => {
  const found = /^[<+]?(-?[\d,]*\.?\d+)/.exec(text);
  return found ? Number(found[1].replaceAll(",", "")) : NaN;
};

const key = (row, column) => row.cells[column].textContent.trim();

const missing = (text) => text === "–" || text === "" || text === "NaN";

function compare(a, b, numeric) {
  return numeric ? number(a) - number(b) : a.localeCompare(b, "en", { numeric: true });
}

function sort(table, head, column) {
  const down = head.getAttribute("aria-sort") === "ascending";
  for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const numeric = head.classList.contains("number");
  const rows = [...table.tBodies[0].rows].map((row) => [key(row, column), row]);
  rows.sort(([a], [b]) =>
    missing(a) - missing(b) || (missing(a) ? 0 : (down ? -1 : 1) * compare(a, b, numeric)));
  table.tBodies[0].append(...rows.map(([, row]) => row));
}

for (const table of document.querySelectorAll("table.sortable")) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(table, head, column));
    head.replaceChildren(button);
  });
}
