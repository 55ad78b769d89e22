"use strict";
// Points in coloured groups; `data` is made by figures/groups.py.

const point = (key) => data.points[Number(key.slice(1))];
const tintOf = (group) => {
  const base = data.groups[group].colour;
  return dark() ? mix(base, "#ffffff", 0.45) : base;
};
const sizes = data.points.length > 600 ? 3 : data.points.length > 150 ? 4 : 5;

const chart = {
  square: data.square,
  margin: { l: data.bands.length ? 112 : 14, r: 14, t: 14, b: data.axis ? 46 : 14 },
  bounds: () => data.bounds,
  words: () => data.points.map((p, k) => ({
    key: `p${k}`, label: [p.title, ...(p.sentences ?? []).map(([, , pieces]) => pieces.join(""))].join(" "),
  })),
  suggestions: () => data.points.map((p, k) => ({ key: `p${k}`, label: p.label }))
    .filter((word) => word.label),

  axis(side) {
    if (side === "y") {
      return data.bands.length
        ? { showticklabels: true, tickvals: data.bands.map(([y]) => y),
          ticktext: data.bands.map(([, text]) => plain(text)),
          tickfont: { size: 13, color: colour("--ink") }, fixedrange: true }
        : {};
    }
    return data.axis
      ? { title: { text: plain(data.axis), font: { size: 12, color: colour("--soft") }, standoff: 4 },
        showticklabels: true, tickfont: { size: 10, color: colour("--soft") }, nticks: 8,
        showgrid: true, gridcolor: colour("--rule") }
      : {};
  },

  spot(key) {
    return [point(key).x, point(key).y];
  },

  lit() {
    if (state.group !== null) {
      return new Set(data.points.flatMap((p, k) => (p.group === state.group ? [k] : [])));
    }
    if (!state.selected) return null;
    const k = Number(state.selected.slice(1));
    return new Set([k, ...data.points[k].links.map(([other]) => other)]);
  },

  traces() {
    return [this.rings(), ...this.marks(), ...this.lines()];
  },

  rings() {
    const wanted = data.points.filter((_, k) => `p${k}` === state.selected || state.matches.has(`p${k}`));
    return {
      type: "scatter", mode: "markers", hoverinfo: "skip",
      x: wanted.map((p) => p.x), y: wanted.map((p) => p.y),
      marker: {
        size: 2 * sizes + 9, color: colour("--paper"), opacity: 1,
        line: { color: colour("--accent"), width: 3 },
      },
    };
  },

  size: (p) => (data.groups[p.group].symbol === "star" ? 9 : sizes),

  marks() {
    const light = this.lit();
    const [ink, paper] = [colour("--ink"), colour("--paper")];
    const points = data.points.map((p, k) => {
      const [px, py] = view.pixel(p.x, p.y);
      const first = p.wanted || `p${k}` === state.selected || (p.label && state.matches.has(`p${k}`));
      return {
        p, px, py, r: this.size(p), label: p.label || " ", key: `p${k}`, bold: p.wanted,
        dim: light && !light.has(k), must: Boolean(first), weight: first ? 2 : 1,
        spots: p.label ? ["middle right", "middle left", "top center", "bottom center",
          "top right", "top left", "bottom right", "bottom left"] : [],
      };
    });
    // Labels keep off the lines.
    const bars = data.lines.flatMap(({ x, y }) => Array.from({ length: 21 }, (_, i) => {
      const [px, py] = view.pixel(x[0] + ((x[1] - x[0]) * i) / 20, y[0] + ((y[1] - y[0]) * i) / 20);
      return { px, py, r: 6, label: " ", weight: 0, spots: [] };
    }));
    const spots = place([...points, ...bars], view.font);
    return data.groups.map((group, g) => {
      const part = points.map((q, k) => [q, spots[k]]).filter(([q]) => q.p.group === g);
      const shade = (q) => (q.dim ? mix(tintOf(g), paper, 0.8) : tintOf(g));
      return {
        type: "scatter", mode: "markers+text", cliponaxis: false,
        x: part.map(([q]) => q.p.x), y: part.map(([q]) => q.p.y),
        customdata: part.map(([q]) => q.key),
        text: part.map(([q, spot]) =>
          (!spot ? unlabelled : q.p.wanted ? `<b>${plain(q.label)}</b>` : plain(q.label))),
        textposition: part.map(([, spot]) => spot ?? "middle right"),
        textfont: {
          size: view.font, family, color: part.map(([q]) => (q.dim ? mix(ink, paper, 0.6) : ink)),
        },
        hovertext: part.map(([q]) => q.p.hover.map(plain).join("<br>")),
        hovertemplate: "%{hovertext}<extra></extra>",
        marker: {
          symbol: group.symbol, opacity: 1, size: part.map(([q]) => 2 * q.r),
          color: part.map(([q]) => shade(q)), line: { width: 0.7, color: paper },
        },
      };
    });
  },

  lines() {
    return data.lines.map((line) => ({
      type: "scatter", mode: "lines+text", hoverinfo: "skip", cliponaxis: false,
      x: line.x, y: line.y, line: { color: colour("--ink"), width: 3 },
      text: ["", plain(line.text)], textposition: "top center",
      textfont: { size: view.font, family, color: colour("--ink") },
    }));
  },

  describe(key) {
    const p = point(key);
    const facts = [[say.group, data.groups[p.group].name], ...p.facts];
    return {
      title: p.title, heading: say.near, sentences: p.sentences, facts,
      links: p.links.map(([k, score]) => ({
        key: `p${k}`, label: data.points[k].title, note: number(score, 2),
      })),
    };
  },

  legend(home) {
    home.append(element("p", { textContent: data.note }));
    home.append(element("h3", { textContent: say.groups }));
    home.append(choices(data.groups), element("p", { className: "empty", textContent: say.hint }));
  },
};

document.fonts.load("16px bunsan-page").finally(start); // labels are measured
