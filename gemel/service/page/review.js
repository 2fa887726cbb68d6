// Review: the most uncertain pairs, one at a time, decided by keys or buttons.

import * as api from "./api.js";
import { button, command, count, empty, h, number, percent, progressBar, put, save, scrolls } from "./dom.js";
import { decisions, nameReviewer, reviewer } from "./moderation.js";
import { differing } from "./words.js";

const BATCH = 20;
const FEW = 5; // loaded pairs at which more are fetched
const SOON = 1000; // milliseconds between two polls while pairs are computed
const KEYS = { s: "same", d: "different", k: "skipped", " ": "skipped", u: "undo" };
const LABELS = { same: "same", different: "different" };

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
  const queue = []; // loaded pairs, the first is shown
  const done = []; // decisions that can be undone, the latest last
  const unsent = []; // decisions waiting for earlier ones
  const passed = new Set(); // pairs decided or loaded, which a response may contain again
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

  async function fetchPairs() {
    const found = await api.pairs(BATCH);
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

  /** Load pairs if few are left, and show the first. */
  async function load() {
    clearTimeout(timer);
    try {
      fetching ??= work.then(fetchPairs).finally(() => { fetching = null; });
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
      h("h2", { class: "unseen" }, "Are these two questions duplicates?"),
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
      ? empty("No pairs left to review", h("p", {}, `${count(decided, "pair")} decided. New questions bring new pairs. See below how to use the decisions.`))
      : empty("No similar questions", h("p", {}, "Pairs are made of similar questions. Import a file:"), command("gemel index QUESTIONS --db DB")));
  }

  function drawMaking(found) {
    deciding.hidden = true;
    stage.replaceChildren(found.state === "failed"
      ? empty("Pairs could not be computed", h("p", {}, found.why), button("Try again", "plain", load))
      : empty("Computing pairs…", h("p", {}, "Every question is compared with similar ones, once."), progressBar(found.progress)));
    if (isShown && found.state !== "failed") timer = setTimeout(load, SOON);
  }

  function drawFigures() {
    if (!counts) return;
    const decided = counts.same + counts.different;
    const all = decided + remaining;
    put(figures,
      h("progress", { max: Math.max(1, all), value: decided, "aria-label": "Pairs decided" }),
      figure(number(decided), "decided"),
      figure(number(remaining), "left"),
      counts.skipped ? figure(number(counts.skipped), "skipped") : null,
      counts.compared ? figure(percent(counts.agreed / counts.compared), `agreement with the model (${count(counts.compared, "decision")})`) : null);
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
      h("label", { for: "reviewer" }, "Your name. It is stored with each decision, and in this browser."),
      h("div", { class: "row" }, field, h("button", { type: "submit", class: "main" }, "Start reviewing")));
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
    if (!next) return; // it was sent when the page was hidden
    const { pair } = next;
    try {
      const stored = await post(next);
      counts = stored.counts;
      drawFigures();
    } catch (error) {
      const place = done.findIndex((each) => each.pair === pair);
      if (place >= 0) done.splice(place, 1);
      buttons.undo.disabled = !done.length;
      tell(error.status === 409 ? `Already decided: ${error.message}` : `Not stored: ${error.message}`, { bad: true });
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
    standing.replaceChildren("Undone.");
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

  /** Send all decisions when the page is closed. */
  function sendAll() {
    for (const each of unsent.splice(0)) post(each).catch(() => {});
  }

  addEventListener("pagehide", sendAll);
  document.addEventListener("keydown", pressed);
  document.addEventListener("gemel-key", () => { if (queue.length) drawPair(); });
  const section = h("section", { class: "review", "aria-labelledby": "review-title" },
    h("div", { class: "heading" }, h("h1", { id: "review-title", tabindex: "-1" }, "Review pairs"), figures),
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

function side(name, shown, parts) {
  return h("section", { class: "side", "aria-label": name },
    h("p", { class: "question", dir: "auto", ...scrolls(shown.question) }, parts.map(([part, differs]) => (differs ? h("mark", {}, part) : part))));
}

/** The decision, and only then the model's verdict, which should not influence the reviewer. */
function outcome(pair, answer) {
  const model = `Model: ${percent(pair.probability)} probability of a duplicate`;
  if (answer === "skipped") return `Skipped. ${model}.`;
  const agrees = (answer === "same") === pair.is_duplicate;
  return h("span", {}, `You: ${LABELS[answer]}. ${model}; `, h("strong", { class: agrees ? "yes" : "no" }, agrees ? "agrees with you" : "disagrees with you"), ".");
}

function uses(download) {
  return h("section", { class: "uses", "aria-labelledby": "uses-title" },
    h("h2", { id: "uses-title" }, "Use the decisions"),
    h("p", {}, "Export the decisions as labelled pairs, then train the model on them or fit its threshold:"),
    command("gemel review --db DB --export reviews.csv\ngemel train --from MODEL --add reviews.csv --out NEW-MODEL\ngemel fit reviews.csv --model MODEL --out NEW-MODEL"),
    h("div", { class: "row" }, button("Download reviews.csv", "plain", download)));
}
