"use strict";
// Searching and sorting; the page is complete without.
(() => {
  const lines = [...document.querySelectorAll("tbody tr")];
  const body = document.querySelector("tbody");
  const cards = document.getElementById("cards");
  if (lines.length < 2) return;

  const search = document.querySelector(".search");
  const found = search.querySelector("output");
  search.hidden = lines.length < 6;
  search.querySelector("input").addEventListener("input", (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    let n = 0;
    for (const line of lines) {
      const hit = line.textContent.toLowerCase().includes(wanted);
      line.hidden = !hit;
      document.getElementById(line.dataset.card).hidden = !hit;
      n += hit;
    }
    found.textContent = wanted ? `${n} of ${lines.length}` : "";
  });

  const value = (line, column) => {
    const cell = line.cells[column];
    return cell.dataset.v === undefined ? cell.textContent.toLowerCase() : Number(cell.dataset.v);
  };
  document.querySelectorAll("th").forEach((head, column) => {
    const button = document.createElement("button");
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const descending = head.getAttribute("aria-sort") === "ascending";
      document.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const sign = descending ? -1 : 1;
      lines.sort((a, b) => {
        const [x, y] = [value(a, column), value(b, column)];
        return sign * (x < y ? -1 : x > y ? 1 : 0);
      });
      body.append(...lines);
      cards.append(...lines.map((line) => document.getElementById(line.dataset.card)));
    });
  });
})();
