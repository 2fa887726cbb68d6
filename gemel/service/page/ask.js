// Ask: similar questions appear while a question is typed; post it, or open an existing one.

import * as api from "./api.js";
import { button, command, count, empty, freshId, h, percent, question } from "./dom.js";
import { why } from "./why.js";

const WAIT = 150; // milliseconds without a key until it is asked
const MATCHES = 5;
const VERDICTS = {
  "the same": ["Duplicate", "yes"],
  "ask a person": ["Likely duplicate", "maybe"],
  "not the same": ["Not a duplicate", "no"],
};

/** Make the view. */
export function askView(tell) {
  const field = h("textarea", {
    id: "question", rows: 3, dir: "auto", "aria-describedby": "question-hint question-trouble",
    placeholder: "How do I reset my password?",
  });
  const standing = h("p", { class: "standing", role: "status" });
  const trouble = h("p", { class: "trouble", id: "question-trouble", role: "alert" });
  const list = h("ol", { class: "matches", "aria-label": "Similar questions, most probable duplicate first" });
  const start = h("div");
  const posted = h("div", { role: "status" });
  const post = button("Post it", "main", () => keep(), { disabled: true });
  const clear = button("Clear", "plain", () => { write(""); field.focus(); }, { hidden: true });
  const cards = new Map();
  let timer = 0;
  let asking = new AbortController();

  function write(text) {
    field.value = text;
    typed();
  }

  function typed() {
    const text = field.value;
    const isAsked = /[\p{L}\p{N}]/u.test(text);
    clearTimeout(timer);
    asking.abort();
    asking = new AbortController();
    clear.hidden = !text;
    post.disabled = !isAsked;
    refuse("");
    if (text) posted.replaceChildren();
    if (!isAsked) {
      show(text, []);
      standing.textContent = "";
      offer(false);
      start.hidden = false;
      return;
    }
    start.hidden = true;
    const { signal } = asking;
    timer = setTimeout(() => look(text, signal), WAIT);
  }

  async function look(text, signal) {
    list.setAttribute("aria-busy", "true");
    try {
      const found = await api.check(text, MATCHES, signal);
      if (signal.aborted) return;
      standing.textContent = summary(found.matches);
      offer(found.asked_before);
      show(text, found.matches, signal);
    } catch (error) {
      if (signal.aborted) return;
      show(text, []);
      standing.textContent = "";
      refuse(error.message);
      post.disabled = error.status === 413 || error.status === 422;
    } finally {
      if (!signal.aborted) list.removeAttribute("aria-busy");
    }
  }

  function offer(isKnown) {
    post.textContent = isKnown ? "Post it anyway" : "Post it";
    post.className = isKnown ? "plain" : "main";
  }

  function refuse(message) {
    trouble.textContent = message;
    if (message) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }

  function show(text, matches, signal) {
    const known = new Set(matches.map((match) => match.id));
    for (const id of cards.keys()) if (!known.has(id)) cards.delete(id);
    matches.forEach((match, place) => {
      if (!cards.has(match.id)) cards.set(match.id, matchCard());
      cards.get(match.id).update(text, match, place === 0, signal);
    });
    list.replaceChildren(...matches.map((match) => cards.get(match.id).item));
  }

  async function keep() {
    const text = field.value;
    post.disabled = true;
    try {
      const { ids: [id] } = await api.add(text);
      write("");
      posted.replaceChildren(receipt(id, text));
      begin();
      field.focus();
    } catch (error) {
      refuse(error.message);
      post.disabled = false;
    }
  }

  function receipt(id, text) {
    const back = button("Undo", "plain", async () => {
      back.disabled = true;
      try {
        await api.remove(id);
        posted.replaceChildren();
        write(text);
        field.focus();
        tell("Undone: the question is removed.");
      } catch (error) {
        back.disabled = false;
        tell(error.message, { bad: true });
      }
    });
    return h("div", { class: "note good" },
      h("p", {}, "Posted with the id ", h("code", {}, id), "."),
      question(text), h("div", { class: "row" }, back));
  }

  async function begin() {
    try {
      const { questions } = await api.ready();
      start.replaceChildren(questions ? greeting(questions) : noQuestions());
    } catch (error) {
      start.replaceChildren(h("p", { class: "trouble" }, error.message),
        button("Try again", "plain", begin));
    }
  }

  field.addEventListener("input", typed);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !post.disabled) keep();
  });
  const section = h("section", { class: "ask", "aria-labelledby": "ask-title" },
    h("h1", { id: "ask-title", tabindex: "-1" }, "Find similar questions"),
    h("div", { class: "asking" },
      h("label", { for: "question" }, "Your question"),
      field,
      h("div", { class: "row spread" },
        h("p", { class: "soft small", id: "question-hint" },
          "Similar questions appear as you type. ", h("span", { class: "keys" }, h("kbd", {}, "Ctrl"), " ",
            h("kbd", {}, "Enter"), " posts it.")),
        h("div", { class: "row" }, clear, post))),
    trouble, posted, standing, list, start);
  return {
    section,
    show(isFirst) {
      begin();
      if (isFirst && matchMedia("(pointer: fine)").matches) field.focus();
    },
    hide() {},
  };
}

function summary(matches) {
  const same = matches.filter((match) => match.answer === "the same").length;
  const maybe = matches.filter((match) => match.answer === "ask a person").length;
  if (same) return `Duplicate: ${count(same, "stored question")} ${same === 1 ? "asks" : "ask"} the same.`;
  if (maybe) return `Likely duplicate: ${count(maybe, "stored question")} may ask the same.`;
  if (matches.length) return "No duplicate found. Similar questions:";
  return "No stored questions to compare with.";
}

function greeting(questions) {
  return h("p", { class: "soft" }, `${count(questions, "stored question")}.`);
}

function noQuestions() {
  return empty("No questions yet",
    h("p", {}, "Post the first one above, or import a file:"),
    command("gemel index QUESTIONS --db DB"));
}

/** A card of one similar question, reused while the question stays in the list. */
function matchCard() {
  const id = freshId("why");
  const share = h("span", { class: "share" });
  const bar = h("span", { class: "bar", "aria-hidden": "true" });
  const verdict = h("span", { class: "verdict" });
  const text = h("div");
  const reasons = h("div", { class: "why", id, hidden: true });
  const ask = button("Why?", "plain small", () => { chosen = true; toggle(reasons.hidden); },
    { "aria-expanded": "false", "aria-controls": id });
  const old = h("span");
  const item = h("li", { class: "match" },
    h("div", { class: "odds" }, share, bar),
    h("div", { class: "body" }, text,
      h("div", { class: "row" }, verdict, h("span", { class: "row end" }, ask, old)), reasons));
  let chosen = false; // whether the person opened or closed it, so that it is left so
  let shown = "";
  let now = null;

  function toggle(isOpen) {
    reasons.hidden = !isOpen;
    ask.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) explain();
  }

  async function explain() {
    const { typed, match, signal } = now;
    const pair = JSON.stringify([typed, match.question]);
    if (shown === pair) return;
    if (!shown) reasons.replaceChildren(h("p", { class: "soft small" }, "Computing word shares…"));
    try {
      const { explanation } = await api.explain(typed, match.question, signal);
      reasons.replaceChildren(...why(typed, match.question, explanation));
      shown = pair;
    } catch (error) {
      if (signal?.aborted) return;
      reasons.replaceChildren(h("p", { class: "soft small" }, error.message));
      shown = "";
    }
  }

  return {
    item,
    update(typed, match, isFirst, signal) {
      const isNew = now?.match.question !== match.question;
      now = { typed, match, signal };
      const [words, kind] = VERDICTS[match.answer];
      share.replaceChildren(percent(match.probability),
        h("span", { class: "unseen" }, " probability of a duplicate"));
      bar.style.setProperty("--part", match.probability.toFixed(3));
      item.dataset.verdict = kind;
      verdict.textContent = words;
      if (isNew) {
        text.replaceChildren(question(match.question));
        old.replaceChildren(opener(match));
      }
      toggle(chosen ? !reasons.hidden : isFirst);
    },
  };
}

function opener(match) {
  const address = webAddress(match.metadata.url);
  if (address) {
    return h("a", { class: "plain small", href: address, target: "_blank", rel: "noopener noreferrer" },
      "Open question", h("span", { class: "unseen" }, " (in a new tab)"), h("span", { "aria-hidden": "true" }, " ↗"));
  }
  return button("Open question", "plain small", () => showStored(match));
}

function webAddress(value) {
  if (typeof value !== "string") return null;
  const url = URL.canParse(value) ? new URL(value) : null;
  return url && ["http:", "https:"].includes(url.protocol) ? url.href : null;
}

/** Show a stored question with its metadata. */
function showStored(match) {
  const id = freshId("stored");
  const rows = Object.entries(match.metadata).map(([name, value]) => [
    h("dt", {}, h("bdi", {}, name)), h("dd", {}, h("bdi", {}, String(value))),
  ]);
  const dialog = h("dialog", { class: "stored-question", "aria-labelledby": id, on: { close: () => dialog.remove() } },
    h("h2", { id }, "Existing question"),
    question(match.question),
    match.metadata_omitted ? h("p", { class: "soft small" }, "Its metadata are too large to show.") : null,
    h("dl", { class: "facts" }, h("dt", {}, "id"), h("dd", {}, h("bdi", {}, match.id)), rows),
    h("div", { class: "row" }, button("Close", "main", () => dialog.close())));
  document.body.append(dialog);
  dialog.showModal();
}
