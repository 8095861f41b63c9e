(() => {
  const { all, meant, row, save } = house;

  // Tables: a click on a heading sorts by it.
  const key = (cell) => {
    if (cell.dataset.key !== undefined) return Number(cell.dataset.key);
    const text = cell.textContent.trim();
    const number = parseFloat(text.replace(/[,%×\s]/g, ""));
    return cell.classList.contains("num") ? (Number.isNaN(number) ? -1 : number) : text.toLowerCase();
  };
  const sort = (table, heading, place) => {
    const numbers = heading.classList.contains("num");
    const before = heading.getAttribute("aria-sort");
    const down = before ? before === "ascending" : numbers;
    all("th[aria-sort]", table).forEach((th) => th.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    const rows = [...body.rows].filter((row) => row.cells.length > place);
    const keys = new Map(rows.map((row) => [row, key(row.cells[place])]));
    rows.sort((a, b) => (keys.get(a) < keys.get(b) ? -1 : keys.get(a) > keys.get(b) ? 1 : 0) * (down ? -1 : 1));
    body.prepend(...rows);
  };
  for (const table of all("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((heading, place) => {
      if ("plain" in heading.dataset) return;
      const button = document.createElement("span"); // Chromium does not print buttons in repeated heads
      button.setAttribute("role", "button");
      button.tabIndex = 0;
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => sort(table, heading, place));
      button.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        sort(table, heading, place);
      });
    });
  }

  // The table of classes: only the rows that hold what is typed.
  for (const input of all(".filter")) {
    const rows = [...document.getElementById(input.dataset.table).tBodies[0].rows];
    const count = input.closest(".controls").querySelector(".count");
    const told = count.textContent;
    input.addEventListener("input", () => {
      const wanted = input.value.trim();
      let shown = 0;
      for (const row of rows) {
        const found = row.dataset.char.includes(wanted) ||
          (wanted.length > 1 && row.dataset.find.toLowerCase().includes(wanted.toLowerCase()));
        row.hidden = wanted !== "" && !found;
        shown += !row.hidden;
      }
      count.textContent = wanted ? `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} classes` : told;
    });
  }

  // The confusion matrix: enlarged by a click, its cells read by pointing at them.
  for (const figure of all(".matrix")) {
    const data = JSON.parse(figure.querySelector("script").textContent);
    const images = all("img", figure); // for light and for dark, one of which is seen
    const seen = () => images.find((image) => image.offsetParent) || images[0];
    const viewport = figure.querySelector(".viewport");
    const readout = figure.querySelector(".readout");
    const counts = new Map(data.cells.map(([i, j, n]) => [i * data.classes.length + j, n]));
    const named = (place) => {
      const row = document.querySelector(`#${figure.dataset.for}-class-table [data-class="${data.classes[place]}"] th`);
      const name = document.createElement("span");
      name.className = "char";
      if (row) name.append(...[...row.childNodes].map((node) => node.cloneNode(true)));
      return name;
    };
    const larger = () => Number(images[0].getAttribute("width")) > viewport.clientWidth;
    figure.classList.toggle("zooms", larger());
    const share = (event) => {
      const box = event.target.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    };
    const enlarge = (x, y) => {
      if (!figure.classList.contains("zoomed") && !larger()) return;
      figure.classList.toggle("zoomed");
      viewport.scrollLeft = x * seen().width - viewport.clientWidth / 2;
      viewport.scrollTop = y * seen().height - viewport.clientHeight / 2;
    };
    viewport.addEventListener("keydown", (event) => {
      if (event.key === "Enter") enlarge(0, 0);
    });
    images.forEach((image) => image.addEventListener("click", (event) => enlarge(...share(event))));
    let last = "";
    viewport.addEventListener("mousemove", (event) => {
      if (!images.includes(event.target)) return;
      const [x, y] = share(event);
      const n = data.classes.length;
      const column = Math.floor(((x - data.left) / data.wide) * n);
      const row = Math.floor(((y - data.top) / data.high) * n);
      const inside = column >= 0 && row >= 0 && column < n && row < n;
      const now = inside && data.cells.length ? `${row} ${column}` : "";
      if (now === last) return;
      last = now;
      if (!now) return readout.replaceChildren("\u00a0");
      const count = counts.get(row * n + column) || 0;
      const of = data.rows[row];
      const part = of ? ` (${((100 * count) / of).toFixed(1)} %)` : "";
      readout.replaceChildren(
        named(row), row === column ? " read right: " : " read as ", ...(row === column ? [] : [named(column), ": "]),
        `${count.toLocaleString("en")} of ${of.toLocaleString("en")}${part}`,
      );
    });
  }

  // Suspects: what is to become of each, kept in the browser where it lets us, saved as CSV.
  const correction = (card, input) => (input.value === input.defaultValue ? card.dataset.correction : meant(input.value));
  for (const triage of all(".triage")) {
    const cards = all(".suspect", triage);
    const inputs = cards.map((card) => card.querySelector("input"));
    const progress = triage.querySelector("progress");
    const count = triage.querySelector(".count");
    const remember = () => {
      try {
        const decided = {};
        cards.forEach((card, i) => {
          if (card.dataset.action) decided[card.dataset.row] = [card.dataset.action, inputs[i].value];
        });
        localStorage.setItem(triage.dataset.store, JSON.stringify(decided));
      } catch { /* a page from the disk may not be allowed to */ }
    };
    const show = () => {
      const done = cards.filter((card) => card.dataset.action).length;
      progress.value = done;
      count.textContent = `${done} of ${cards.length} looked at`;
    };
    const decide = (i, action) => {
      const card = cards[i];
      if (action) card.dataset.action = action;
      else delete card.dataset.action;
      card.querySelector(".verdict").textContent = { keep: "kept", relabel: "relabelled", drop: "dropped" }[action] || "";
      all("[data-action]", card).forEach((button) => {
        button.setAttribute("aria-pressed", String(button.dataset.action === action));
      });
      show();
    };
    const go = (i) => {
      if (i < 0 || i >= cards.length) return;
      cards.forEach((card, k) => { card.tabIndex = k === i ? 0 : -1; });
      cards[i].focus({ preventScroll: true });
      cards[i].scrollIntoView({ block: "nearest" });
    };
    const widen = (input) => {
      input.style.width = `calc(${Math.min(Math.max(input.value.length, 3), 17)}ch + 1rem)`;
    };
    const columns = () => cards.filter((card) => card.offsetTop === cards[0].offsetTop).length;
    const keys = {
      ArrowRight: (i) => go(i + 1),
      ArrowLeft: (i) => go(i - 1),
      ArrowDown: (i) => go(Math.min(i + columns(), cards.length - 1)),
      ArrowUp: (i) => go(Math.max(i - columns(), 0)),
      k: (i) => { decide(i, "keep"); go(i + 1); },
      d: (i) => { decide(i, "drop"); go(i + 1); },
      r: (i) => { decide(i, "relabel"); inputs[i].focus(); inputs[i].select(); },
      u: (i) => { inputs[i].value = inputs[i].defaultValue; widen(inputs[i]); decide(i, ""); },
    };
    cards.forEach((card, i) => {
      card.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        if (event.target === inputs[i]) {
          if (event.key === "Enter") { event.preventDefault(); go(i + 1); }
          if (event.key === "Escape") go(i);
          return;
        }
        const act = keys[event.key];
        if (!act) return;
        event.preventDefault();
        act(i);
        remember();
      });
      card.addEventListener("click", (event) => {
        const wanted = event.target.closest("[data-action]");
        if (wanted && wanted !== card) {
          decide(i, card.dataset.action === wanted.dataset.action ? "" : wanted.dataset.action);
          remember();
        }
        if (event.target !== inputs[i]) go(i);
      });
      inputs[i].addEventListener("input", () => { widen(inputs[i]); decide(i, "relabel"); remember(); });
    });
    try {
      const decided = JSON.parse(localStorage.getItem(triage.dataset.store) || "{}");
      cards.forEach((card, i) => {
        const [action, value] = decided[card.dataset.row] || [];
        if (!["keep", "relabel", "drop"].includes(action)) return;
        inputs[i].value = String(value);
        widen(inputs[i]);
        decide(i, action);
      });
    } catch { /* nothing was kept */ }
    cards[0].tabIndex = 0;
    show();
    const saved = () => save("corrections.csv", [
      triage.dataset.columns,
      ...cards.map((card, i) => row([
        card.dataset.action || "", correction(card, inputs[i]), ...JSON.parse(card.dataset.row), ...JSON.parse(card.dataset.rest),
      ])),
    ]);
    all(".save", triage).forEach((button) => button.addEventListener("click", saved));
  }

  // On paper nothing can be opened.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("details:not([open]):not(.recipe)");
    opened.forEach((part) => { part.open = true; });
  });
  addEventListener("afterprint", () => opened.forEach((part) => { part.open = false; }));
})();
