"use strict";
// What both interactive figures share: theme, zoom, labels that never overlap, search, the panel.
// Everything that comes from data is written with textContent or escaped: it is never markup.

const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const say = data.text;
const plot = $("plot");
const state = { selected: null, group: null, matches: new Set(), zoomed: false, ellipses: false };

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const plain = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const number = (value, digits = 3) =>
  value.toLocaleString(data.language, { maximumSignificantDigits: digits });
const count = (value) => value.toLocaleString(data.language);

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

const dark = () => matchMedia("(prefers-color-scheme: dark)").matches;
const parts = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

// `a` on its way to `b`; all colours here are written #rrggbb.
function mix(a, b, share) {
  const q = parts(b);
  const mixed = parts(a).map((v, i) => Math.round(v * (1 - share) + q[i] * share));
  return `#${mixed.map((v) => v.toString(16).padStart(2, "0")).join("")}`;
}

const glass = (hex, opacity) => `rgba(${parts(hex).join(",")},${opacity})`;

// ---- the view: which part of the plane is shown, and how many pixels a unit of it takes

let view = null;

function inner() {
  const m = chart.margin;
  return [Math.max(50, plot.clientWidth - m.l - m.r), Math.max(50, plot.clientHeight - m.t - m.b)];
}

function whole() {
  const [x0, x1, y0, y1] = chart.bounds();
  const [width, height] = inner();
  if (!chart.square) return { x: [x0, x1], y: [y0, y1] };
  const scale = Math.min(width / (x1 - x0), height / (y1 - y0));
  const [cx, cy, dx, dy] = [(x0 + x1) / 2, (y0 + y1) / 2, width / scale / 2, height / scale / 2];
  return { x: [cx - dx, cx + dx], y: [cy - dy, cy + dy] };
}

function measured(range) {
  const [width, height] = inner();
  const sx = width / (range.x[1] - range.x[0]);
  const sy = height / (range.y[1] - range.y[0]);
  return {
    ...range, sx, sy, width, height,
    font: plot.clientWidth < 600 ? 12 : 13,
    pixel: (x, y) => [(x - range.x[0]) * sx, (range.y[1] - y) * sy],
  };
}

const pen = document.createElement("canvas").getContext("2d");
const family = getComputedStyle(document.body).fontFamily; // named once, in page.css

function box(point, spot, font) {
  pen.font = `${point.bold ? "bold " : ""}${font}px ${family}`;
  point.width ??= pen.measureText(point.label).width;
  const [w, h, r] = [point.width + 4, font * 1.25, point.r + 2];
  const [vertical, side] = spot.split(" ");
  const x = side === "center" ? point.px - w / 2 : side === "left" ? point.px - w - r : point.px + r;
  const y = vertical === "middle" ? point.py - h / 2
    : vertical === "top" ? point.py - h - (side === "center" ? r : 0)
    : point.py + (side === "center" ? r : 0);
  return [x, y, x + w, y + h];
}

// Greedy: the weightiest label first, each on the first of its spots that is free; others wait for
// more room. Returns the spot of every point, or null.
function place(points, font) {
  const taken = [];
  const spots = new Array(points.length).fill(null);
  const hit = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
  // A label may touch the rim of another disc, but not hide it.
  const discs = points.map((p) => {
    const r = p.r * 0.7;
    return [p.px - r, p.py - r, p.px + r, p.py + r];
  });
  const order = points.map((_, i) => i).sort((a, b) => points[b].weight - points[a].weight);
  for (const i of order) {
    let best = null;
    let least = Infinity;
    for (const spot of points[i].spots) {
      const b = box(points[i], spot, font);
      if (b[0] < -2 || b[2] > view.width + 2 || taken.some((t) => hit(t, b))) continue;
      const covered = discs.filter((d, j) => j !== i && hit(d, b)).length;
      if (covered < least) [best, least] = [{ spot, b }, covered];
      if (!covered) break;
    }
    if (best && (least === 0 || points[i].must)) {
      spots[i] = best.spot;
      taken.push(best.b);
    }
  }
  return spots;
}

// Plotly keeps a place for the text of every point, and loses it for good where the text is empty.
const unlabelled = " ";

// ---- drawing

function render(range = null) {
  const full = plot._fullLayout;
  range ??= full ? { x: full.xaxis.range.slice(), y: full.yaxis.range.slice() } : whole();
  view = measured(range);
  const ink = colour("--ink");
  const axis = {
    zeroline: false, showgrid: false, showticklabels: false, ticks: "", fixedrange: false,
  };
  const layout = {
    margin: { ...chart.margin, pad: 0, autoexpand: false },
    paper_bgcolor: colour("--paper"), plot_bgcolor: colour("--paper"),
    font: { family, size: view.font, color: ink },
    xaxis: { ...axis, ...chart.axis("x"), range: range.x },
    yaxis: { ...axis, ...chart.axis("y"), range: range.y },
    showlegend: false, hovermode: "closest", hoverdistance: 10, dragmode: "pan",
    hoverlabel: {
      bgcolor: colour("--panel"), bordercolor: colour("--rule"),
      font: { color: ink, family, size: 13 }, align: "left", namelength: -1,
    },
  };
  if (chart.square) layout.yaxis.scaleanchor = "x";
  const options = { displayModeBar: false, scrollZoom: true, doubleClick: false, responsive: false,
    typesetMath: false };
  return Plotly.react(plot, chart.traces(), layout, options);
}

function zoom(factor) {
  state.zoomed = true;
  const grown = ([a, b]) => [(a + b) / 2 - ((b - a) / 2) * factor, (a + b) / 2 + ((b - a) / 2) * factor];
  render({ x: grown(view.x), y: grown(view.y) });
}

function fit() {
  state.zoomed = false;
  render(whole());
}

// ---- selection and panel

function select(key) {
  state.selected = key;
  state.group = null;
  for (const chip of document.querySelectorAll("[aria-pressed=true]")) chip.ariaPressed = "false";
  render();
  const panel = $("panel");
  panel.hidden = key === null;
  if (key === null) return;
  const about = chart.describe(key);
  panel.replaceChildren(
    element("div", { className: "head" },
      element("h2", { textContent: about.title }),
      element("button", {
        id: "close", type: "button", textContent: "×", title: say.close, ariaLabel: say.close,
        onclick: () => select(null),
      })),
    facts(about.facts),
  );
  if (about.links.length) {
    panel.append(element("h3", { textContent: about.heading }), chips(about.links));
  }
  if (about.sentences) {
    panel.append(element("h3", { textContent: say.sentences }), sentences(about.sentences));
  }
  panel.scrollTop = 0;
  $("side").scrollTop = 0;
  uncover(chart.spot(key));
}

// On a narrow screen the panel lies over the plot: move what is selected out from under it.
function uncover([x, y]) {
  if (getComputedStyle($("panel")).position !== "fixed") return;
  scrollTo(0, 0);
  const top = $("stage").getBoundingClientRect().top + chart.margin.t;
  const free = $("panel").getBoundingClientRect().top - top;
  const [px, py] = view.pixel(x, y);
  const dx = px > 20 && px < view.width - 20 ? 0 : (px - view.width / 2) / view.sx;
  const dy = py > 20 && py < free - 30 ? 0 : (py - free / 2) / view.sy;
  if (!dx && !dy) return;
  state.zoomed = true;
  render({ x: view.x.map((v) => v + dx), y: view.y.map((v) => v - dy) });
}

function facts(pairs) {
  const list = element("dl");
  for (const [name, value] of pairs) {
    list.append(element("dt", { textContent: name }), element("dd", { textContent: value }));
  }
  return list;
}

function chips(links) {
  const list = element("div", { className: "chips" });
  for (const link of links) {
    const button = element("button", { type: "button", onclick: () => select(link.key) });
    button.append(link.label, " ", element("small", { textContent: link.note }));
    list.append(button);
  }
  return list;
}

// A sentence is [file, row, [plain, marked, plain, …]].
// Buttons of groups in their colours: the chosen one stands out, the same once more lets it go.
function choices(groups) {
  const list = element("div", { className: "chips" });
  groups.forEach((group, g) => {
    const button = element("button", { type: "button", ariaPressed: "false" });
    const dot = element("i");
    dot.style.background = group.colour;
    button.append(dot, group.name, " ", element("small", { textContent: group.note }));
    button.onclick = () => {
      const chosen = state.group === g ? null : g;
      select(null);
      state.group = chosen;
      for (const other of list.children) other.ariaPressed = String(other === button && chosen !== null);
      render();
    };
    list.append(button);
  });
  return list;
}

function sentences(list) {
  if (!list.length) return element("p", { className: "empty", textContent: say.nothing });
  const shown = element("ol", { className: "sentences" });
  for (const [file, row, pieces] of list) {
    const item = element("li");
    pieces.forEach((piece, i) => {
      item.append(i % 2 ? element("mark", { textContent: piece }) : piece);
    });
    item.append(element("cite", { textContent: `${file} : ${row}` }));
    shown.append(item);
  }
  return shown;
}

// ---- search: kana, width and case make no difference

const fold = (text) =>
  text.normalize("NFKC").toLowerCase()
    .replace(/[\u30a1-\u30f6]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0x60));

function search() {
  const wanted = fold($("query").value.trim());
  state.matches = new Set(
    wanted ? chart.words().filter((w) => fold(w.label).includes(wanted)).map((w) => w.key) : [],
  );
  $("found").textContent = wanted ? say.found.replace("{n}", count(state.matches.size)) : "";
  render();
}

function start() {
  // Chromium keeps the boxes it drew before the font was there until the way text is shaped changes.
  document.querySelector("header").style.fontVariantLigatures = "none";
  const suggested = (chart.suggestions ?? chart.words)();
  for (const word of suggested) $("words").append(element("option", { value: word.label }));
  chart.legend($("home"));
  $("query").addEventListener("input", search);
  $("query").form.addEventListener("submit", (event) => {
    event.preventDefault();
    const exact = chart.words().find((w) => fold(w.label) === fold($("query").value.trim()));
    const first = exact ? exact.key : [...state.matches][0];
    if (first !== undefined) select(first);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing) select(null);
  });
  $("in").onclick = () => zoom(1 / 1.4);
  $("out").onclick = () => zoom(1.4);
  $("fit").onclick = fit;
  render(whole());
  plot.on("plotly_click", (event) => {
    const key = event.points[0].customdata;
    if (key) select(key);
  });
  plot.on("plotly_relayout", (change) => {
    if (!Object.keys(change).some((name) => name.includes("axis"))) return; // a resize, not a person
    state.zoomed = true;
    render();
  });
  plot.on("plotly_doubleclick", fit);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => render());
  let waiting = 0;
  const sized = () => `${plot.clientWidth} ${plot.clientHeight}`;
  let size = sized();
  new ResizeObserver(() => {
    if (sized() === size) return; // the first call comes without any change
    size = sized();
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => {
      const before = view;
      Plotly.Plots.resize(plot).then(() => {
        if (!state.zoomed) return fit();
        // The same middle and the same scale in a window of another size.
        const [width, height] = inner();
        const kept = ([a, b], length, s) => [(a + b - length / s) / 2, (a + b + length / s) / 2];
        return render({ x: kept(before.x, width, before.sx), y: kept(before.y, height, before.sy) });
      });
    });
  }).observe($("stage"));
}
