"use strict";
// Draws the table and the cards from the page's data, searches and sorts them. Of a long list only a slice is drawn; the
// rest comes on demand.
(() => {
  const SLICE = 100, ROW_HEIGHT = 18, MOST_PRINTED = 2000;
  const [FOLDER, NAME, SECONDS, LENGTH, GENRE, VALUE, CONFIDENCE, FOLLOWING, NOTES, FAILED] = Array(10).keys();
  const KEYS = [NAME, SECONDS, GENRE, VALUE, FOLLOWING, NOTES]; // what each column of the table sorts by
  const id = (name) => document.getElementById(name);
  const lines = JSON.parse(id("lines").textContent);
  const cards = id("cards").textContent.split("\n"); // line k + 1 is track k; few of them are ever read
  const body = document.querySelector("tbody"), tracks = id("tracks");
  const rests = document.querySelectorAll(".rest");
  let order = [...lines.keys()], found = order, n_shown = 0;

  const put = (root, selector, text) => {
    const place = root.querySelector(selector);
    if (text) place.textContent = text;
    else place.remove();
  };
  const repeat = (pattern, items, fill) => {
    pattern.replaceWith(...items.map((item) => {
      const node = pattern.cloneNode(true);
      fill(node, item);
      return node;
    }));
  };
  const set = (node, attributes) => Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));

  const row = (k) => {
    const line = lines[k], made = id("line").content.firstElementChild.cloneNode(true);
    const [name, time, genre, sure, following, notes] = made.cells;
    set(name.firstChild, { href: `#p${k + 1}`, title: `${line[FOLDER]}/${line[NAME]}` });
    name.firstChild.textContent = line[NAME];
    time.textContent = line[LENGTH];
    if (line[GENRE]) genre.append(document.createElement("b"));
    (genre.firstChild || genre).textContent = line[GENRE] || "-";
    sure.textContent = line[CONFIDENCE];
    following.textContent = line[FOLLOWING];
    notes.textContent = line[NOTES];
    notes.classList.toggle("bad", line[FAILED] === 1);
    return made;
  };

  // By shade, a thick line through all of its cells, as card.py's Strip makes it.
  const shades = ({ edges, rows }) => {
    const n = rows[0].length, paths = {};
    if (edges.length !== n + 1) {
      const [second, lastButOne, last] = edges, step = (lastButOne - second) / (n - 3);
      edges = [0, ...Array.from({ length: n - 2 }, (_, k) => Math.round(second + k * step)), last, 1000];
    }
    rows.forEach((row, i) => {
      for (const { 0: run, index } of row.matchAll(/(.)\1*/g)) {
        const line = `M${edges[index]} ${(i + 0.5) * ROW_HEIGHT}H${edges[index + run.length]}`;
        if (run[0] !== "0") paths[run[0]] = (paths[run[0]] || "") + line;
      }
    });
    return Object.entries(paths);
  };

  const draw = (chart, found) => {
    repeat(chart.querySelector("li"), found.bars, (node, [name, share, said]) => {
      node.querySelector(".g").textContent = name;
      node.querySelector("rect").setAttribute("width", `${(100 * share).toFixed(1)}%`);
      node.querySelector(".p").textContent = said;
    });
    const strip = chart.querySelector(".strip"), height = ROW_HEIGHT * found.strip.rows.length;
    set(strip, { "aria-label": found.label, viewBox: `0 0 1000 ${height}`, height });
    repeat(strip.querySelector("path"), shades(found.strip), (node, [shade, d]) => set(node, { class: `v${shade}`, d }));
    const axis = chart.querySelector(".axis"), text = axis.querySelector("text");
    repeat(axis.querySelector("line"), found.ticks, (node, [at]) => set(node, { x1: `${at}%`, x2: `${at}%` }));
    repeat(text, found.ticks, (node, [at, label]) => {
      set(node, { x: `${at}%` });
      if (at >= 95) set(node, { class: "end", dx: -4, "text-anchor": "end" });
      node.textContent = label;
    });
  };

  const card = (k) => {
    const line = lines[k], one = JSON.parse(cards[k + 1].replace(/,$/, ""));
    const made = id(one.failed ? "failed" : "answered").content.firstElementChild.cloneNode(true);
    made.id = `p${k + 1}`;
    put(made, "h2", line[NAME]);
    put(made, ".folder", line[FOLDER]);
    if (one.failed) {
      made.querySelector(".verdict").className = `verdict ${one.failed.kind}`;
      put(made, ".verdict b", one.failed.what);
      put(made, ".verdict span", one.failed.why);
    } else {
      put(made, ".verdict b", line[GENRE]);
      put(made, ".conf", line[CONFIDENCE]);
      put(made, ".length", line[LENGTH]);
      const sure = made.querySelector(".sure");
      if (one.experimental) put(sure, "b", `${one.experimental} is experimental:`);
      else sure.replaceChildren("");
      sure.firstChild.textContent = `${one.sure} `;
      put(made, ".parts", one.parts);
      draw(made.querySelector(".chart"), one.chart);
    }
    put(made, ".more", one.more);
    repeat(made.querySelector(".note"), one.notes || [], (node, note) => (node.textContent = `Note: ${note}`));
    put(made, ".model", one.model);
    return made;
  };

  const more = () => {
    const next = found.slice(n_shown, n_shown + SLICE);
    for (const k of next) id(`p${k + 1}`)?.remove(); // one that a link had asked for
    body.append(...next.map(row));
    tracks.append(...next.map(card));
    n_shown += next.length;
    for (const rest of rests) {
      rest.hidden = n_shown === found.length;
      rest.firstElementChild.textContent = `${n_shown.toLocaleString("en")} of ${found.length.toLocaleString("en")} are shown.`;
    }
  };
  const redraw = () => {
    body.replaceChildren();
    tracks.replaceChildren();
    n_shown = 0;
    more();
  };
  for (const rest of rests) rest.querySelector("button").addEventListener("click", more);
  window.addEventListener("beforeprint", () => {
    while (n_shown < Math.min(found.length, MOST_PRINTED)) more();
  });
  const follow = () => {
    const k = Number(/^#p(\d+)$/.exec(location.hash)?.[1]) - 1;
    if (!lines[k] || id(`p${k + 1}`)) return;
    tracks.prepend(card(k));
    id(`p${k + 1}`).scrollIntoView();
  };
  window.addEventListener("hashchange", follow);
  redraw();
  follow();
  if (lines.length < 2) return;

  const search = document.querySelector(".search"), output = search.querySelector("output");
  const SEEN = [NAME, LENGTH, GENRE, CONFIDENCE, FOLLOWING, NOTES];
  let texts = null;
  let wanted = "";
  const find = () => {
    if (wanted) texts ??= lines.map((line) => SEEN.map((part) => line[part]).join("\n").toLowerCase());
    found = wanted ? order.filter((k) => texts[k].includes(wanted)) : order;
    output.textContent = wanted ? `${found.length.toLocaleString("en")} of ${lines.length.toLocaleString("en")}` : "";
    redraw();
  };
  search.hidden = lines.length < 6;
  search.querySelector("input").addEventListener("input", (event) => {
    wanted = event.target.value.trim().toLowerCase();
    find();
  });

  document.querySelectorAll("th").forEach((head, column) => {
    const button = document.createElement("button");
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      document.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", sign < 0 ? "descending" : "ascending");
      const keys = lines.map((line) => line[KEYS[column]]).map((key) => (typeof key === "string" ? key.toLowerCase() : key));
      order = order.toSorted((a, b) => sign * (keys[a] < keys[b] ? -1 : keys[a] > keys[b] ? 1 : 0));
      find();
    });
  });
})();
