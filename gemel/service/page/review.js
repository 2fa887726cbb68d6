// Review: the pairs the model is least sure of, one at a time, decided by keys or buttons.

import * as api from "./api.js";
import { button, command, count, empty, h, number, percent, progressBar, put, save, scrolls } from "./dom.js";
import { decisions, nameReviewer, reviewer } from "./moderation.js";
import { differing } from "./words.js";

const LOT = 20;
const FEW = 5; // pairs at hand from which on the next lot is fetched
const SOON = 1000; // milliseconds between two looks while pairs are being found
const KEYS = { s: "same", d: "different", k: "skipped", " ": "skipped", u: "undo" };
const SAID = { same: "the same", different: "not the same", skipped: "skipped" };

/** Make the view. */
export function reviewView(tell) {
  const stage = h("div", { class: "stage", "aria-live": "polite" });
  const standing = h("p", { class: "standing", role: "status" });
  const figures = h("div", { class: "figures" });
  const who = h("div", { class: "who" });
  const buttons = {
    same: act("same", "Same", "S", "main"),
    different: act("different", "Different", "D", "main other"),
    skipped: act("skipped", "Skip", "K", "plain"),
    undo: act("undo", "Undo", "U", "plain"),
  };
  const deciding = h("div", { class: "decide", role: "group", "aria-label": "Your decision", hidden: true }, Object.values(buttons));
  const queue = []; // pairs at hand, the first is shown
  const done = []; // what was decided here, to be undone, the last at the end
  const unsent = []; // decisions that wait for those before them
  const passed = new Set(); // pairs that were decided or are at hand, for a batch may bring them again
  let counts = null;
  let remaining = 0;
  let work = Promise.resolve(); // decisions are sent one after the other
  let fetching = null;
  let timer = 0;
  let isShown = false;

  function act(name, label, sign, style) {
    return button([label, h("kbd", { "aria-hidden": "true" }, sign)], style, () => decide(name),
      { "aria-keyshortcuts": sign });
  }

  const nameOf = (pair) => JSON.stringify([pair.left.id, pair.right.id].sort());

  async function fetchLot() {
    const found = await api.lot(LOT);
    counts = found.counts;
    if (found.state !== "ready") return found;
    for (const pair of found.pairs) {
      if (passed.has(nameOf(pair))) continue;
      passed.add(nameOf(pair));
      queue.push(pair);
    }
    remaining = Math.max(queue.length, found.remaining - unsent.length);
    return found;
  }

  /** See that there are pairs at hand, and show the first. */
  async function load() {
    clearTimeout(timer);
    try {
      fetching ??= work.then(fetchLot).finally(() => { fetching = null; });
      const found = await fetching;
      drawFigures();
      if (queue.length) drawPair();
      else if (found.state === "ready") drawNothing();
      else drawMaking(found);
    } catch (error) {
      if (queue.length) return;
      deciding.hidden = true;
      stage.replaceChildren(h("p", { class: "trouble" }, error.message), button("Try again", "plain", load));
    }
  }

  function drawPair() {
    const pair = queue[0];
    const [left, right] = differing(pair.left.question, pair.right.question);
    stage.replaceChildren(
      h("h2", { class: "unseen" }, "Do these two ask the same?"),
      h("div", { class: "pair" }, side("First question", pair.left, left), side("Second question", pair.right, right)));
    deciding.hidden = !named();
    for (const each of Object.values(buttons)) each.disabled = false;
    buttons.undo.disabled = !done.length;
    drawWho();
  }

  function drawNothing() {
    deciding.hidden = !done.length;
    for (const [name, each] of Object.entries(buttons)) each.disabled = name !== "undo";
    const decided = counts.same + counts.different;
    stage.replaceChildren(decided
      ? empty("Nothing is left to review", h("p", {}, `${count(decided, "pair")} decided. New pairs come with new questions; what to do with the decisions is below.`))
      : empty("There are no close pairs", h("p", {}, "Pairs come from questions that are near each other. Fill the corpus from a file, then come back:"), command("gemel index QUESTIONS --db DB")));
  }

  function drawMaking(found) {
    deciding.hidden = true;
    stage.replaceChildren(found.state === "failed"
      ? empty("The pairs could not be found", h("p", {}, found.why), button("Try again", "plain", load))
      : empty("Close pairs are being looked for", h("p", {}, "Every question is compared with those near it, once."), progressBar(found.progress)));
    if (isShown && found.state !== "failed") timer = setTimeout(load, SOON);
  }

  function drawFigures() {
    if (!counts) return;
    const decided = counts.same + counts.different;
    const all = decided + remaining;
    put(figures,
      h("progress", { max: Math.max(1, all), value: decided, "aria-label": "Decided so far" }),
      figure(number(decided), "decided"),
      figure(number(remaining), "left"),
      counts.skipped ? figure(number(counts.skipped), "skipped") : null,
      counts.compared ? figure(percent(counts.agreed / counts.compared), `agreement with the model, of ${number(counts.compared)}`) : null);
  }

  const named = () => Boolean(reviewer() || api.key());

  function drawWho() {
    if (api.key()) {
      who.replaceChildren();
    } else if (reviewer()) {
      who.replaceChildren(h("p", { class: "soft small" }, "Reviewing as ", h("bdi", {}, reviewer()), ". ",
        button("Change", "link", () => askName(reviewer()))));
    } else {
      askName("");
    }
  }

  function askName(old) {
    if (who.querySelector("form")) return;
    const field = h("input", { id: "reviewer", maxlength: 200, autocomplete: "nickname", value: old, required: true });
    const form = h("form", { class: "note" },
      h("label", { for: "reviewer" }, "Who decides? The name is stored with each decision, and in this browser."),
      h("div", { class: "row" }, field, h("button", { type: "submit", class: "main" }, "Begin")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!field.value.trim()) return;
      nameReviewer(field.value.trim());
      form.remove();
      if (queue.length) drawPair();
      else drawWho();
      section.querySelector("h1").focus();
    });
    who.replaceChildren(form);
    if (isShown && old) field.focus();
  }

  function decide(name) {
    if (name === "undo") return undo();
    const pair = queue[0];
    if (!pair || !named()) return undefined;
    queue.shift();
    done.push({ pair, answer: name });
    standing.replaceChildren(outcome(pair, name));
    remaining = Math.max(0, remaining - 1);
    unsent.push({ pair, answer: name });
    work = work.then(sendNext);
    next();
    return work;
  }

  const post = ({ pair, answer }) =>
    api.decide(decisions([{ left: pair.left.id, right: pair.right.id, answer }]));

  async function sendNext() {
    const next = unsent.shift();
    if (!next) return; // it was sent when the page seemed to be closed
    const { pair } = next;
    try {
      const kept = await post(next);
      counts = kept.counts;
      drawFigures();
    } catch (error) {
      const place = done.findIndex((each) => each.pair === pair);
      if (place >= 0) done.splice(place, 1);
      buttons.undo.disabled = !done.length;
      tell(error.status === 409 ? `It stays as it was: ${error.message}` : `Not stored: ${error.message}`, { bad: true });
      if (error.status === 409 || error.status === 404) return;
      queue.unshift(pair);
      remaining += 1;
      drawPair();
      drawFigures();
    }
  }

  function next() {
    if (queue.length) drawPair();
    drawFigures();
    if (queue.length <= FEW && remaining > queue.length) load();
    else if (!queue.length) work.then(load);
  }

  function undo() {
    const last = done.pop();
    if (!last) return undefined;
    standing.replaceChildren("Undone. Decide again.");
    queue.unshift(last.pair);
    remaining += 1;
    drawPair();
    const place = unsent.findIndex(({ pair }) => pair === last.pair);
    if (place >= 0) {
      unsent.splice(place, 1);
      return undefined;
    }
    work = work.then(async () => {
      try {
        counts = (await api.undecide(last.pair.left.id, last.pair.right.id)).counts;
        drawFigures();
      } catch (error) {
        if (error.status !== 404) tell(`Not undone: ${error.message}`, { bad: true });
      }
    });
    return work;
  }

  function pressed(event) {
    if (!isShown || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const name = KEYS[event.key.toLowerCase()];
    const { target } = event;
    if (!name || target.closest("input, textarea, select, [contenteditable], dialog")) return;
    if (event.key === " " && target.closest("button, a, summary, pre")) return;
    if (deciding.hidden || buttons[name].disabled) return;
    event.preventDefault();
    decide(name);
  }

  async function download() {
    try {
      save(await api.reviewsFile());
    } catch (error) {
      tell(error.message, { bad: true });
    }
  }

  /** The page is being closed: nothing that was decided may be lost. */
  function sendAll() {
    for (const each of unsent.splice(0)) post(each).catch(() => {});
  }

  addEventListener("pagehide", sendAll);
  document.addEventListener("keydown", pressed);
  document.addEventListener("gemel-key", () => { if (queue.length) drawPair(); });
  const section = h("section", { class: "review", "aria-labelledby": "review-title" },
    h("div", { class: "heading" }, h("h1", { id: "review-title", tabindex: "-1" }, "Do they ask the same?"), figures),
    who, stage, standing, deciding, uses(download));
  return {
    section,
    show() {
      isShown = true;
      if (queue.length) drawPair();
      else load();
    },
    hide() {
      isShown = false;
      clearTimeout(timer);
    },
  };
}

function figure(value, name) {
  return h("p", { class: "figure" }, h("strong", {}, value), " ", h("span", { class: "soft" }, name));
}

function side(name, kept, parts) {
  return h("section", { class: "side", "aria-label": name },
    h("p", { class: "question", dir: "auto", ...scrolls(kept.question) }, parts.map(([part, differs]) => (differs ? h("mark", {}, part) : part))));
}

/** What was decided, and only now what the model thinks: it must not lead the reviewer. */
function outcome(pair, answer) {
  const model = `The model: ${percent(pair.probability)} likely the same`;
  if (answer === "skipped") return `Skipped. ${model}.`;
  const agrees = (answer === "same") === pair.is_duplicate;
  return h("span", {}, `You: ${SAID[answer]}. ${model}; `, h("strong", { class: agrees ? "yes" : "no" }, agrees ? "you agree" : "you differ"), ".");
}

function uses(download) {
  return h("section", { class: "uses", "aria-labelledby": "uses-title" },
    h("h2", { id: "uses-title" }, "What the decisions are for"),
    h("p", {}, "They are labelled pairs, of just those questions that the model finds hard. Write them to a file, then teach the model with them, or move its threshold:"),
    command("gemel review --db DB --export reviews.csv\ngemel train --from MODEL --add reviews.csv --out NEW-MODEL\ngemel fit reviews.csv --model MODEL --out NEW-MODEL"),
    h("div", { class: "row" }, button("Download reviews.csv", "plain", download)));
}
