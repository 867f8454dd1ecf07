"use strict";
// A click on a column's head puts the best on top, and names from A to Z; a second one turns the
// order round. What is not there stays at the end either way.
const number = (text) => {
  const found = /^(?:[▲▼] )?[<+]?(-?[\d,]*\.?\d+)/.exec(text);
  return found ? Number(found[1].replaceAll(",", "")) : NaN;
};

const key = (row, column) => row.cells[column].textContent.trim();

const missing = (text) => text === "–" || text === "" || text === "NaN";

function compare(a, b, numeric) {
  return numeric ? number(a) - number(b) : a.localeCompare(b, "en", { numeric: true });
}

function sort(table, head, column) {
  const numeric = head.classList.contains("number");
  const first = numeric && head.dataset.best !== "low" ? "descending" : "ascending";
  const second = first === "ascending" ? "descending" : "ascending";
  const order = head.getAttribute("aria-sort") === first ? second : first;
  for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", order);
  const sign = order === "descending" ? -1 : 1;
  const rows = [...table.tBodies[0].rows].map((row) => [key(row, column), row]);
  rows.sort(([a], [b]) =>
    missing(a) - missing(b) || (missing(a) ? 0 : sign * compare(a, b, numeric)));
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

// What is chosen stays, and what is about no dataset, network or mapping in particular.
const form = document.querySelector("form.filters");
function filter() {
  const chosen = [...form.elements].filter((one) => one.value);
  for (const part of document.querySelectorAll("[data-dataset], [data-network], [data-mapping]")) {
    const other = ({ name, value }) => name in part.dataset && part.dataset[name] !== value;
    part.classList.toggle("hidden", chosen.some(other));
  }
}
if (form) {
  form.reset();
  form.addEventListener("change", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // a browser that does not allow it to a page from disk
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

for (const button of document.querySelectorAll(".copy button")) {
  button.addEventListener("click", async () => {
    const name = button.textContent;
    await copy(button.nextElementSibling.content.textContent);
    button.textContent = "copied";
    setTimeout(() => { button.textContent = name; }, 1500);
  });
}

// A link to a row of trials opens it.
function open() {
  const target = document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView();
  }
}
addEventListener("hashchange", open);
open();

// Pictures of numbers become charts that tell them; where that fails, the pictures stay.
async function draw(source) {
  const picture = source.previousElementSibling;
  const place = document.createElement("div");
  const options = { actions: false, ast: true, renderer: "svg", tooltip: { theme: "custom" } };
  await vegaEmbed(place, JSON.parse(source.textContent), options);
  place.className = "drawn";
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", picture.alt);
  picture.replaceWith(place);
}

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (isIntersecting) {
      seen.unobserve(target);
      draw(target.querySelector("script.chart"));
    }
  }
}, { rootMargin: "400px" });
for (const source of document.querySelectorAll("script.chart")) seen.observe(source.parentElement);
