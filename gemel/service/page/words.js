// Words of two questions: the position of the model's words, and the words that differ.

const MOST = 1500; // words of a text that are compared in order; longer texts are compared as sets

/** Split a text into words and the parts between them. */
export function cut(text) {
  return text.match(/[\p{L}\p{N}\p{M}’']+|[^\p{L}\p{N}\p{M}’']+/gu) ?? [];
}

const isWord = (part) => /[\p{L}\p{N}]/u.test(part);
const plain = (word) => word.normalize("NFKC").toLowerCase().replaceAll("’", "'");

/**
 * Align the words that the model read with the text they come from.
 *
 * Gives parts [text, word or null] that make up the text, or null where the model read something
 * else (cleaning may change a word).
 */
export function align(text, words) {
  const low = [...text].map((sign) => {
    const small = plain(sign);
    return small.length === sign.length ? small : sign;
  }).join("");
  const parts = [];
  let at = 0;
  for (const each of words) {
    const found = low.indexOf(plain(each.word), at);
    if (found < 0 && !isWord(each.word) && !isWord(text.slice(at))) continue; // a mark put at its end
    if (found < 0 || isWord(text.slice(at, found))) return null;
    const end = found + plain(each.word).length;
    if (found > at) parts.push([text.slice(at, found), null]);
    parts.push([text.slice(found, end), each]);
    at = end;
  }
  if (isWord(text.slice(at))) return null;
  if (at < text.length) parts.push([text.slice(at), null]);
  return parts;
}

/** Return the longest common subsequence of two lists, as two sets of positions. */
function common(left, right) {
  const width = right.length + 1;
  const best = new Uint16Array((left.length + 1) * width);
  for (let a = left.length - 1; a >= 0; a -= 1) {
    for (let b = right.length - 1; b >= 0; b -= 1) {
      best[a * width + b] = left[a] === right[b]
        ? best[(a + 1) * width + b + 1] + 1
        : Math.max(best[(a + 1) * width + b], best[a * width + b + 1]);
    }
  }
  const shared = [new Set(), new Set()];
  for (let a = 0, b = 0; a < left.length && b < right.length;) {
    if (left[a] === right[b]) {
      shared[0].add(a++);
      shared[1].add(b++);
    } else if (best[(a + 1) * width + b] >= best[a * width + b + 1]) a += 1;
    else b += 1;
  }
  return shared;
}

/** Split two texts into parts [text, differs], by words that the other text lacks. */
export function differing(left, right) {
  const parts = [cut(left), cut(right)];
  const words = parts.map((each) => each.filter(isWord).map(plain));
  let shared;
  if (Math.max(words[0].length, words[1].length) <= MOST) {
    shared = common(...words);
  } else {
    const sets = words.map((each) => new Set(each));
    shared = words.map((each, side) => new Set([...each.keys()].filter((at) => sets[1 - side].has(each[at]))));
  }
  return parts.map((each, side) => {
    let at = 0;
    return runs(each.map((part) => [part, isWord(part) && !shared[side].has(at++)]));
  });
}

/** Join adjacent differing words, and the parts between them. */
function runs(parts) {
  const found = [];
  parts.forEach(([text, differs], place) => {
    const isBetween = !isWord(text) && !/[.?!;:]/u.test(text) && parts[place - 1]?.[1] && parts[place + 1]?.[1];
    const last = found.at(-1);
    if (last && last[1] === (differs || Boolean(isBetween))) last[0] += text;
    else found.push([text, differs || Boolean(isBetween)]);
  });
  return found;
}
