// The page: views, messages, theme, key.

import * as api from "./api.js";
import { askView } from "./ask.js";
import { button, h, progressBar, put } from "./dom.js";
import { duplicatesView } from "./duplicates.js";
import { modelView } from "./model.js";
import { reviewView } from "./review.js";

const VIEWS = {
  ask: ["Ask", askView],
  duplicates: ["Duplicates", duplicatesView],
  review: ["Review", reviewView],
  model: ["Model", modelView],
};
const NEEDED = "this service needs a key; try again to enter one";
const SHOWN = 7000; // milliseconds that a message without a button stays

const main = document.getElementById("main");
const messages = document.getElementById("messages");
const views = new Map();
let shown = null;

/** Show a message at the bottom of the page, with an undo button if it can be undone. */
let vanish = 0;
function tell(message, { undo = null, bad = false } = {}) {
  clearTimeout(vanish);
  const close = () => messages.replaceChildren();
  const back = undo && button("Undo", "link", () => { close(); undo(); });
  const gone = button("×", "quiet close", close, { "aria-label": "Close this message" });
  messages.replaceChildren(h("div", { class: bad ? "toast bad" : "toast" }, h("p", {}, message), back, gone));
  if (!undo && !bad) vanish = setTimeout(close, SHOWN);
  return { focusUndo: () => back?.focus() };
}

function show(isFirst) {
  const name = location.hash.slice(1) in VIEWS ? location.hash.slice(1) : "ask";
  const [title, make] = VIEWS[name];
  if (!views.has(name)) {
    const view = make(tell);
    view.section.id = `view-${name}`;
    main.append(view.section);
    views.set(name, view);
  }
  const view = views.get(name);
  if (view !== shown) {
    shown?.hide();
    for (const other of views.values()) other.section.hidden = other !== view;
    shown = view;
  }
  document.title = `${title} · gemel`;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  view.show(isFirst);
  if (!isFirst) {
    scrollTo(0, 0);
    view.section.querySelector("h1").focus({ preventScroll: true });
  }
}

function chooseThemes() {
  const themes = { system: "Theme: system", light: "Theme: light", dark: "Theme: dark" };
  const signs = { system: "◐", light: "☀\ufe0e", dark: "☾" };
  const root = document.documentElement;
  const change = document.getElementById("theme");
  const name = () => root.dataset.theme ?? "system";
  const draw = () => {
    change.textContent = signs[name()];
    change.setAttribute("aria-label", themes[name()]);
    change.title = themes[name()];
  };
  change.addEventListener("click", () => {
    const names = Object.keys(themes);
    const next = names[(names.indexOf(name()) + 1) % names.length];
    if (next === "system") delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      localStorage.setItem("gemel-theme", next);
    } catch {
      // The choice is lost with this page.
    }
    draw();
  });
  draw();
  change.hidden = false;
}

function askForKey(refused) {
  const dialog = document.getElementById("key");
  const field = document.getElementById("key-field");
  document.getElementById("key-why").textContent = refused.code === "bad_key" ? refused.message : "";
  field.value = "";
  dialog.showModal();
  return new Promise((resolve, reject) => {
    let given = "";
    const form = dialog.querySelector("form");
    const take = (event) => {
      event.preventDefault();
      given = field.value.trim();
      if (given) dialog.close();
    };
    form.addEventListener("submit", take);
    dialog.addEventListener("close", () => {
      form.removeEventListener("submit", take);
      if (given) resolve(given);
      else reject(new api.Refused(refused.status, { code: refused.code, message: NEEDED }));
    }, { once: true });
  });
}

function watchKey() {
  const forget = document.getElementById("forget");
  const draw = () => { forget.hidden = !api.key(); };
  forget.addEventListener("click", () => {
    api.storeKey("");
    location.reload();
  });
  document.getElementById("key-cancel").addEventListener("click", () => {
    document.getElementById("key").close();
  });
  document.addEventListener("gemel-key", draw);
  api.onKeyNeeded(askForKey);
  draw();
}

function watchRetries() {
  const waiting = document.getElementById("waiting");
  api.retries.addEventListener("wait", ({ detail }) => {
    const bar = detail.more.progress ? progressBar(detail.more.progress) : null;
    put(waiting, h("p", {}, `Waiting: ${detail.message}`), bar);
  });
  api.retries.addEventListener("settled", () => waiting.replaceChildren());
}

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", () => show(false));
chooseThemes();
watchKey();
watchRetries();
show(true);
