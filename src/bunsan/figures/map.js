"use strict";
// A map of words, and of groups where there are any; `data` is made by figures/map.py and
// figures/words.py.

const about = (k) => data.points[k];
const indexOf = (key) => Number(key.slice(1));

function outline([long, short, angle], x, y) {
  const drawn = { x: [], y: [] };
  for (let s = 0; s <= 48; s += 1) {
    const [u, v] = [long * Math.cos((s * Math.PI) / 24), short * Math.sin((s * Math.PI) / 24)];
    drawn.x.push(x + u * Math.cos(angle) - v * Math.sin(angle));
    drawn.y.push(y + u * Math.sin(angle) + v * Math.cos(angle));
  }
  return drawn;
}

const chart = {
  square: !data.flat,
  margin: { l: 44, r: 10, t: 10, b: 44 },
  bounds: () => data.bounds,
  words: () => data.points.map((p, k) => ({ key: `p${k}`, label: p.label })),

  axis(side) {
    const title = data.titles[side === "x" ? 0 : 1];
    const numbered = title !== "" && (side === "x" || !data.flat);
    return {
      title: { text: plain(title), font: { size: 12, color: colour("--soft") }, standoff: 4 },
      showticklabels: numbered, tickfont: { size: 10, color: colour("--soft") }, nticks: 6,
      zeroline: numbered, zerolinecolor: colour("--rule"), zerolinewidth: 1,
    };
  },

  spot(key) {
    const p = about(indexOf(key));
    return [p.x, p.y];
  },

  traces() {
    return [...this.ellipses(), this.rings(), ...this.marks(), this.chosen()];
  },

  tint: (point) => {
    const base = point.group ? data.colours.group : data.colours.word;
    return dark() ? mix(base, "#ffffff", 0.4) : base;
  },

  lit() {
    if (!state.selected) return null;
    const k = indexOf(state.selected);
    return new Set([k, ...about(k).links.map(([other]) => other)]);
  },

  ellipses() {
    const drawn = [];
    const light = this.lit();
    data.points.forEach((p, k) => {
      const chosen = state.selected === `p${k}`;
      if (!p.ellipse || !(p.group || chosen || state.ellipses)) return;
      const dim = light && !light.has(k);
      const tint = dim ? mix(this.tint(p), colour("--paper"), 0.7) : this.tint(p);
      drawn.push({
        ...outline(p.ellipse, p.x, p.y), type: "scatter", mode: "lines", hoverinfo: "skip",
        fill: p.group || chosen ? "toself" : "none",
        fillcolor: glass(tint, chosen ? 0.2 : 0.1),
        line: { width: chosen ? 1.5 : 0.8, color: tint },
        opacity: p.group || chosen ? 1 : p.stable ? 0.5 : 0.25,
      });
    });
    return drawn;
  },

  wanted: () =>
    data.points.filter((_, k) => `p${k}` === state.selected || state.matches.has(`p${k}`)),

  rings() {
    return this.around(9, () => colour("--paper"), { color: colour("--accent"), width: 3 });
  },

  // Once more, above the marks that may lie on it.
  chosen() {
    return this.around(0, (p) => this.tint(p), { color: colour("--paper"), width: 1 });
  },

  around(more, tint, line) {
    const wanted = this.wanted();
    return {
      type: "scatter", mode: "markers", hoverinfo: "skip",
      x: wanted.map((p) => p.x), y: wanted.map((p) => p.y),
      marker: {
        size: wanted.map((p) => 2 * this.size(p) + more), color: wanted.map(tint), opacity: 1,
        symbol: wanted.map((p) => (p.group && !more ? "square" : "circle")), line,
      },
    };
  },

  size: (p) => (p.group ? 6 : Math.max(3, 8 * Math.sqrt(p.frequency / most))),

  marks() {
    const light = this.lit();
    const [ink, soft, paper] = [colour("--ink"), colour("--soft"), colour("--paper")];
    const points = data.points.map((p, k) => {
      const [px, py] = view.pixel(p.x, p.y);
      const first = state.matches.has(`p${k}`) || light?.has(k);
      return {
        p, px, py, r: this.size(p), label: p.label, bold: p.group, key: `p${k}`,
        dim: light && !light.has(k), must: p.group || first,
        weight: p.frequency + (p.group ? 1e9 : 0) + (first ? 1e12 : 0),
        spots: ["middle right", "middle left", "top center", "bottom center",
          "top right", "top left", "bottom right", "bottom left"],
      };
    });
    const spots = place(points, view.font);
    // Words below, groups on top of them.
    return [false, true].map((group) => {
      const part = points.map((q, k) => [q, spots[k]]).filter(([q]) => q.p.group === group);
      const shade = ({ p, dim }) => (dim ? mix(this.tint(p), paper, 0.75) : this.tint(p));
      return {
        type: "scatter", mode: "markers+text", cliponaxis: false,
        x: part.map(([q]) => q.p.x), y: part.map(([q]) => q.p.y),
        customdata: part.map(([q]) => q.key),
        text: part.map(([q, spot]) =>
          (!spot ? unlabelled : group ? `<b>${plain(q.label)}</b>` : plain(q.label))),
        textposition: part.map(([, spot]) => spot ?? "middle right"),
        textfont: {
          size: view.font + (group ? 1 : 0), family,
          color: part.map(([q]) => {
            const base = group ? this.tint(q.p) : q.p.stable ? ink : soft;
            return q.dim ? mix(base, paper, 0.6) : base;
          }),
        },
        hovertext: part.map(([q]) => this.hover(q.p)),
        hovertemplate: "%{hovertext}<extra></extra>",
        marker: {
          symbol: group ? "square" : "circle", opacity: 1,
          size: part.map(([q]) => 2 * q.r),
          color: part.map(([q]) => (q.p.stable ? shade(q) : paper)),
          line: { width: 1.2, color: part.map(([q]) => shade(q)) },
        },
      };
    });
  },

  hover: (p) => `<b>${plain(p.label)}</b>` +
    (p.frequency ? `<br>${plain(say.frequency)} ${count(p.frequency)}` : "") +
    (data.resampled ? `<br>${plain(say.stable)}: ${plain(p.stable ? say.yes : say.no)}` : ""),

  describe(key) {
    const p = about(indexOf(key));
    return {
      title: p.label, sentences: p.sentences, heading: p.group ? say.words : say.groups,
      facts: [
        ...(p.frequency ? [[say.frequency, count(p.frequency)]] : []),
        ...(p.quality === undefined ? [] : [[say.quality, number(p.quality, 2)]]),
        ...(data.resampled ? [[say.stable, p.stable ? say.yes : say.no]] : []),
      ],
      links: p.links.map(([k, times]) => ({
        key: `p${k}`, label: about(k).label, note: `${number(times, 2)} ${say.times}`.trim(),
      })),
    };
  },

  legend(home) {
    home.append(element("p", { className: "empty", textContent: say.hint }));
    const groups = data.points.map((p, k) => [p, k]).filter(([p]) => p.group);
    if (groups.length) {
      home.append(element("h3", { textContent: say.all_groups }));
      home.append(chips(groups.map(([p, k]) => ({ key: `p${k}`, label: p.label, note: "" }))));
    }
    if (data.resampled) {
      home.append(element("h3", { textContent: say.signs }));
      const box = element("input", { type: "checkbox" });
      box.onchange = () => {
        state.ellipses = box.checked;
        render();
      };
      home.append(element("label", { className: "toggle" }, box, say.ellipses));
      home.append(element("p", { className: "empty", textContent: data.note }));
    }
  },
};

const most = Math.max(1, ...data.points.map((p) => p.frequency));

document.fonts.load("16px bunsan-page").finally(start); // labels are measured
