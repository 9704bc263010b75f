// The console's own behaviour. Pages work by links and forms; this adds dropping, picking, live progress and comfort.
"use strict";

const base = document.body.dataset.base;
const token = document.querySelector("meta[name=csrf-token]")?.content;

document.addEventListener("htmx:configRequest", (event) => {
  if (token) event.detail.headers["X-CSRF-Token"] = token;
});

// --- what is seen is also said: to whoever does not look at the screen

const said = document.getElementById("said");

function say(root, before = "") {
  const speaker = root.matches("[data-say]") ? root : root.querySelector("[data-say]");
  if (speaker) said.textContent = `${before} ${speaker.dataset.say || speaker.textContent}`.trim();
}

document.addEventListener("htmx:beforeRequest", (event) => {
  if (!event.detail.elt.matches("form")) return;
  found = "";
  said.textContent = document.body.dataset.loading;
});

// What went wrong is an alert, which is said by itself: nothing is loading any more.
document.addEventListener("htmx:afterRequest", (event) => {
  const fine = event.detail.xhr.status >= 200 && event.detail.xhr.status < 400;
  if (!fine && event.detail.elt.matches("form")) said.textContent = "";
});

function alarm(words) {
  const notice = document.createElement("p");
  notice.className = "notice bad";
  notice.setAttribute("role", "alert");
  notice.textContent = words;
  return notice.outerHTML;
}

// A server that cannot be reached says nothing, so the page has to.
for (const kind of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(kind, (event) => {
    if (event.detail.elt.matches("form")) event.detail.target.innerHTML = alarm(document.body.dataset.unreachable);
  });
}

// Nor does what stands before the server know this page: it answers with a page of its own, or with nothing.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { status, statusText, responseText } = event.detail.xhr;
  if (status < 400 || responseText.includes('role="alert"')) return;
  event.detail.serverResponse = alarm(`${document.body.dataset.between} ${status} ${statusText}`);
});

// --- light and dark: the browser's wish until somebody says otherwise

const theme = document.getElementById("theme");
theme.hidden = false;
theme.addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `placket_theme=${root.dataset.theme}; path=${base}; max-age=31536000; samesite=strict${secure}`;
});

// --- times in the reader's zone

// In the page's language, as the reader's own country writes it: a Briton's English has the day first.
const language = document.documentElement.lang;
const locale = navigator.languages.find((known) => known.split("-")[0] === language) ?? language;

function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    time.title = time.dateTime;
    time.textContent = moment.toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" });
  }
}

// --- forms that send themselves

// A keyboard steps through a list option by option: then the form waits for its button.
const choose = document.querySelector("[data-choose]");
if (choose) {
  const form = choose.form;
  choose.hidden = true;
  form.addEventListener("keydown", () => (choose.hidden = false));
  form.addEventListener("pointerdown", () => (choose.hidden = true));
  form.addEventListener("change", () => choose.hidden && form.requestSubmit());
}

document.addEventListener("change", (event) => {
  if (event.target.matches("#try input[type=file]") && event.target.files.length) {
    const form = event.target.form;
    form.elements.url.value = "";
    form.requestSubmit();
  }
});

document.addEventListener("input", (event) => {
  if (event.target.matches("#try [name=url]")) event.target.form.elements.photo.value = "";
});

// A second click while the first is on its way sends nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.id === "try" || form.id === "similar-form") return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// --- choosing, dropping and pasting files

let keptFile = null;

document.addEventListener("cancel", (event) => {
  if (keptFile && event.target.matches("[data-drop] [type=file]")) hold(event.target, keptFile);
}, true);

function hold(input, file) {
  const list = new DataTransfer();
  list.items.add(file);
  input.files = list.files;
}

function give(form, file) {
  const input = form.querySelector(`input[name="${form.dataset.drop}"]`);
  hold(input, file);
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

for (const form of document.querySelectorAll("form[data-drop]")) {
  const zone = form.querySelector(".drop");
  for (const kind of ["dragenter", "dragover"]) {
    document.addEventListener(kind, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      zone.classList.add("over");
    });
  }
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) zone.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    zone.classList.remove("over");
    if (event.dataTransfer.files.length) give(form, event.dataTransfer.files[0]);
  });
  if (form.hasAttribute("data-paste")) {
    document.addEventListener("paste", (event) => {
      // A cell of a spreadsheet is text and a picture of itself: into a field goes the text.
      if (event.target.matches("input, textarea") && event.clipboardData?.types.includes("text/plain")) return;
      const file = [...(event.clipboardData?.files ?? [])].find((f) => f.type.startsWith("image/"));
      if (file) {
        event.preventDefault();
        give(form, file);
      }
    });
  }
}

// --- picking a garment of a photo

function pick(number, focus) {
  for (const tab of document.querySelectorAll("[role=tab][data-pick]")) {
    const chosen = tab.dataset.pick === number;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    if (chosen && focus) tab.focus();
  }
  for (const box of document.querySelectorAll("g[data-pick]")) {
    box.setAttribute("aria-pressed", String(box.classList.toggle("chosen", box.dataset.pick === number)));
  }
  document.getElementById("chosen-label")?.setAttribute("href", `#label-${number}`);
  // What the similar products are to have in common with it: of another garment nothing is asked.
  for (const only of document.querySelectorAll("fieldset[data-of]")) only.hidden = only.disabled = only.dataset.of !== number;
  for (const panel of document.querySelectorAll("[role=tabpanel]")) {
    panel.hidden = panel.id !== `item-${number}`;
    const form = document.getElementById("similar-form");
    if (!panel.hidden && form) {
      form.elements.link.value = panel.dataset.link;
      form.requestSubmit();
    }
  }
  remember(number);
}

// --- back from a product: the photo that was tried is still there, until the tab is closed or somebody signs in

const KEPT = "placket-look";

function remember(number) {
  const look = document.getElementById("look");
  const form = document.getElementById("similar-form");
  const fields = form ? [...new FormData(form)].filter(([name]) => name !== "link") : [];
  const page = look.cloneNode(true);
  page.querySelector("#similar")?.replaceChildren();
  // What htmx noted on elements while it worked: the page's policy takes no styles from text.
  for (const styled of page.querySelectorAll("[style]")) styled.removeAttribute("style");
  try {
    sessionStorage.setItem(KEPT, JSON.stringify({ page: page.innerHTML, number, fields }));
  } catch {
    sessionStorage.removeItem(KEPT);
  }
}

if (!token) sessionStorage.removeItem(KEPT);

function restore() {
  const look = document.getElementById("look");
  const kept = sessionStorage.getItem(KEPT);
  if (!look || !kept || performance.getEntriesByType("navigation")[0]?.type !== "back_forward") return;
  const { page, number, fields } = JSON.parse(kept);
  look.innerHTML = page;
  htmx.process(look);
  const form = document.getElementById("similar-form");
  for (const [name, value] of form ? fields : []) {
    for (const control of form.querySelectorAll(`[name="${name}"]:enabled`)) {
      if (control.type !== "checkbox") control.value = value;
      else if (control.value === value) control.checked = true;
    }
  }
  fit(look);
  pick(number, false);
}

document.addEventListener("change", (event) => {
  const picked = document.querySelector("[role=tab][aria-selected=true]");
  if (event.target.form?.id === "similar-form" && picked) remember(picked.dataset.pick);
});

document.addEventListener("click", (event) => {
  // Or the same file, mended and chosen once more, would be no change.
  if (event.target.matches("[data-drop] [type=file]")) {
    keptFile = event.target.files[0];
    event.target.value = "";
  }
  const picked = event.target.closest("[data-pick]");
  if (picked) pick(picked.dataset.pick, false);
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    const source = document.querySelector(copy.dataset.copy);
    getSelection().selectAllChildren(source);
    // Without HTTPS there may be no clipboard: then the key is at least selected.
    navigator.clipboard?.writeText(source.textContent).then(() => (copy.textContent = said.textContent = copy.dataset.done));
  }
});

document.addEventListener("keydown", (event) => {
  const picked = event.target.closest?.("[data-pick]");
  if (!picked) return;
  if (picked.getAttribute("role") === "button" && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    pick(picked.dataset.pick, false);
  }
  if (picked.getAttribute("role") === "tab") {
    const last = document.querySelectorAll("[role=tab][data-pick]").length - 1;
    const here = Number(picked.dataset.pick);
    const next = { ArrowRight: here < last ? here + 1 : 0, ArrowLeft: here > 0 ? here - 1 : last, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    pick(String(next), true);
  }
});

// --- the threshold: what the server counted, and the cards that reach it

document.addEventListener("input", (event) => {
  const part = event.target.closest("[data-threshold]");
  if (!part) return;
  const least = Number(event.target.value);
  part.querySelector("output").textContent = least.toFixed(2);
  const counts = event.target.dataset.counts.split(",");
  part.querySelector("[data-count]").textContent = counts[Math.round(least * counts.length)];
  for (const card of part.parentElement.querySelectorAll("[data-score]")) card.hidden = Number(card.dataset.score) < least;
  part.querySelectorAll(".histogram rect").forEach((bar, n) => bar.classList.toggle("below", n / counts.length < least - 1e-9));
});

document.addEventListener("change", (event) => {
  const part = event.target.closest("[data-threshold]");
  if (!part) return;
  // A slider that belongs to no form of its own must not send the form around it.
  event.stopPropagation();
  said.textContent = part.querySelector("[data-count]").parentElement.textContent;
}, true);

// --- photos that cannot be had

document.addEventListener("error", (event) => {
  if (event.target.matches?.("img.photo")) event.target.closest(".frame")?.classList.add("missing");
}, true);

// The garments of a photo, until what looks like the first of them has come too.
let found = "";

// When it has settled: only then does htmx know the forms that came with it.
document.addEventListener("htmx:afterSettle", (event) => {
  const part = event.target;
  localise(part);
  fit(part);
  // Of what a page loads by itself nobody waits to hear.
  if (event.detail.requestConfig.elt.getAttribute("hx-trigger") === "load") return;
  say(part, found);
  found = "";
  if (part.id !== "look") return;
  if (part.querySelector("[data-look] [data-pick]")) {
    // Asked for at once, the similar products are said after the garments, not in their place.
    const garments = said.textContent;
    pick("0", false);
    said.textContent = found = garments;
  }
  // Or the way back would lead to the photo before this one.
  else sessionStorage.removeItem(KEPT);
});

// --- labels as wide as their words are in this browser's letters

function fit(root) {
  for (const text of root.querySelectorAll(".box text")) {
    const room = 0.8 * Number(text.getAttribute("font-size"));
    text.previousElementSibling.setAttribute("width", text.getComputedTextLength() + room);
  }
}

localise(document);
fit(document);
addEventListener("load", restore);
