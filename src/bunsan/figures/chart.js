"use strict";
// Values with their intervals, in series; `data` is made by figures/charts.py.

const flat = data.series.flatMap((s, g) => s.points.map((p) => ({ ...p, series: g })));
const at = (key) => flat[Number(key.slice(1))];
const tint = (g) => (dark() ? mix(data.series[g].colour, "#ffffff", 0.45) : data.series[g].colour);
const [upright, sideways] = [data.interval === "y", data.interval === "x"];

const chart = {
  square: false,
  get margin() {
    const most = plot.clientWidth * 0.42;
    return { l: sideways ? Math.min(data.left, most) : 58, r: Math.min(data.right, most), t: 16, b: 48 };
  },
  bounds: () => data.bounds,
  words: () => flat.map((p, k) => ({ key: `p${k}`, label: p.title })),

  axis(side) {
    const ticks = side === "x" ? data.xticks : data.yticks;
    const title = side === "x" ? data.xaxis : data.yaxis;
    const shown = {
      showticklabels: true, showgrid: !(sideways && side === "y"), gridcolor: colour("--rule"),
      tickfont: { size: sideways && side === "y" ? 13 : 11,
        color: colour(sideways && side === "y" ? "--ink" : "--soft") },
      title: { text: plain(title), font: { size: 12, color: colour("--soft") }, standoff: 6 },
      fixedrange: sideways && side === "y",
    };
    if (!ticks.length) return { ...shown, nticks: 8 };
    const gap = side === "y" ? "\u00a0\u00a0" : "";
    return { ...shown, tickvals: ticks.map(([v]) => v), ticktext: ticks.map(([, t]) => plain(t) + gap) };
  },

  spot: (key) => [at(key).x, at(key).y],

  shade(g, key = null) {
    const other = state.group !== null ? state.group !== g : state.selected && key !== null
      && at(state.selected).series !== g;
    return other ? mix(tint(g), colour("--paper"), 0.75) : tint(g);
  },

  traces() {
    const rows = data.bands.map(([low, high]) => ({
      type: "scatter", mode: "lines", hoverinfo: "skip", fill: "toself", line: { width: 0 },
      x: [data.bounds[0], data.bounds[1], data.bounds[1], data.bounds[0]],
      y: [low, low, high, high], fillcolor: glass(mix(colour("--mark"), colour("--paper"), 0.45), 1),
    }));
    let number = 0;
    return [...rows, ...data.series.flatMap((s, g) => {
      const keys = s.points.map(() => `p${number++}`);
      const ink = this.shade(g, "");
      const part = (which) => s.points.map((p) => p[which]);
      const middle = upright ? part("y") : part("x");
      const ahead = {
        type: "scatter", mode: "lines", hoverinfo: "skip",
        x: s.ahead.map(([x]) => x), y: s.ahead.map(([, y]) => y),
        line: { color: ink, width: 1.6, dash: "dot" },
      };
      const name = { // leaves the margin, where it belongs to no place, when the view moves
        type: "scatter", mode: "text", hoverinfo: "skip", cliponaxis: false,
        x: s.end && !state.zoomed ? [s.end[0]] : [], y: s.end && !state.zoomed ? [s.end[1]] : [],
        text: [` ${s.chosen ? `<b>${plain(s.name)}</b>` : plain(s.name)}`], textposition: "middle right",
        textfont: { size: view.font, family, color: ink },
      };
      return [ahead, name, {
        type: "scatter", mode: s.joined ? "lines+markers+text" : "markers+text", cliponaxis: false,
        x: part("x"), y: part("y"), customdata: keys,
        text: s.points.map((p) => (p.label ? (s.chosen ? `<b>${plain(p.label)}</b>` : plain(p.label))
          : unlabelled)),
        textposition: upright ? "top left" : "top center",
        textfont: { size: view.font, family, color: colour("--ink") },
        hovertext: s.points.map((p) => p.hover.map(plain).join("<br>")),
        hovertemplate: "%{hovertext}<extra></extra>",
        line: { color: ink, width: s.chosen ? 3 : 1.6 },
        marker: { symbol: s.symbol, size: s.chosen ? 11 : 8, color: ink,
          line: { width: 0.8, color: colour("--paper") } },
        [`error_${data.interval}`]: {
          type: "data", symmetric: false, thickness: s.chosen ? 2.4 : 1.4, width: 4, color: ink,
          array: s.points.map((p, i) => (p.high === null ? 0 : p.high - middle[i])),
          arrayminus: s.points.map((p, i) => (p.low === null ? 0 : middle[i] - p.low)),
        },
      }];
    })];
  },

  describe(key) {
    const p = at(key);
    return { title: p.title, heading: "", links: [], facts: p.facts };
  },

  legend(home) {
    $("query").form.style.display = "none"; // there are no words to find
    home.append(element("p", { textContent: data.note }));
    home.append(choices(data.series), element("p", { className: "empty", textContent: say.hint }));
  },
};

document.fonts.load("16px bunsan-page").finally(start);
