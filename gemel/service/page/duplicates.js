// Duplicates: groups of duplicates, the largest first; remove members, accept, export.

import * as api from "./api.js";
import { ago, button, command, count, empty, h, number, percent, progressBar, save } from "./dom.js";
import { groupCard } from "./group.js";
import { decideAll, undoAll } from "./moderation.js";

const PAGE = 20;
const SOON = 1000; // milliseconds between two polls while groups are computed
const SETTLE = 200; // milliseconds from a slider move to its request

/** Make the view. */
export function duplicatesView(tell) {
  const cutShown = h("output", { for: "cut" });
  const cut = h("input", {
    type: "range", id: "cut", min: "0.3", max: "0.99", step: "0.01", value: "0.7",
    "aria-describedby": "cut-hint", on: { input: moved },
  });
  const summary = h("div", { class: "summary", role: "status" });
  const news = h("div", { role: "status" });
  const list = h("div", { class: "groups" });
  const pager = h("nav", { class: "pager", "aria-label": "Pages of groups", hidden: true });
  const exports = h("div", { class: "row", role: "group", "aria-label": "Export the groups" },
    h("span", { class: "soft small" }, "Export"),
    ["csv", "jsonl", "html"].map((kind) =>
      button(kind.toUpperCase(), "plain small", () => download(kind), { "aria-label": `Export as ${kind.toUpperCase()}` })));
  let offset = 0;
  let timer = 0;
  let asking = new AbortController();
  let isShown = false;
  let found = null;

  const probability = () => Number(cut.value);

  function drawCut() {
    cutShown.textContent = percent(probability());
    cut.setAttribute("aria-valuetext", percent(probability()));
    cut.style.setProperty("--part", String((probability() - 0.3) / 0.69));
  }

  function moved() {
    drawCut();
    offset = 0;
    later(load, SETTLE);
  }

  function later(work, wait) {
    clearTimeout(timer);
    timer = setTimeout(work, wait);
  }

  async function load() {
    clearTimeout(timer);
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    list.setAttribute("aria-busy", "true");
    try {
      found = await api.groups({ offset, limit: PAGE, probability: probability() }, signal);
      if (found.page.length === 0 && offset > 0) {
        offset = Math.max(0, Math.floor((found.groups - 1) / PAGE) * PAGE);
        await load();
        return;
      }
      draw();
    } catch (error) {
      if (signal.aborted) return;
      summary.replaceChildren();
      list.replaceChildren(h("p", { class: "trouble" }, error.message), button("Try again", "plain", load));
      pager.hidden = true;
    } finally {
      if (!signal.aborted) list.removeAttribute("aria-busy");
    }
  }

  function draw() {
    exports.hidden = found.state !== "ready";
    news.replaceChildren();
    if (found.state === "ready") {
      drawSummary();
      drawGroups();
      if (!found.current) watch();
      return;
    }
    pager.hidden = true;
    summary.replaceChildren();
    if (found.state === "failed") {
      list.replaceChildren(empty("Groups could not be computed", h("p", {}, found.why), button("Try again", "plain", load)));
      return;
    }
    list.replaceChildren(empty("Computing groups…",
      h("p", {}, "This takes seconds for thousands of questions, minutes for hundreds of thousands. The other views work meanwhile."),
      progressBar(found.progress)));
    if (isShown) later(load, SOON);
  }

  function drawSummary() {
    summary.replaceChildren(
      h("p", {}, `Of ${count(found.questions, "question")}, `, h("strong", {}, number(found.grouped)),
        ` ${found.grouped === 1 ? "is" : "are"} in `, h("strong", {}, count(found.groups, "group")),
        found.accepted ? `; ${number(found.accepted)} accepted.` : "."),
      found.templated ? h("p", { class: "soft small" },
        `${count(found.templated, "question")} differ from others only in numbers, such as “${found.templates[0].example}”, and were not compared with each other.`) : "",
      found.left_out ? h("p", { class: "soft small" },
        `${count(found.left_out, "close pair")} ${found.left_out === 1 ? "was" : "were"} not scored because there are too many; groups may be incomplete.`) : "",
      h("p", { class: "soft small" }, `Computed ${ago(found.computed_at)}.`));
  }

  function drawGroups() {
    const isOpen = new Set([...list.querySelectorAll("details[open]")].map((each) => each.dataset.central));
    const last = Math.min(offset + PAGE, found.groups);
    pager.hidden = found.groups <= PAGE;
    pager.replaceChildren(
      button("← Previous", "plain", () => turn(-PAGE), { disabled: offset === 0 }),
      h("span", { class: "soft" }, `${number(offset + 1)} to ${number(last)} of ${number(found.groups)}`),
      button("Next →", "plain", () => turn(PAGE), { disabled: last === found.groups }));
    if (found.page.length) {
      list.replaceChildren(...found.page.map((group) => groupCard(group, isOpen, act)));
    } else if (found.questions === 0) {
      list.replaceChildren(empty("No questions yet",
        h("p", {}, "Import a file:"), command("gemel index QUESTIONS --db DB")));
    } else {
      list.replaceChildren(empty("No duplicates at this probability",
        h("p", {}, `No two questions have a probability of ${percent(probability())}. Move the slider to the left.`)));
    }
  }

  /** Show the groups before or after these. */
  async function turn(by) {
    offset += by;
    await load();
    list.querySelector("summary")?.focus();
    section.scrollIntoView();
  }

  /** Announce that the corpus has changed, and offer the new groups when they are computed. */
  function watch() {
    const before = found.computed_at;
    const box = h("div", { class: "note" }, h("p", {}, "The corpus has changed; new groups are being computed."));
    news.replaceChildren(box);
    const look = async () => {
      if (!isShown) return;
      const { signal } = asking;
      try {
        const now = await api.groups({ limit: 0, probability: probability() }, signal);
        if (now.computed_at !== before) {
          box.replaceChildren(h("p", {}, "New groups are available."), button("Show new groups", "main small", load));
          return;
        }
        if (now.computing && now.progress) box.replaceChildren(box.firstChild, progressBar(now.progress));
      } catch {
        // Try again at the next poll.
      }
      if (!signal.aborted) later(look, 2 * SOON);
    };
    later(look, SOON);
  }

  /** Decide about members of a group, with an offer to undo. */
  async function act({ group, members, answer, message }) {
    try {
      const [central] = [...group.members];
      if (answer === null) await undoAll(central, members);
      else await decideAll(central, members, answer);
      await load();
      const back = async () => {
        try {
          await undoAll(central, members, { restore: true });
          await load();
          focusOn(central);
          tell("Undone.");
        } catch (error) {
          tell(error.message, { bad: true });
        }
      };
      if (!focusOn(central)) tell(message, { undo: back }).focusUndo();
      else tell(message, { undo: back });
    } catch (error) {
      tell(error.message, { bad: true });
      load();
    }
  }

  function focusOn(central) {
    const card = [...list.querySelectorAll("details")].find((each) => each.dataset.central === central.id);
    card?.querySelector("summary").focus();
    return Boolean(card);
  }

  async function download(kind) {
    try {
      save(await api.groupsFile(kind, probability()));
    } catch (error) {
      tell(error.message, { bad: true });
    }
  }

  drawCut();
  const section = h("section", { class: "duplicates", "aria-labelledby": "duplicates-title" },
    h("h1", { id: "duplicates-title", tabindex: "-1" }, "Duplicate groups"),
    h("div", { class: "tools" },
      h("div", { class: "slider" },
        h("label", { for: "cut" }, "Minimum probability ", cutShown), cut,
        h("p", { class: "soft small", id: "cut-hint" }, "Lower: more and larger groups, more errors. Higher: fewer groups, fewer errors.")),
      exports),
    news, summary, list, pager);
  return {
    section,
    show() {
      isShown = true;
      load();
    },
    hide() {
      isShown = false;
      clearTimeout(timer);
    },
  };
}
