// Charts as SVG, each with a table of its values.

import { h, s } from "./dom.js";

const WIDE = 420;
const EDGES = { left: 60, right: 14, top: 12, bottom: 42 };

function scale([from, to], [low, high]) {
  return (value) => low + ((value - from) / (to - from || 1)) * (high - low);
}

function frame({ x, y, xName, yName, xTicks, yTicks, high, name }) {
  const across = scale(x, [EDGES.left, WIDE - EDGES.right]);
  const up = scale(y, [high - EDGES.bottom, EDGES.top]);
  const lines = yTicks.map(([value, text]) => [
    s("line", { class: "grid", x1: EDGES.left, x2: WIDE - EDGES.right, y1: up(value), y2: up(value) }),
    s("text", { class: "tick", x: EDGES.left - 8, y: up(value) + 4, "text-anchor": "end" }, text),
  ]);
  const marks = xTicks.map(([value, text]) =>
    s("text", { class: "tick", x: across(value), y: high - EDGES.bottom + 18, "text-anchor": "middle" }, text));
  const names = [
    s("text", { class: "axis", x: (EDGES.left + WIDE - EDGES.right) / 2, y: high - 6, "text-anchor": "middle" }, xName),
    s("text", { class: "axis", x: 0, y: 0, "text-anchor": "middle",
      transform: `translate(13 ${(EDGES.top + high - EDGES.bottom) / 2}) rotate(-90)` }, yName),
  ];
  const layer = s("g");
  const drawing = s("svg", { viewBox: `0 0 ${WIDE} ${high}`, role: "img", "aria-label": name }, lines, marks, names, layer);
  return { drawing, layer, across, up };
}

const SHARES = [0, 0.25, 0.5, 0.75, 1].map((value) => [value, `${value * 100}%`]);

/**
 * Draw curves and points where both axes are shares, from 0 to 1.
 *
 * `series` has objects {points: [{x, y, size?}], style, line: boolean}; returns the drawing and a
 * function that puts a mark somewhere.
 */
export function shares({ name, xName, yName, series, diagonal = false }) {
  const { drawing, layer, across, up } = frame({
    x: [0, 1], y: [0, 1], xName, yName, xTicks: SHARES, yTicks: SHARES, high: 340, name,
  });
  if (diagonal) {
    layer.append(s("line", { class: "guide", x1: across(0), y1: up(0), x2: across(1), y2: up(1) }));
  }
  for (const { points, style, line } of series) {
    const places = points.map(({ x, y }) => `${across(x).toFixed(1)},${up(y).toFixed(1)}`);
    if (line) layer.append(s("polyline", { class: `curve ${style}`, points: places.join(" ") }));
    for (const { x, y, size } of points) {
      if (size) layer.append(s("circle", { class: `point ${style}`, cx: across(x), cy: up(y), r: size }));
    }
  }
  const marks = s("g");
  drawing.append(marks);
  return {
    drawing,
    mark(places) {
      marks.replaceChildren(...places.map(({ x, y, style }) =>
        s("circle", { class: `mark ${style}`, cx: across(x), cy: up(y), r: 6 })));
    },
  };
}

/** Draw two kinds of counts back to back over similarity; returns a way to move its two lines. */
export function backToBack({ name, edges, up: above, down: below, range: [first, last] }) {
  const most = Math.max(1, ...above, ...below);
  const [from, to] = [edges[first], edges[last]];
  const middle = Math.round(((from + to) / 2) * 50) / 50;
  const { drawing, layer, across, up } = frame({
    x: [from, to], y: [-most, most], high: 230, name, xName: "similarity", yName: "pairs",
    xTicks: [from, middle, to].map((value) => [value, value.toFixed(2)]), yTicks: [[0, "0"], [most, String(most)], [-most, String(most)]],
  });
  for (let bin = first; bin < last; bin += 1) {
    const x = across(edges[bin]) + 0.5;
    const width = Math.max(1, across(edges[bin + 1]) - across(edges[bin]) - 1);
    layer.append(
      s("rect", { class: "bin same", x, width, y: up(above[bin]), height: up(0) - up(above[bin]) }),
      s("rect", { class: "bin different", x, width, y: up(0), height: up(-below[bin]) - up(0) }));
  }
  const lines = s("g");
  drawing.append(lines);
  return {
    drawing,
    mark(places) {
      lines.replaceChildren(...places.map(({ x, style }) =>
        s("line", { class: `cut ${style}`, x1: across(x), x2: across(x), y1: EDGES.top, y2: 230 - EDGES.bottom })));
    },
  };
}

/** Put a chart into a figure, with what it shows and its figures as a table. */
export function figure({ title, caption, drawing, key = [], table: { head, rows } }) {
  return h("figure", {},
    h("h3", {}, title),
    key.length ? h("p", { class: "key small" }, key.map(([style, text]) => h("span", { class: `key-${style}` }, text))) : null,
    drawing,
    h("figcaption", {}, caption,
      h("details", {}, h("summary", {}, "As a table"),
        h("div", { class: "wide", tabindex: "0", role: "group", "aria-label": `${title}, as a table` }, table(head, rows)))));
}

/** Make a table of numbers; the first column names the rows. */
export function table(head, rows, caption = null) {
  return h("table", {},
    caption ? h("caption", {}, caption) : null,
    h("thead", {}, h("tr", {}, head.map((each) => h("th", { scope: "col" }, each)))),
    h("tbody", {}, rows.map(([name, ...cells]) =>
      h("tr", {}, h("th", { scope: "row" }, name), cells.map((each) => h("td", {}, each))))));
}
