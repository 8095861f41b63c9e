(() => {
  const { all, meant, row, save } = house;
  const triage = document.querySelector(".triage");
  if (!triage) return;
  const list = triage.querySelector(".suspects");
  const cards = all(".suspect", list);
  const told = cards.map((card) => JSON.parse(card.dataset.cells)); // source, origin, sha256, label …
  const label = (i) => told[i][3];
  const inputs = cards.map((card) => card.querySelector("input"));
  const decided = cards.map(() => null); // [action, correction]
  const past = []; // [card, what was decided of it before]
  const one = (selector) => triage.querySelector(selector);
  let order = cards.map((_, i) => i);
  let current = 0;

  // What is decided is kept in the browser where it lets us, by the run.
  let keeps = true;
  const store = triage.dataset.store;
  const remember = () => {
    try {
      localStorage.setItem(store, JSON.stringify(Object.fromEntries(Object.entries(decided).filter(([, what]) => what))));
    } catch {
      keeps = false;
    }
    one(".lost").hidden = keeps;
    one(".kept").hidden = !keeps;
  };
  let saved = true;
  addEventListener("beforeunload", (event) => {
    if (!keeps && !saved) event.preventDefault();
  });

  const count = () => {
    const done = decided.filter(Boolean).length;
    one("progress").value = done;
    one(".count").textContent = done < cards.length ? `${done.toLocaleString("en")} of ${cards.length.toLocaleString("en")} looked at` : `all ${done.toLocaleString("en")} looked at`;
    one(".undo").disabled = !past.length;
  };
  const show = (i) => {
    const card = cards[i];
    const [action, correction] = decided[i] || ["", ""];
    if (action) card.dataset.action = action;
    else delete card.dataset.action;
    const chosen = action === "relabel" ? correction : action === "keep" ? label(i) : null;
    let drawn = null;
    for (const button of all("[data-char]", card)) {
      const is = button.dataset.char === chosen;
      button.setAttribute("aria-pressed", String(is));
      if (is) drawn = [...button.querySelector(".char").childNodes].map((node) => node.cloneNode(true));
    }
    for (const button of all("[data-action]", card)) button.setAttribute("aria-pressed", String(button.dataset.action === action));
    if (document.activeElement !== inputs[i]) inputs[i].value = action === "relabel" && !drawn ? correction : "";
    card.querySelector(".verdict").replaceChildren(
      ...{ "": [], keep: ["right"], drop: ["no character"], relabel: ["→ ", ...(drawn || [correction])] }[action]);
  };
  const put = (i, what) => {
    decided[i] = what;
    saved = false;
    show(i);
    count();
    remember();
  };
  const decide = (i, action, correction = "") => {
    const what = action === "relabel" && correction === label(i) ? ["keep", ""] : [action, correction];
    past.push([i, decided[i]]);
    put(i, what);
  };
  const undo = () => {
    const [i, before] = past.pop() || [];
    if (i === undefined) return;
    put(i, before);
    go(i);
  };

  const visible = (i) => cards[i].offsetParent !== null;
  const go = (i) => {
    cards[current].removeAttribute("aria-current");
    cards[current].tabIndex = -1;
    current = i;
    cards[i].tabIndex = 0;
    cards[i].setAttribute("aria-current", "true");
    cards[i].focus({ preventScroll: true });
    cards[i].scrollIntoView({ block: "nearest" });
  };
  const move = (i, by, wanted = visible) => {
    for (let at = order.indexOf(i) + by; at >= 0 && at < order.length; at += Math.sign(by)) {
      if (wanted(order[at])) return go(order[at]);
    }
    return undefined;
  };
  const open = (i) => !decided[i] && visible(i);
  const on = (i) => {
    if (order.slice(order.indexOf(i) + 1).some(open)) move(i, 1, open);
    else go(order.find(open) ?? i);
  };
  const columns = () => {
    const shown = order.filter(visible);
    return Math.max(1, shown.findIndex((i) => cards[i].offsetTop !== cards[shown[0]].offsetTop));
  };
  const keys = {
    Enter: (i) => { decide(i, "keep"); on(i); },
    Delete: (i) => { decide(i, "drop"); on(i); },
    Backspace: undo,
    " ": (i) => move(i, 1),
    ArrowRight: (i) => move(i, 1),
    ArrowLeft: (i) => move(i, -1),
    ArrowDown: (i) => move(i, columns()),
    ArrowUp: (i) => move(i, -columns()),
  };
  document.addEventListener("keydown", (event) => {
    const from = event.target.closest("input, select, button, a, summary");
    if (event.isComposing) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "z" && !from?.matches("input")) {
      event.preventDefault();
      undo();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (from?.matches(".decide input")) {
      const i = cards.indexOf(from.closest(".suspect"));
      if (event.key === "Enter") { event.preventDefault(); on(i); }
      if (event.key === "Escape") go(i);
      return;
    }
    if (from && (from.matches("input, select") || ["Enter", " "].includes(event.key))) return;
    const buttons = all("[data-char]", cards[current]);
    const digit = /^[1-9]$/.test(event.key) && !one(".digits").checked;
    if (digit && !buttons[event.key - 1]) return;
    if (!keys[event.key] && [...event.key].length !== 1) return;
    event.preventDefault();
    if (keys[event.key]) { keys[event.key](current); return; }
    decide(current, "relabel", digit ? buttons[event.key - 1].dataset.char : event.key);
    on(current);
  });
  list.addEventListener("click", (event) => {
    const card = event.target.closest(".suspect");
    if (!card) return;
    const i = cards.indexOf(card);
    const button = event.target.closest("button");
    if (!button) {
      if (event.target !== inputs[i]) go(i);
      return;
    }
    const again = button.getAttribute("aria-pressed") === "true";
    if (again) { past.push([i, decided[i]]); put(i, null); go(i); return; }
    if (button.dataset.char !== undefined) decide(i, "relabel", button.dataset.char);
    else decide(i, button.dataset.action);
    on(i);
  });
  inputs.forEach((input, i) => {
    let before;
    input.addEventListener("focus", () => { before = decided[i]; });
    input.addEventListener("input", () => put(i, input.value ? (meant(input.value) === label(i) ? ["keep", ""] : ["relabel", meant(input.value)]) : before?.[0] === "relabel" ? null : before));
    input.addEventListener("change", () => { past.push([i, before]); before = decided[i]; count(); });
  });

  const sorted = {
    sure: (a, b) => a - b,
    photo: (a, b) => (told[a][5] < told[b][5] ? -1 : told[a][5] > told[b][5] ? 1 : told[a][6] - told[b][6] || a - b),
    char: (a, b) => (label(a) < label(b) ? -1 : label(a) > label(b) ? 1 : a - b),
  };
  one(".order").addEventListener("change", (event) => {
    order = cards.map((_, i) => i).sort(sorted[event.target.value]);
    list.append(...order.map((i) => cards[i]));
    go(order.find(open) ?? order[0]);
  });
  one(".todo").addEventListener("change", (event) => {
    list.classList.toggle("only-open", event.target.checked);
    if (!visible(current) && order.some(visible)) go(order.find(visible));
  });
  one(".undo").addEventListener("click", undo);
  all(".save", triage).forEach((button) => button.addEventListener("click", () => {
    saved = true;
    save("corrections.csv", [triage.dataset.columns, ...told.map((cells, i) => row([...(decided[i] || ["", ""]), ...cells]))]);
  }));

  try {
    const kept = JSON.parse(localStorage.getItem(store) || "{}");
    for (const [i, what] of Object.entries(kept)) {
      if (cards[i] && ["keep", "relabel", "drop"].includes(what?.[0])) decided[i] = [what[0], String(what[1])];
    }
  } catch { /* nothing was kept */ }
  remember();
  saved = true;
  cards.forEach((_, i) => { if (decided[i]) show(i); });
  count();
  current = order.find((i) => !decided[i]) ?? 0;
  cards[current].tabIndex = 0;
  cards[current].setAttribute("aria-current", "true");
  if (current) cards[current].scrollIntoView({ block: "center" });
  // On paper all is there.
  addEventListener("beforeprint", () => list.classList.remove("only-open"));
  addEventListener("afterprint", () => list.classList.toggle("only-open", one(".todo").checked));
})();
