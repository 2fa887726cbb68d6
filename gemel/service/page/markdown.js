// A small part of Markdown, enough for a model card. Everything else stays the text that it is.

import { h } from "./dom.js";

const INLINE = /(`+)(.+?)\1|!\[[^\]]*\]\([^)]*\)|\[([^\]]+)\]\(([^)\s]+)[^)]*\)|\*\*(.+?)\*\*|__(.+?)__|\*([^*\s][^*]*)\*/gu;

/** Turn a line's signs into elements; pictures are dropped, and only web addresses become links. */
function inline(text) {
  const parts = [];
  let at = 0;
  for (const found of text.matchAll(INLINE)) {
    parts.push(text.slice(at, found.index));
    at = found.index + found[0].length;
    const [, , code, name, address, strong, alsoStrong, soft] = found;
    if (code !== undefined) parts.push(h("code", {}, code.trim()));
    else if (name !== undefined) parts.push(link(name, address));
    else if (strong ?? alsoStrong) parts.push(h("strong", {}, inline(strong ?? alsoStrong)));
    else if (soft) parts.push(h("em", {}, inline(soft)));
  }
  parts.push(text.slice(at));
  return parts;
}

function link(name, address) {
  if (!/^https?:\/\//iu.test(address)) return h("span", {}, inline(name));
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, inline(name));
}

const cells = (line) => line.trim().replace(/^\||\|$/gu, "").split(/(?<!\\)\|/u).map((cell) => cell.trim().replaceAll("\\|", "|"));
const isRule = (line) => /^\s*\|?[\s:|-]*-[\s:|-]*\|?\s*$/u.test(line) && line.includes("|");

function takeTable(lines, name) {
  const head = cells(lines.shift());
  lines.shift();
  const rows = [];
  while (lines.length && lines[0].includes("|")) rows.push(cells(lines.shift()));
  return h("div", { class: "wide", tabindex: "0", role: "group", "aria-label": name }, h("table", {},
    h("thead", {}, h("tr", {}, head.map((each) => h("th", { scope: "col" }, inline(each))))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((each) => h("td", {}, inline(each))))))));
}

function takeCode(lines) {
  const fence = /^\s*(`{3,}|~{3,})/u.exec(lines.shift())[1];
  const inside = [];
  while (lines.length && !lines[0].trim().startsWith(fence)) inside.push(lines.shift());
  lines.shift();
  return h("pre", { class: "command", tabindex: "0" }, h("code", {}, inside.join("\n")));
}

const ITEM = /^\s*(?:[-*+]|(\d+)[.)])\s+(.*)$/u;

function takeList(lines) {
  const items = [];
  const isNumbered = ITEM.exec(lines[0])[1] !== undefined;
  while (lines.length && lines[0].trim()) {
    const found = ITEM.exec(lines[0]);
    if (found) items.push(found[2]);
    else items[items.length - 1] += ` ${lines[0].trim()}`;
    lines.shift();
  }
  return h(isNumbered ? "ol" : "ul", {}, items.map((item) => h("li", {}, inline(item))));
}

const STARTS = [/^\s*(`{3,}|~{3,})/u, /^#{1,6}\s/u, ITEM];

function takeParagraph(lines) {
  const inside = [];
  do inside.push(lines.shift().trim());
  while (lines.length && lines[0].trim() && !STARTS.some((start) => start.test(lines[0])));
  return h("p", {}, inline(inside.join(" ")));
}

/**
 * Turn Markdown into elements.
 *
 * Headings begin `below` levels lower than written, as they come under others.
 */
export function markdown(text, below = 2) {
  const lines = text.replace(/^---\n[\s\S]*?\n---\n/u, "").split(/\r?\n/u);
  const blocks = [];
  let name = "Table";
  while (lines.length) {
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/u.exec(lines[0]);
    if (!lines[0].trim()) lines.shift();
    else if (heading) {
      lines.shift();
      name = heading[2];
      blocks.push(h(`h${Math.min(6, heading[1].length + below)}`, {}, inline(name)));
    } else if (STARTS[0].test(lines[0])) blocks.push(takeCode(lines));
    else if (lines.length > 1 && lines[0].includes("|") && isRule(lines[1])) blocks.push(takeTable(lines, name));
    else if (ITEM.test(lines[0])) blocks.push(takeList(lines));
    else blocks.push(takeParagraph(lines));
  }
  return blocks;
}
