// One group of duplicates: inspect it, remove members, accept it.

import { button, count, freshId, h, number, percent, question } from "./dom.js";

/**
 * Show a group.
 *
 * `isOpen` holds the ids of central questions whose groups are open; `act` does what is decided.
 */
export function groupCard(group, isOpen, act) {
  const [central, ...others] = group.members;
  const body = h("div", { class: "members" });
  let isFilled = false;
  const card = h("details", {
    class: "group", "data-central": central.id, open: isOpen.has(central.id), on: { toggle: fill },
  },
  h("summary", {},
    h("span", { class: "size", "aria-hidden": "true" }, number(group.members.length)),
    h("span", { class: "question", dir: "auto" }, central.question),
    h("span", { class: "unseen" }, `, ${count(group.members.length, "question")}`),
    group.accepted ? h("span", { class: "badge good" }, "accepted") : null,
    group.split.length ? h("span", { class: "badge" }, `${number(group.split.length)} removed`) : null),
  body);

  /** Draw the members when the group is opened; there may be thousands. */
  function fill() {
    if (!card.open || isFilled) return;
    isFilled = true;
    body.replaceChildren(...inside(group, central, others, act));
  }

  fill();
  return card;
}

function inside(group, central, others, act) {
  const ticks = others.map((member) => ({ member, box: h("input", { type: "checkbox", id: freshId("tick"), on: { change: draw } }) }));
  const ticked = () => ticks.filter(({ box }) => box.checked).map(({ member }) => member);
  const split = button("Remove", "plain", () => {
    const members = ticked();
    act({ group, members, answer: "different", message: `${count(members.length, "question")} removed from the group.` });
  }, { disabled: true });
  const open = others.filter((member) => member.decision !== "same");
  const decided = others.filter((member) => member.reviewer);
  const accept = group.accepted
    ? button("Reopen group", "plain", () =>
        act({ group, members: decided, answer: null, message: "Group reopened." }), { hidden: !decided.length })
    : button("Accept group", "main", () =>
        act({ group, members: open, answer: "same", message: `Group of ${count(group.members.length, "question")} accepted.` }));
  const hint = h("span", { class: "soft small" });

  function draw() {
    const chosen = ticked().length;
    split.disabled = chosen === 0;
    split.textContent = chosen ? `Remove ${number(chosen)}` : "Remove";
    hint.textContent = chosen || !others.length ? "" : "Select questions that are not duplicates.";
  }

  draw();
  return [
    h("ul", { "aria-label": "Members" },
      h("li", { class: "member central" }, h("span", { class: "tick", "aria-hidden": "true" }, "●"),
        h("span", { class: "likely" }, "central"), question(central.question), facts(central)),
      ticks.map(({ member, box }) =>
        h("li", { class: "member" }, h("span", { class: "tick" }, box),
          h("span", { class: "likely" }, likely(member)),
          question(member.question, box.id), facts(member)))),
    h("div", { class: "row spread" }, hint, h("div", { class: "row" }, split, accept)),
    group.members_omitted
      ? h("p", { class: "soft small" }, `${count(group.members_omitted, "more question")} in the exported file.`) : null,
    group.split.length ? apart(group, act) : null,
  ].filter(Boolean);
}

function likely(member) {
  return member.probability === null ? "joined" : percent(member.probability);
}

function facts(member) {
  const decision = member.decision && member.reviewer
    ? h("span", {}, `${member.decision === "same" ? "duplicate" : "not a duplicate"}, by `, h("bdi", {}, member.reviewer))
    : member.decision ? h("span", {}, "by other decisions") : null;
  return h("span", { class: "facts-line" }, h("bdi", {}, member.id), decision);
}

function apart(group, act) {
  return h("div", { class: "apart" },
    h("h3", {}, "Removed from the group"),
    h("ul", {}, group.split.map((member) =>
      h("li", { class: "member" },
        h("span", { class: "likely" }, likely(member)), question(member.question), facts(member),
        member.reviewer
          ? button("Put back", "plain small", () =>
              act({ group, members: [member], answer: null, message: "Put back." }))
          : null))));
}
