// Elements and number formats. Text is always inserted as text, never as markup.

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

/** Replace the children of an element; null is skipped. */
export function put(element, ...children) {
  element.replaceChildren();
  return fill(element, {}, children);
}

/** Append children to an element; null is skipped. */
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

/** Make a button that does not submit a form. */
export function button(name, style, click, properties = {}) {
  return h("button", { type: "button", class: style, on: { click }, ...properties }, name);
}

let drawn = 0;

/** Return a unique id. */
export function freshId(name) {
  drawn += 1;
  return `${name}-${drawn}`;
}

const LONG = 420;

/** Return the attributes that make a long, scrolling text reachable by keyboard. */
export function scrolls(text) {
  return text.length > LONG ? { tabindex: "0" } : {};
}

/** Show a question; a long one is folded. It may be the label of a field. */
export function question(text, field = null) {
  const shown = h(field ? "label" : "div", { class: "question", dir: "auto", for: field }, text);
  if (text.length <= LONG) return shown;
  const more = button("Show more", "link", () => {
    const folded = shown.classList.toggle("folded");
    more.textContent = folded ? "Show more" : "Show less";
    more.setAttribute("aria-expanded", String(!folded));
  }, { "aria-expanded": "false" });
  shown.classList.add("folded");
  return h("div", {}, shown, more);
}

const NUMBER = new Intl.NumberFormat("en");

/** Format a number with thousands separators. */
export function number(value) {
  return NUMBER.format(value);
}

/** Format a count with its noun: "1 question", "2 questions". */
export function count(value, noun, several = `${noun}s`) {
  return `${number(value)} ${value === 1 ? noun : several}`;
}

/** Format a probability as a percentage, never as exactly 0 or 100. */
export function percent(share) {
  if (share > 0 && share < 0.01) return "<1%";
  if (share < 1 && share > 0.99) return ">99%";
  return `${Math.round(share * 100)}%`;
}

/** Format the time since a moment, in seconds since 1970. */
export function ago(seconds) {
  const gone = Math.max(0, Date.now() / 1000 - seconds);
  if (gone < 45) return "just now";
  if (gone < 90 * 60) return `${count(Math.max(1, Math.round(gone / 60)), "minute")} ago`;
  if (gone < 36 * 3600) return `${count(Math.round(gone / 3600), "hour")} ago`;
  return `${count(Math.round(gone / 86400), "day")} ago`;
}

/** Show the progress of long work. */
export function progressBar(progress) {
  const known = progress && progress.of;
  const doing = progress ? progress.doing : "beginning";
  const bar = known
    ? h("progress", { max: progress.of, value: progress.done, "aria-label": doing })
    : h("progress", { "aria-label": doing });
  const far = known ? `${doing}, ${percent(progress.done / progress.of)}` : doing;
  return h("div", { class: "progress" }, bar, h("span", { class: "soft" }, far));
}

/** An empty state: a title, and what to do next. */
export function empty(title, ...children) {
  return h("div", { class: "empty" }, h("h2", {}, title), children);
}

/** A command to type. */
export function command(text) {
  return h("pre", { class: "command", tabindex: "0" }, h("code", {}, text));
}

/** Download a file. */
export function save({ blob, name }) {
  const url = URL.createObjectURL(blob);
  const link = h("a", { href: url, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
