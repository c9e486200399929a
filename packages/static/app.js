// What pages do beyond HTML. Each works without it: a search is sent, a command is selected by hand.

const announce = (button, text) => {
  const before = button.textContent;
  button.textContent = text;
  setTimeout(() => { button.textContent = before; }, 1500);
};

// Copy what stands beside the button. Clipboards are for pages on TLS or this machine only.
const copy = async (source) => {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(source.textContent);
    return;
  }
  const range = document.createRange();
  range.selectNodeContents(source);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
  if (!document.execCommand("copy")) throw new Error("not copied");
};

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const source = button.closest("[data-copied]").querySelector("code");
    copy(source).then(() => announce(button, "Copied"), () => announce(button, "Select it"));
  });
}

// Search as one types: the server's own list of results, put where the page has it.
for (const input of document.querySelectorAll("input[data-live]")) {
  const target = document.getElementById(input.dataset.live);
  const address = new URL(input.form.action);
  // Where nothing is searched: all projects on the page of results, and what stands there otherwise on the front page.
  const listsAll = location.pathname === address.pathname;
  let waiting, running;
  // For the back button, a reload, and whoever gets the address.
  const keep = () => {
    const here = new URL(location.pathname, location);
    if (input.value.trim()) here.searchParams.set("q", input.value);
    history.replaceState(null, "", here);
  };
  const search = async () => {
    running?.abort();
    if (!listsAll && !input.value.trim()) {
      target.replaceChildren();
      target.removeAttribute("aria-busy");
      keep();
      return;
    }
    running = new AbortController();
    address.searchParams.set("q", input.value);
    const part = new URL(address);
    part.searchParams.set("part", "results");
    try {
      const response = await fetch(part, { signal: running.signal, headers: { Accept: "text/html" } });
      // Whoever has been logged out meanwhile is sent to the login form: let the whole page go there.
      if (response.redirected) { location.assign(address); return; }
      target.innerHTML = response.ok ? await response.text() : "<p class=\"banner bad\">The search did not answer. Press Enter to try again.</p>";
      target.removeAttribute("aria-busy");
      keep();
    } catch (error) {
      if (error.name !== "AbortError") {
        target.innerHTML = "<p class=\"banner bad\">The index cannot be reached. Press Enter to try again.</p>";
      }
    }
  };
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    target.setAttribute("aria-busy", "true");
    waiting = setTimeout(search, 120);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") {
      target.querySelector("a")?.focus();
      event.preventDefault();
    }
  });
  target.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const links = [...target.querySelectorAll(".results a")];
    const next = links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    (next < 0 ? input : links[next])?.focus();
    event.preventDefault();
  });
}

// "/" goes to the search field, as on other sites of the kind.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select")) return;
  const field = document.querySelector("input[type=search]");
  if (field) {
    field.focus();
    field.select();
    event.preventDefault();
  }
});

// One box that checks all of its form.
for (const box of document.querySelectorAll("input[data-all]")) {
  box.hidden = false;
  box.addEventListener("change", () => {
    for (const other of box.closest("form").querySelectorAll(`input[name="${box.dataset.all}"]`)) other.checked = box.checked;
  });
}

// Filters that are chosen, not typed, act at once.
for (const select of document.querySelectorAll("select[data-at-once]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}

// What is made once is sent once, however often its button is pressed: the first answer has the secret.
for (const key of document.querySelectorAll("input[name=once]")) {
  let sent = false;
  key.form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
  addEventListener("pageshow", () => { sent = false; });
}
