// Explanation of a similarity: the share of each word.

import { h, scrolls } from "./dom.js";
import { align } from "./words.js";

const LONG = 30; // characters of a quoted word
const FAINT = 0.12; // of the largest share; below, a word is not shaded

function strength(share, most) {
  const part = most ? Math.abs(share) / most : 0;
  return part < FAINT ? 0 : part;
}

function shaded(text, each, most) {
  const part = strength(each.share, most);
  const side = part ? (each.share > 0 ? "for" : "against") : "";
  const kind = ["word", side, each.is_known ? "" : "unknown"].filter(Boolean).join(" ");
  return h("span", { class: kind, vars: { share: part.toFixed(3) }, title: saying(each, part) }, text);
}

function saying(each, part) {
  const signed = `${each.share >= 0 ? "+" : "−"}${Math.abs(each.share).toFixed(2)}`;
  const what = part ? (each.share > 0 ? "raises the similarity" : "lowers the similarity") : "little effect";
  return `${what}: ${signed}${each.is_known ? "" : "; unknown word, read by its letters"}`;
}

function line(name, text, words, most) {
  const parts = align(text, words);
  const shown = parts
    ? parts.map(([part, each]) => (each ? shaded(part, each, most) : part))
    : words.map((each, place) => [place ? " " : "", shaded(each.word, each, most)]);
  return [h("dt", {}, name), h("dd", { class: "question", dir: "auto", ...scrolls(text) }, shown)];
}

function most(words, sign, largest) {
  const named = words.filter((each) => strength(each.share, largest) && each.share * sign > 0);
  return named.sort((a, b) => sign * (b.share - a.share)).slice(0, 2);
}

function quoted(words) {
  const seen = [...new Set(words.map((each) => each.word))];
  return seen.map((word, place) => [place ? " and " : "", "“", h("bdi", {}, word.length > LONG ? `${word.slice(0, LONG)}…` : word), "”"]);
}

/** Show the words of two questions, shaded by their share in the answer. */
export function why(left, right, explanation) {
  const every = [...explanation.left, ...explanation.right];
  const largest = Math.max(...every.map((each) => Math.abs(each.share)), 0);
  const [plus, minus] = [most(every, 1, largest), most(every, -1, largest)];
  const sentences = [
    plus.length ? [quoted(plus), " raised the similarity most"] : null,
    minus.length ? [plus.length ? ", " : "", quoted(minus), " lowered it most"] : null,
  ];
  return [
    h("dl", { class: "words" },
      line("Typed", left, explanation.left, largest),
      line("Stored", right, explanation.right, largest)),
    h("p", { class: "soft small" }, sentences, ".",
      every.every((each) => each.is_known) ? "" : " Words in italics are unknown and read by their letters.")];
}
