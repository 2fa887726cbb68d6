// Decisions about members of a group and its central question, and undoing them.

import * as api from "./api.js";

const CHUNK = 200; // decisions in one request
const REVIEWER = "gemel-reviewer";

/** Return the reviewer's name; empty if unknown. */
export function reviewer() {
  try {
    return localStorage.getItem(REVIEWER) || "";
  } catch {
    return "";
  }
}

/** Store the reviewer's name. */
export function nameReviewer(name) {
  try {
    localStorage.setItem(REVIEWER, name);
  } catch {
    // The page asks again next time.
  }
}

/** Make the body of decisions, with the reviewer unless a key identifies one. */
export function decisions(list, replace = false) {
  const body = { decisions: list, replace };
  if (reviewer() && !api.key()) body.reviewer = reviewer();
  return body;
}

async function send(list) {
  for (let at = 0; at < list.length; at += CHUNK) {
    await api.decide(decisions(list.slice(at, at + CHUNK), true));
  }
}

/** Make one decision about several members. */
export function decideAll(central, members, answer) {
  return send(members.map((member) => ({ left: central.id, right: member.id, answer })));
}

/**
 * Remove decisions about members.
 *
 * `restore` stores the earlier decisions again: a member has the decision it was shown with, and
 * a reviewer if it was made about just these two.
 */
export async function undoAll(central, members, { restore = false } = {}) {
  const earlier = restore ? members.filter((each) => each.decision && each.reviewer) : [];
  for (const member of members) {
    if (earlier.includes(member)) continue;
    try {
      await api.undecide(central.id, member.id);
    } catch (error) {
      if (error.status !== 404) throw error; // there is no decision, as wanted
    }
  }
  await send(earlier.map((each) => ({ left: central.id, right: each.id, answer: each.decision })));
}
