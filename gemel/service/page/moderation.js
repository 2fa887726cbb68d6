// Decisions about members of a group next to its central question, and how to take them back.

import * as api from "./api.js";

const LOT = 200; // decisions in one request
const REVIEWER = "gemel-reviewer";

/** Give the name under which decisions are stored, if one was given. */
export function reviewer() {
  try {
    return localStorage.getItem(REVIEWER) || "";
  } catch {
    return "";
  }
}

/** Remember the name under which decisions are stored. */
export function nameReviewer(name) {
  try {
    localStorage.setItem(REVIEWER, name);
  } catch {
    // It is asked again the next time.
  }
}

/** Make what is sent to decide: with who it was, unless a key identifies them. */
export function decisions(list, replace = false) {
  const body = { decisions: list, replace };
  if (reviewer() && !api.key()) body.reviewer = reviewer();
  return body;
}

async function send(list) {
  for (let at = 0; at < list.length; at += LOT) {
    await api.decide(decisions(list.slice(at, at + LOT), true));
  }
}

/** Decide the same about each of some members. */
export function decideAll(central, members, answer) {
  return send(members.map((member) => ({ left: central.id, right: member.id, answer })));
}

/**
 * Take decisions about members back.
 *
 * With `restore` what stood before comes again: a member carries the decision it was shown with, and
 * a reviewer if a user made it about just these two.
 */
export async function undoAll(central, members, { restore = false } = {}) {
  const stood = restore ? members.filter((each) => each.decision && each.reviewer) : [];
  for (const member of members) {
    if (stood.includes(member)) continue;
    try {
      await api.undecide(central.id, member.id);
    } catch (error) {
      if (error.status !== 404) throw error; // no one had decided about it, which is what is wanted
    }
  }
  await send(stood.map((each) => ({ left: central.id, right: each.id, answer: each.decision })));
}
