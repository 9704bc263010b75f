// The console's own behaviour. Pages work by links and forms; this adds dropping, picking, live progress and comfort.
"use strict";

const base = document.body.dataset.base;
const token = document.querySelector("meta[name=csrf-token]")?.content;

document.addEventListener("htmx:configRequest", (event) => {
  if (token) event.detail.headers["X-CSRF-Token"] = token;
});

// --- light and dark: the browser's wish until somebody says otherwise

document.getElementById("theme")?.addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `placket_theme=${root.dataset.theme}; path=${base}; max-age=31536000; samesite=strict${secure}`;
});

// --- times in the reader's zone

function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    time.title = time.dateTime;
    time.textContent = moment.toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  }
}

// --- forms that send themselves

document.addEventListener("change", (event) => {
  const form = event.target.closest("form");
  if (form?.hasAttribute("data-auto")) form.requestSubmit();
  if (event.target.matches("#try input[type=file]") && event.target.files.length) {
    form.querySelector("[type=url]").value = "";
    form.requestSubmit();
  }
});

// --- dropping and pasting files

function give(form, file) {
  const input = form.querySelector(`input[name="${form.dataset.drop}"]`);
  const list = new DataTransfer();
  list.items.add(file);
  input.files = list.files;
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
  for (const box of document.querySelectorAll("g[data-pick]")) box.classList.toggle("chosen", box.dataset.pick === number);
  for (const panel of document.querySelectorAll("[role=tabpanel]")) {
    panel.hidden = panel.id !== `item-${number}`;
    const form = document.getElementById("similar-form");
    if (!panel.hidden && form) {
      form.elements.link.value = panel.dataset.link;
      form.requestSubmit();
    }
  }
}

document.addEventListener("click", (event) => {
  const picked = event.target.closest("[data-pick]");
  if (picked) pick(picked.dataset.pick, false);
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    const text = document.querySelector(copy.dataset.copy).textContent;
    navigator.clipboard?.writeText(text).then(() => (copy.textContent = copy.dataset.done));
  }
});

document.addEventListener("keydown", (event) => {
  const picked = event.target.closest?.("[data-pick]");
  if (!picked) return;
  if (picked.getAttribute("role") === "button" && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    pick(picked.dataset.pick, false);
  }
  if (picked.getAttribute("role") === "tab" && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
    const tabs = document.querySelectorAll("[role=tab][data-pick]").length;
    const step = event.key === "ArrowRight" ? 1 : tabs - 1;
    event.preventDefault();
    pick(String((Number(picked.dataset.pick) + step) % tabs), true);
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
  // A slider that belongs to no form of its own must not send the form around it.
  if (event.target.closest("[data-threshold]")) event.stopPropagation();
}, true);

// --- photos that cannot be had

document.addEventListener("error", (event) => {
  if (event.target.matches?.("img.photo")) event.target.closest(".frame")?.classList.add("missing");
}, true);

// --- live progress

for (const part of document.querySelectorAll("[data-events]")) {
  const source = new EventSource(part.dataset.events);
  source.onmessage = (event) => {
    part.innerHTML = JSON.parse(event.data);
    localise(part);
  };
  source.addEventListener("end", () => {
    source.close();
    location.reload();
  });
}

// When it has settled: only then does htmx know the forms that came with it.
document.addEventListener("htmx:afterSettle", (event) => {
  localise(event.detail.target);
  fit(event.detail.target);
  if (event.detail.target.id === "look" && document.querySelector("[data-look] [data-pick]")) pick("0", false);
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
