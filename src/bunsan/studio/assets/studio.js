// What the page does by itself: input methods, attention under the pointer, copying.
'use strict';
(() => {
  // Gradio's own words follow the browser's language; here they follow the page's.
  const spoken = document.documentElement.lang;
  Object.defineProperty(navigator, 'language', { get: () => spoken, configurable: true });
  Object.defineProperty(navigator, 'languages', { get: () => [spoken], configurable: true });

  // Where no font here has Japanese, one comes along (see app.py). Chromium keeps the shapes of short
  // texts by the fonts that were there when the first of them was laid out, and takes no notice of one
  // that comes later: where that takes over three seconds, the first text of each size keeps its boxes.
  // It keeps them by language as well, so the same language under another name is laid out anew.
  let come = false;
  function rename() {
    document.querySelectorAll('[lang]:not([lang*="-x-"])').forEach((one) => {
      one.lang += '-x-bunsan';
    });
  }
  document.fonts.addEventListener('loadingdone', (event) => {
    come ||= event.fontfaces.some((face) => face.family.includes('bunsan-fallback'));
    if (come) rename();
  });

  // A studio that was ended says so in the page's language, and how to go on.
  const alive = document.currentScript.src, japanese = spoken.startsWith('ja');
  let missed = 0;
  async function look() {
    if (document.hidden) return;
    try {
      await fetch(alive, { cache: 'no-store' });
      if (missed > 1) tell(japanese ? 'スタジオがまた動いています。' : 'The studio runs again.', true);
      missed = 0;
    } catch {
      missed += 1;
      if (missed === 2) {
        tell(japanese ? 'スタジオが終了しています。端末で bunsan studio を実行し、そこに出るページを開いてください。'
          : 'The studio has ended. Run bunsan studio in a terminal and open the page it names.', false);
      }
    }
  }
  function tell(words, back) {
    document.getElementById('b-gone')?.remove();
    const note = document.createElement('div');
    note.id = 'b-gone';
    note.setAttribute('role', 'alert');
    note.append(words);
    if (back) {
      const again = document.createElement('button');
      again.append(japanese ? '読み込み直す' : 'Load again');
      again.addEventListener('click', () => location.reload());
      note.append(again);
    }
    document.body.append(note);
  }
  setInterval(look, 3000);

  // The Enter that ends a composition of kana is not the Enter that sends a form.
  addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.isComposing || event.keyCode === 229)) {
      event.stopImmediatePropagation();
    }
  }, true);

  // Attention: bytes of weights, [layers, heads, tokens, tokens], one of 255 each.
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const kept = new WeakMap();
  function weights(block) {
    if (!kept.has(block)) kept.set(block, bytes(block.dataset.weights));
    return kept.get(block);
  }
  function paint(block) {
    const tokens = block.querySelectorAll('.b-token'), n = tokens.length;
    const heads = Number(block.dataset.heads), values = weights(block);
    const layer = Number(block.querySelector('[name=layer]').value);
    const head = Number(block.querySelector('[name=head]').value); // heads: the mean of all
    const from = Number(block.dataset.from || 0);
    block.querySelector('[data-says=layer]').textContent = layer + 1;
    block.querySelector('[data-says=head]').textContent =
      head === heads ? block.dataset.mean : head + 1;
    const place = (h, to) => values[((layer * heads + h) * n + from) * n + to];
    let top = 1;
    const found = [];
    for (let to = 0; to < n; to += 1) {
      let weight = 0;
      if (head === heads) {
        for (let h = 0; h < heads; h += 1) weight += place(h, to) / heads;
      } else weight = place(head, to);
      found.push(weight);
      top = Math.max(top, weight);
    }
    tokens.forEach((token, to) => {
      token.style.setProperty('--a', (found[to] / top).toFixed(3));
      token.title = `${(found[to] / 2.55).toFixed(1)} %`;
      token.setAttribute('aria-pressed', String(to === from));
    });
  }
  const block = (event) => event.target.closest && event.target.closest('.b-attention');
  addEventListener('input', (event) => { if (block(event)) paint(block(event)); });
  const choose = (event) => {
    const token = event.target.closest && event.target.closest('.b-attention .b-token');
    if (!token) return;
    const whole = token.closest('.b-attention');
    whole.dataset.from = token.dataset.at;
    paint(whole);
  };
  addEventListener('click', choose);
  addEventListener('focusin', choose);
  new MutationObserver(() => {
    if (come) rename();
    document.querySelectorAll('.b-attention:not([data-ready])').forEach((one) => {
      one.dataset.ready = 'yes';
      paint(one);
    });
  }).observe(document.documentElement, { childList: true, subtree: true });

  addEventListener('click', (event) => {
    const button = event.target.closest && event.target.closest('[data-copy]');
    if (!button) return;
    const text = button.parentElement.querySelector('pre').textContent;
    navigator.clipboard.writeText(text).then(() => {
      const said = button.textContent;
      button.textContent = button.dataset.copy;
      setTimeout(() => { button.textContent = said; }, 1200);
    });
  });
})();
