// Requests to the service: the key, errors, retries.

const ROOT = new URL("../", import.meta.url);
const KEY = "gemel-key";
const TRIES = 5;

/** An error response. */
export class Refused extends Error {
  constructor(status, { code = "unknown", message = "", ...more } = {}, retryAfter = 0) {
    super(message || `the service returned status ${status}`);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
    this.more = more;
  }
}

/** Dispatches `wait` (with the error to wait for) and `settled`. */
export const retries = new EventTarget();

let askForKey = async (refused) => { throw refused; };
let asking = null;

/** Set the function that asks for a key: it gets the error, and returns a key or throws. */
export function onKeyNeeded(ask) {
  askForKey = ask;
}

/** Return the key of this tab; empty if there is none. */
export function key() {
  try {
    return sessionStorage.getItem(KEY) || "";
  } catch {
    return "";
  }
}

/** Remove or replace the key of this tab. */
export function storeKey(text) {
  if (text) sessionStorage.setItem(KEY, text);
  else sessionStorage.removeItem(KEY);
  document.dispatchEvent(new Event("gemel-key"));
}

async function newKey(refused, used) {
  if (key() && key() !== used) return; // another request has asked for it meanwhile
  asking ??= askForKey(refused).then(storeKey).finally(() => { asking = null; });
  await asking;
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, Math.max(0.25, seconds) * 1000);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, { once: true });
  });
}

async function refusal(answer) {
  const retryAfter = Number(answer.headers.get("retry-after")) || 0;
  const found = await answer.json().catch(() => ({}));
  return new Refused(answer.status, found?.error ?? {}, retryAfter);
}

function mayTryAgain(refused, tries, again) {
  if (refused.code === "not_ready") return true;
  if (tries >= TRIES) return false;
  // After a failed write it is unknown whether something was stored.
  return ["busy", "too_many"].includes(refused.code) || (again && refused.code === "store");
}

async function send(method, url, { body, signal, keepalive = false }) {
  const headers = {};
  if (key()) headers.authorization = `Bearer ${key()}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  const sent = body === undefined ? undefined : JSON.stringify(body);
  try {
    return await fetch(url, { method, headers, body: sent, signal, keepalive, credentials: "omit" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, {
      code: "away",
      message: "the service does not respond; check that gemel serve is running",
    });
  }
}

async function ask(method, path, { query = {}, body, signal, keepalive, again = method === "GET" } = {}) {
  const url = new URL(path, ROOT);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  for (let tries = 1; ; tries += 1) {
    const used = key();
    const answer = await send(method, url, { body, signal, keepalive });
    if (answer.ok) {
      retries.dispatchEvent(new Event("settled"));
      return answer;
    }
    const refused = await refusal(answer);
    if (refused.status === 401) {
      await newKey(refused, used);
    } else if (mayTryAgain(refused, tries, again)) {
      retries.dispatchEvent(new CustomEvent("wait", { detail: refused }));
      await pause(refused.retryAfter, signal);
    } else {
      retries.dispatchEvent(new Event("settled"));
      throw refused;
    }
  }
}

async function json(...request) {
  return (await ask(...request)).json();
}

async function file(path, query, name) {
  const answer = await ask("GET", path, { query });
  const header = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") ?? "");
  return { blob: await answer.blob(), name: header ? header[1] : name };
}

export const ready = () => json("GET", "ready");
export const check = (question, k, signal) =>
  json("POST", "check", { body: { question, k }, signal, again: true });
export const explain = (left, right, signal) =>
  json("POST", "compare", { body: { left, right, explain: true }, signal, again: true });
export const add = (question) => json("POST", "questions", { body: { question } });
export const remove = (id) => json("DELETE", `questions/${encodeURIComponent(id)}`);
export const groups = (query, signal) => json("GET", "duplicates", { query, signal });
export const groupsFile = (format, probability) =>
  file("duplicates/export", { format, probability }, `groups.${format}`);
export const pairs = (count, signal) => json("GET", "review", { query: { count }, signal });
// A decision is on its way even when the page is closed just then.
export const decide = (body) => json("POST", "review", { body, keepalive: true });
export const undecide = (left, right) =>
  json("DELETE", "review", { query: { left, right }, keepalive: true });
export const reviewsFile = () => file("review/export", {}, "reviews.csv");
export const model = (signal) => json("GET", "model", { signal });
