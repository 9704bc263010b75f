// What goes on by itself: a run's and a task's progress, shown as it happens and said as often as one can listen to.
"use strict";

const BETWEEN_WORDS = 10_000;

// Make what is there like what has come, leaving alone what is alike: whoever reads there keeps their place.
function renew(there, come) {
  if (there.nodeName !== come.nodeName || there.childNodes.length !== come.childNodes.length) return there.replaceWith(come);
  if (there.nodeType === Node.TEXT_NODE && there.data !== come.data) there.data = come.data;
  for (const { name, value } of come.attributes ?? []) {
    if (there.getAttribute(name) !== value) there.setAttribute(name, value);
  }
  const children = [...come.childNodes];
  [...there.childNodes].forEach((child, n) => renew(child, children[n]));
}

function parsed(page) {
  return new DOMParser().parseFromString(page, "text/html");
}

// A run or a task that has ended has another page: what failed, what to do about it. Loaded anew as a whole it would take the
// keyboard and the reader to its top, and say nothing.
async function ended() {
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok || answer.redirected) return location.reload();
  const main = document.getElementById("main");
  const page = parsed(await answer.text());
  const lost = main.contains(document.activeElement);
  main.replaceChildren(...page.getElementById("main").childNodes);
  localise(main);
  if (lost) main.focus();
  say(main);
}

for (const part of document.querySelectorAll("[data-events]")) {
  const source = new EventSource(part.dataset.events);
  let spoken = Date.now();
  source.onmessage = (event) => {
    const come = part.cloneNode(false);
    come.innerHTML = JSON.parse(event.data);
    renew(part, come);
    if (Date.now() - spoken < BETWEEN_WORDS) return;
    spoken = Date.now();
    say(part);
  };
  source.addEventListener("end", () => {
    source.close();
    ended();
  });
  // Closed for good: the session has ended, or the run is gone. The page itself says which.
  source.onerror = () => source.readyState === EventSource.CLOSED && setTimeout(() => location.reload(), 2000);
}

// What asks again by itself stays as it is while the server is in trouble, and asks again.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { elt, xhr } = event.detail;
  if (!elt.getAttribute("hx-trigger")?.startsWith("every")) return;
  if (xhr.status >= 500) event.detail.shouldSwap = false;
  if (xhr.status !== 200) return;
  const page = parsed(event.detail.serverResponse);
  const come = elt.id ? page.getElementById(elt.id) : page.body.firstElementChild;
  const over = come?.hasAttribute("data-say");
  if (!over && !come?.hasAttribute("hx-get")) return;
  event.detail.shouldSwap = false;
  if (over) ended();
  else renew(elt, come);
});
