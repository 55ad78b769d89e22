"use strict";
// The co-occurrence network; `data` is made by figures/network.py.

const around = data.words.map(() => []);
data.edges.forEach((edge, k) => {
  around[edge.a].push(k);
  around[edge.b].push(k);
});

// Words and edges that the selection is about; null when nothing is selected.
function lit() {
  const words = new Set();
  const edges = new Set();
  if (state.group !== null) {
    data.words.forEach((w, i) => w.community === state.group && words.add(i));
    data.edges.forEach((e, k) => words.has(e.a) && words.has(e.b) && edges.add(k));
  } else if (state.selected?.startsWith("n")) {
    const i = Number(state.selected.slice(1));
    words.add(i);
    for (const k of around[i]) {
      edges.add(k);
      words.add(data.edges[k].a).add(data.edges[k].b);
    }
  } else if (state.selected?.startsWith("e")) {
    const k = Number(state.selected.slice(1));
    edges.add(k);
    words.add(data.edges[k].a).add(data.edges[k].b);
  } else {
    return null;
  }
  return { words, edges };
}

const name = (k) => `${data.words[data.edges[k].a].label} — ${data.words[data.edges[k].b].label}`;
const percent = (share) => share.toLocaleString(data.language, { style: "percent" });

const chart = {
  square: true,
  margin: { l: 6, r: 6, t: 6, b: 6 },
  bounds: () => data.bounds,
  axis: () => ({}),
  words: () => data.words.map((w, i) => ({ key: `n${i}`, label: w.label })),

  spot(key) {
    const k = Number(key.slice(1));
    const ends = key.startsWith("n") ? [k] : [data.edges[k].a, data.edges[k].b];
    const mean = (side) => ends.reduce((sum, i) => sum + data.words[i][side], 0) / ends.length;
    return [mean("x"), mean("y")];
  },

  traces() {
    const light = lit();
    return [...this.lines(light), this.spots(), this.rings(), ...this.discs(light)];
  },

  // One trace for all edges of one look: colour, width in steps of half a pixel, dash.
  lines(light) {
    const looks = new Map();
    const paper = colour("--paper");
    data.edges.forEach((edge, k) => {
      const [a, b] = [data.words[edge.a], data.words[edge.b]];
      const dim = light && !light.edges.has(k);
      const shade = dim ? mix(colour("--line"), paper, 0.7)
        : a.community !== b.community ? colour("--line")
        : dark() ? mix(a.fill, paper, 0.3) : mix(a.rim, a.fill, 0.5);
      const width = Math.round(2 * (1 + 4 * edge.strength)) / 2;
      const look = [shade, width, edge.stable ? "solid" : "4px,3px"];
      const key = look.join("|");
      if (!looks.has(key)) looks.set(key, { look, dim, x: [], y: [] });
      looks.get(key).x.push(a.x, b.x, null);
      looks.get(key).y.push(a.y, b.y, null);
    });
    // Faint lines first, so that those of the selection lie above them.
    return [...looks.values()].sort((p, q) => Boolean(q.dim) - Boolean(p.dim)).map((drawn) => ({
      type: "scatter", mode: "lines", x: drawn.x, y: drawn.y, hoverinfo: "skip",
      line: { color: drawn.look[0], width: drawn.look[1], dash: drawn.look[2] },
    }));
  },

  // Invisible marks along each edge, which the pointer can find.
  spots() {
    const trace = { x: [], y: [], text: [], customdata: [] };
    data.edges.forEach((edge, k) => {
      const [a, b] = [data.words[edge.a], data.words[edge.b]];
      const length = Math.hypot(a.x - b.x, a.y - b.y);
      const from = a.r / length;
      const steps = Math.max(3, Math.min(15, Math.round((length * view.sx) / 14)));
      for (let s = 1; s < steps; s += 1) {
        const t = from + ((1 - from - b.r / length) * s) / steps;
        trace.x.push(a.x + (b.x - a.x) * t);
        trace.y.push(a.y + (b.y - a.y) * t);
        trace.text.push(`<b>${plain(name(k))}</b><br>${plain(data.measure)} ${number(edge.weight)}` +
          `<br>${plain(say.together)} ${count(edge.count)}`);
        trace.customdata.push(`e${k}`);
      }
    });
    return {
      ...trace, type: "scatter", mode: "markers", hovertemplate: "%{text}<extra></extra>",
      marker: { size: 8, opacity: 0 },
    };
  },

  size: (word) => Math.max(3.5, Math.min(60, word.r * view.sx)),

  rings() {
    const chosen = data.words.map((w, i) => [w, `n${i}`])
      .filter(([, key]) => key === state.selected || state.matches.has(key));
    return {
      type: "scatter", mode: "markers", hoverinfo: "skip",
      x: chosen.map(([w]) => w.x), y: chosen.map(([w]) => w.y),
      marker: {
        size: chosen.map(([w]) => 2 * this.size(w) + 10), color: colour("--paper"),
        line: { color: colour("--accent"), width: 3 },
      },
    };
  },

  discs(light) {
    const [ink, paper] = [colour("--ink"), colour("--paper")];
    const points = data.words.map((word, i) => {
      const [px, py] = view.pixel(word.x, word.y);
      const r = this.size(word);
      const first = state.matches.has(`n${i}`) || light?.words.has(i);
      return {
        px, py, r, label: word.label, weight: word.frequency + (first ? 1e12 : 0),
        must: first, word, key: `n${i}`, dim: light && !light.words.has(i),
        spots: null,
      };
    });
    for (const point of points) {
      pen.font = `${view.font}px ${family}`;
      point.inside = pen.measureText(point.label).width <= 2 * point.r - 3;
      point.spots = point.inside ? ["middle center"]
        : ["bottom center", "top center", "middle right", "middle left"];
    }
    const spots = place(points, view.font);
    return [false, true].map((inside) => {
      const part = points.map((p, i) => [p, spots[i]]).filter(([p]) => p.inside === inside);
      return {
        type: "scatter", mode: "markers+text", cliponaxis: false,
        x: part.map(([p]) => p.word.x), y: part.map(([p]) => p.word.y),
        customdata: part.map(([p]) => p.key),
        text: part.map(([p, spot]) => (spot ? plain(p.label) : unlabelled)),
        textposition: part.map(([p, spot]) => spot ?? "bottom center"),
        textfont: {
          size: view.font, family: inside ? `on-disc, ${family}` : family,
          color: part.map(([p]) =>
            (p.dim ? mix(ink, paper, 0.6) : inside ? "#1a1a1a" : ink)),
        },
        hovertext: part.map(([p]) => this.hover(p.word)),
        hovertemplate: "%{hovertext}<extra></extra>",
        marker: {
          opacity: 1,
          size: part.map(([p]) => 2 * p.r),
          color: part.map(([p]) => (p.dim ? mix(p.word.fill, paper, 0.75) : p.word.fill)),
          line: {
            width: 1,
            color: part.map(([p]) => (p.dim ? mix(p.word.rim, paper, 0.75) : p.word.rim)),
          },
        },
      };
    });
  },

  hover: (word) => `<b>${plain(word.label)}</b>${word.pos ? ` ${plain(word.pos)}` : ""}` +
    `<br>${plain(say.frequency)} ${count(word.frequency)}` +
    `<br>${plain(say.degree)} ${count(word.degree)}`,

  describe(key) {
    const k = Number(key.slice(1));
    if (key.startsWith("e")) {
      const edge = data.edges[k];
      const rows = [[say.together, count(edge.count)], [data.measure, number(edge.weight)]];
      if (edge.stability !== null) {
        const low = edge.low === null ? "−∞" : number(edge.low);
        rows.push([say.interval, `${low} – ${number(edge.high)}`]);
        rows.push([say.stability, percent(edge.stability)], [say.same, percent(edge.together)]);
      }
      return {
        title: name(k), facts: rows, heading: say.words, sentences: edge.sentences,
        links: [edge.a, edge.b].map((i) => ({
          key: `n${i}`, label: data.words[i].label, note: count(data.words[i].frequency),
        })),
      };
    }
    const word = data.words[k];
    const links = around[k].map((e) => {
      const edge = data.edges[e];
      const other = data.words[edge.a === k ? edge.b : edge.a];
      return { key: `e${e}`, label: other.label, note: number(edge.weight, 2) };
    });
    return {
      title: word.label, heading: say.connected, links, sentences: word.sentences,
      facts: [
        ...(word.pos ? [[say.pos, word.pos]] : []), [say.frequency, count(word.frequency)],
        [say.degree, count(word.degree)], [say.betweenness, number(word.betweenness)],
      ],
    };
  },

  legend(home) {
    home.append(element("p", { className: "empty", textContent: say.hint }));
    home.append(element("h3", { textContent: say.communities }));
    const list = element("div", { className: "chips" });
    for (const [community, members] of data.communities.entries()) {
      const button = element("button", { type: "button", ariaPressed: "false" });
      const dot = element("i");
      dot.style.background = data.words[members[0]].fill;
      const names = members.slice(0, 3).map((i) => data.words[i].label).join("・");
      button.append(dot, names, " ", element("small", { textContent: count(members.length) }));
      button.onclick = () => {
        const group = state.group === community ? null : community;
        select(null);
        state.group = group;
        for (const other of list.children) other.ariaPressed = String(other === button && group !== null);
        render();
      };
      list.append(button);
    }
    home.append(list, element("h3", { textContent: say.signs }));
    const signs = element("ul", { className: "signs" });
    for (const [shape, text] of data.signs) signs.append(sign(shape, text));
    home.append(signs);
  },
};

function sign(shape, text) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("width", "36");
  svg.setAttribute("height", "18");
  const draw = (tag, attributes) => {
    const made = document.createElementNS(space, tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    svg.append(made);
  };
  if (shape === "disc") {
    draw("circle", { cx: 8, cy: 9, r: 4, fill: "currentColor", opacity: 0.6 });
    draw("circle", { cx: 25, cy: 9, r: 8, fill: "currentColor", opacity: 0.6 });
  } else {
    const dash = shape === "dashed" ? "4 3" : "none";
    const width = shape === "thick" ? 5 : 2;
    draw("line", {
      x1: 2, y1: 9, x2: 34, y2: 9, stroke: "currentColor", "stroke-width": width,
      "stroke-dasharray": dash,
    });
  }
  return element("li", {}, svg, text);
}

document.fonts.load("16px bunsan-page").finally(start); // labels are measured
