// A map of many words: one WebGL trace of dots, and names where there is room for them.
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

  const whole = (v) => {
    let a = Infinity, b = -Infinity;
    for (const one of v) { if (one < a) a = one; if (one > b) b = one; }
    const m = 0.05 * (b - a || 1);
    return [a - m, b + m];
  };
  const full = { x: whole(x), y: whole(y) };

  // Names and rings lie on a sheet of their own above the dots, so that moving the view never makes
  // Plotly think about fifty thousand dots again.
  const sheet = document.createElement('canvas');
  sheet.id = 'names';
  plot.after(sheet);
  const CELL = [74, 22];
  function paint() {
    const layout = plot._fullLayout;
    if (!layout) return;
    const scale = devicePixelRatio || 1, c = colours();
    const wide = plot.clientWidth, high = plot.clientHeight;
    sheet.width = wide * scale;
    sheet.height = high * scale;
    const pen = sheet.getContext('2d');
    pen.scale(scale, scale);
    pen.font = `13px ${font}`;
    pen.textAlign = 'center';
    pen.lineJoin = 'round';
    const ax = layout.xaxis, ay = layout.yaxis;
    const px = (i) => ax._offset + ax.l2p(x[i]), py = (i) => ay._offset + ay.l2p(y[i]);
    const columns = Math.ceil(wide / CELL[0]) + 3;
    const taken = new Uint8Array(columns * (Math.ceil(high / CELL[1]) + 3));
    let kept = 0;
    const name = (i, hit) => {
      const left = px(i), top = py(i);
      if (left < 0 || left > wide || top < 0 || top > high) return;
      if (hit) {
        pen.beginPath();
        pen.arc(left, top, size[i] / 2 + 4, 0, 7);
        pen.lineWidth = 2.5;
        pen.strokeStyle = c.hit;
        pen.stroke();
      }
      const at = (Math.floor(top / CELL[1]) + 1) * columns + Math.floor(left / CELL[0]) + 1;
      if (taken[at - 1] || taken[at] || taken[at + 1]) return;
      taken[at] = 1;
      kept += 1;
      const over = top - size[i] / 2 - (hit ? 9 : 4);
      pen.lineWidth = 3;
      pen.strokeStyle = c.paper;
      pen.strokeText(words[i], left, over);
      pen.fillStyle = hit ? c.hit : c.ink;
      pen.fillText(words[i], left, over);
    };
    hits.forEach((i) => name(i, true));
    for (let i = 0; i < words.length && kept < 160; i += 1) name(i, false);
  }
  let waiting = 0;
  function soon() {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(paint);
  }

  function draw() {
    const c = colours();
    const layout = {
      autosize: true, showlegend: false, hovermode: 'closest', dragmode: 'pan',
      margin: { l: 8, r: 8, t: 8, b: 8 }, paper_bgcolor: c.paper, plot_bgcolor: c.paper,
      font: { family: font, color: c.ink, size: 13 }, hoverlabel: { font: { family: font } },
      xaxis: { visible: false, range: full.x.slice() },
      yaxis: { visible: false, range: full.y.slice(), scaleanchor: 'x' },
    };
    const dots = {
      type: 'scattergl', mode: 'markers', x, y, text: hover.map(escaped),
      hovertemplate: '%{text}<extra></extra>', marker: { size, color: c.dot, line: { width: 0 } },
    };
    return Plotly.newPlot(plot, [dots], layout, {
      scrollZoom: true, displayModeBar: false, responsive: true,
    }).then(() => {
      plot.on('plotly_relayout', soon);
      plot.on('plotly_relayouting', soon);
      plot.on('plotly_afterplot', soon);
      paint();
      document.body.dataset.ready = String(words.length);
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
    soon();
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
  dark.addEventListener('change', draw);
  document.fonts.ready.then(draw); // names are measured when they are drawn
})();
