// A map of many words: one WebGL trace of dots, names only where there is room for them.
'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const { words, x, y, frequency, text } = data;
  const at = (id) => document.getElementById(id);
  const plot = at('plot'), query = at('query'), found = at('found');
  at('title').textContent = text.title;
  at('all').textContent = text.all;
  query.placeholder = text.find;
  query.setAttribute('aria-label', text.find);

  const dark = matchMedia('(prefers-color-scheme: dark)');
  const colours = () => (dark.matches
    ? { dot: 'rgba(150,179,211,.55)', ink: '#e9eaec', hit: '#ffb48a', paper: '#171a1e' }
    : { dot: 'rgba(52,90,135,.5)', ink: '#1f2226', hit: '#c8501e', paper: '#ffffff' });
  const most = Math.max(1, ...frequency);
  const size = words.map((_, i) => (frequency.length
    ? 3 + 9 * Math.sqrt(frequency[i] / most) : 4));
  const hover = words.map((w, i) => (frequency.length
    ? `${w} · ${text.count} ${frequency[i].toLocaleString()}` : w));
  const escaped = (s) => s.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  const font = getComputedStyle(document.body).fontFamily;
  let hits = [];

  // The most frequent words of what is in view, as many as have room.
  function named(range) {
    const [x0, x1] = range.x, [y0, y1] = range.y;
    const wide = plot.clientWidth || 800, high = plot.clientHeight || 600;
    const cw = 74, ch = 22, taken = new Set(), kept = [];
    const consider = (i) => {
      if (x[i] < x0 || x[i] > x1 || y[i] < y0 || y[i] > y1) return;
      const c = Math.round((x[i] - x0) / (x1 - x0) * wide / cw);
      const r = Math.round((y[i] - y0) / (y1 - y0) * high / ch);
      for (let d = -1; d <= 1; d += 1) if (taken.has(`${c + d},${r}`)) return;
      taken.add(`${c},${r}`);
      kept.push(i);
    };
    hits.forEach(consider);
    for (let i = 0; i < words.length && kept.length < 160; i += 1) consider(i);
    return kept;
  }
  function range() {
    const l = plot._fullLayout;
    return { x: l.xaxis.range.slice(), y: l.yaxis.range.slice() };
  }
  const pick = (values, rows) => rows.map((i) => values[i]);
  const whole = (v) => {
    const a = Math.min(...v.slice(0, 60000)), b = Math.max(...v.slice(0, 60000));
    const m = 0.05 * (b - a || 1);
    return [a - m, b + m];
  };
  const full = { x: whole(x), y: whole(y) };

  function draw() {
    const c = colours();
    const layout = {
      autosize: true, showlegend: false, hovermode: 'closest', dragmode: 'pan',
      margin: { l: 8, r: 8, t: 8, b: 8 }, paper_bgcolor: c.paper, plot_bgcolor: c.paper,
      font: { family: font, color: c.ink, size: 13 },
      xaxis: { visible: false, range: full.x.slice() },
      yaxis: { visible: false, range: full.y.slice(), scaleanchor: 'x' },
    };
    const traces = [
      { type: 'scattergl', mode: 'markers', x, y, text: hover.map(escaped),
        hovertemplate: '%{text}<extra></extra>', marker: { size, color: c.dot, line: { width: 0 } } },
      { type: 'scattergl', mode: 'markers', x: [], y: [], hoverinfo: 'skip',
        marker: { size: 13, color: c.hit } },
      { type: 'scatter', mode: 'text', x: [], y: [], text: [], hoverinfo: 'skip',
        textposition: 'top center', textfont: { size: 12, color: c.ink, family: font } },
    ];
    return Plotly.newPlot(plot, traces, layout, {
      scrollZoom: true, displayModeBar: false, responsive: true,
    }).then(() => {
      plot.on('plotly_relayout', names);
      names();
      document.body.dataset.ready = String(words.length);
    });
  }
  let waiting = 0;
  function names() {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => {
      const rows = named(range());
      Plotly.restyle(plot, { x: [pick(x, rows)], y: [pick(y, rows)],
        // A small second line lifts the name off its dot.
        text: [pick(words, rows).map((w) => `${escaped(w)}<br><span style="font-size:5px"> </span>`)],
      }, [2]);
    });
  }
  function search() {
    const wanted = query.value.trim().toLowerCase();
    hits = [];
    if (wanted) {
      for (let i = 0; i < words.length && hits.length < 500; i += 1) {
        if (words[i].toLowerCase().includes(wanted)) hits.push(i);
      }
      hits.sort((a, b) => words[a].length - words[b].length);
    }
    found.textContent = wanted ? `${hits.length} ${text.found}` : '';
    document.body.dataset.hits = String(hits.length);
    Plotly.restyle(plot, { x: [pick(x, hits)], y: [pick(y, hits)] }, [1]).then(names);
  }
  function go() {
    if (!hits.length) return;
    const i = hits[0], w = (full.x[1] - full.x[0]) / 12, h = (full.y[1] - full.y[0]) / 12;
    Plotly.relayout(plot, { 'xaxis.range': [x[i] - w, x[i] + w], 'yaxis.range': [y[i] - h, y[i] + h] });
  }
  query.addEventListener('input', search);
  query.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.isComposing && event.keyCode !== 229) go();
  });
  at('all').addEventListener('click', () => Plotly.relayout(plot, {
    'xaxis.range': full.x.slice(), 'yaxis.range': full.y.slice() }));
  dark.addEventListener('change', () => draw().then(search));
  document.fonts.ready.then(draw); // names are measured when they are drawn
})();
