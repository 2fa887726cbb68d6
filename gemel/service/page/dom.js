// Building the page: elements, numbers in words. Text goes in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [kind, handler] of Object.entries(value)) element.addEventListener(kind, handler);
    } else if (name === "vars") {
      for (const [key, each] of Object.entries(value)) element.style.setProperty(`--${key}`, each);
    } else {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** Put children in the place of all that an element holds; null is none. */
export function put(element, ...children) {
  element.replaceChildren();
  return fill(element, {}, children);
}

/** Put children after what an element holds; null is none. */
export function add(element, ...children) {
  return fill(element, {}, children);
}

/** Make an element. `on` holds its listeners, `vars` its CSS variables, the rest are attributes. */
export function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** Make an element of a drawing. */
export function s(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

/** Make a button that is no form's. */
export function button(name, style, click, properties = {}) {
  return h("button", { type: "button", class: style, on: { click }, ...properties }, name);
}

let drawn = 0;

/** Give an id that no other element has. */
export function freshId(name) {
  drawn += 1;
  return `${name}-${drawn}`;
}

const LONG = 420;

/** Give what makes a text that scrolls reachable by keyboard; nothing for one that is short. */
export function scrolls(text) {
  return text.length > LONG ? { tabindex: "0" } : {};
}

/** Show a question as it was typed; one that is very long folds. It may be the label of a field. */
export function question(text, field = null) {
  const shown = h(field ? "label" : "div", { class: "question", dir: "auto", for: field }, text);
  if (text.length <= LONG) return shown;
  const more = button("Show all of it", "link", () => {
    const folded = shown.classList.toggle("folded");
    more.textContent = folded ? "Show all of it" : "Show less";
    more.setAttribute("aria-expanded", String(!folded));
  }, { "aria-expanded": "false" });
  shown.classList.add("folded");
  return h("div", {}, shown, more);
}

const NUMBER = new Intl.NumberFormat("en");

/** Give a number with its thousands apart. */
export function number(value) {
  return NUMBER.format(value);
}

/** Give a count with its noun: "1 question", "2 questions". */
export function count(value, noun, several = `${noun}s`) {
  return `${number(value)} ${value === 1 ? noun : several}`;
}

/** Give a share as a percentage that never claims to be certain. */
export function percent(share) {
  if (share > 0 && share < 0.01) return "<1%";
  if (share < 1 && share > 0.99) return ">99%";
  return `${Math.round(share * 100)}%`;
}

/** Report how long ago a time is, in seconds since 1970. */
export function ago(seconds) {
  const gone = Math.max(0, Date.now() / 1000 - seconds);
  if (gone < 45) return "just now";
  if (gone < 90 * 60) return `${count(Math.max(1, Math.round(gone / 60)), "minute")} ago`;
  if (gone < 36 * 3600) return `${count(Math.round(gone / 3600), "hour")} ago`;
  return `${count(Math.round(gone / 86400), "day")} ago`;
}

/** Report how far a long work is, as what the service calls progress. */
export function progressBar(progress) {
  const known = progress && progress.of;
  const doing = progress ? progress.doing : "beginning";
  const bar = known
    ? h("progress", { max: progress.of, value: progress.done, "aria-label": doing })
    : h("progress", { "aria-label": doing });
  const far = known ? `${doing}, ${percent(progress.done / progress.of)}` : doing;
  return h("div", { class: "progress" }, bar, h("span", { class: "soft" }, far));
}

/** A box for when there is nothing to show: what is so, and what to do next. */
export function empty(title, ...children) {
  return h("div", { class: "empty" }, h("h2", {}, title), children);
}

/** A command to type. */
export function command(text) {
  return h("pre", { class: "command", tabindex: "0" }, h("code", {}, text));
}

/** Hand a file to the person at the page. */
export function save({ blob, name }) {
  const url = URL.createObjectURL(blob);
  const link = h("a", { href: url, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
