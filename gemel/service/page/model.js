// Model: facts, effect of another threshold, calibration, model card.

import * as api from "./api.js";
import { backToBack, figure, shares, table } from "./charts.js";
import { add, button, command, count, h, number, percent } from "./dom.js";
import * as figures from "./figures.js";
import { markdown } from "./markdown.js";

const [FIRST, LAST] = [2000, 60_000]; // milliseconds between two polls for the close pairs
const ENOUGH = 20; // reviewed pairs for a curve

/** Make the view. */
export function modelView() {
  const inside = h("div");
  let asking = new AbortController();
  let timer = 0;
  let wait = FIRST;
  const chosen = { edge: null }; // the slider's position, also after a redraw

  async function load() {
    clearTimeout(timer);
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    try {
      const model = await api.model(signal);
      inside.replaceChildren(...draw(model, chosen));
      if (model.corpus) return;
      timer = setTimeout(load, wait); // its close pairs are being found
      wait = Math.min(2 * wait, LAST);
    } catch (error) {
      if (signal.aborted) return;
      inside.replaceChildren(h("p", { class: "trouble" }, error.message), button("Try again", "plain", load));
    }
  }

  return {
    section: h("section", { class: "model", "aria-labelledby": "model-title" },
      h("h1", { id: "model-title", tabindex: "-1" }, "Model"), inside),
    show: load,
    hide() {
      clearTimeout(timer);
      wait = FIRST;
    },
  };
}

function draw(model, chosen) {
  return [facts(model), threshold(model, chosen), card(model)];
}

function facts(model) {
  const { decision, training, neighbours } = model;
  const rows = [
    ["name", model.name],
    ["threshold", decision.threshold.toFixed(3)],
    ["uncertain", decision.lower < decision.upper ? `from ${decision.lower.toFixed(3)} to ${decision.upper.toFixed(3)}` : "never"],
    ["fitted on", count(decision.pairs, "pair")],
    ["fitted for", `${decision.objective} at ${percent(decision.prevalence)} duplicates`],
    ["trained on", training.training_pairs ? count(training.training_pairs, "pair") : "unknown"],
    ["stored questions", number(model.questions)],
    ["neighbour search", neighbours.name],
    ["fingerprint", model.fingerprint.slice(0, 12)],
    ["version", `gemel ${model.gemel_version}`],
  ];
  return h("dl", { class: "facts tiles" }, rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

/** Everything that depends on the threshold. */
function threshold(model, chosen) {
  const { decision, corpus, reviewed } = model;
  const plain = model.fitted;
  const section = h("section", { "aria-labelledby": "threshold-title" }, h("h2", { id: "threshold-title" }, "Try another threshold"));
  const { edges } = reviewed;
  const stored = figures.closestEdge(edges, decision.threshold);
  const counted = [plain?.same, plain?.different, reviewed.same, reviewed.different, corpus?.pairs].filter(Boolean);
  const [first, last] = figures.span(...counted);
  const low = Math.min(first, stored);
  const high = Math.max(last, stored);
  if (!figures.pairs(plain) && !figures.pairs(reviewed) && !corpus) {
    section.append(h("p", {}, "No labelled pairs to evaluate thresholds: the model does not store the pairs it was fitted on, and no pair is reviewed yet."));
  }
  const fitted = plain && figures.weigh(plain, decision.prevalence);
  const kinds = [["fitted", fitted, plain], ["reviewed", reviewed, reviewed]].filter(([, , each]) => figures.pairs(each) > 0);
  const charts = drawCharts({ model, kinds, range: [low, high] });
  const shown = h("output", { for: "threshold" });
  const slider = h("input", {
    type: "range", id: "threshold", min: low, max: high, step: 1, value: chosen.edge ?? stored, "aria-describedby": "threshold-hint",
  });
  const changes = h("div", { class: "wide", role: "status" });

  function move() {
    const edge = Number(slider.value);
    chosen.edge = edge === stored ? null : edge;
    const value = edge === stored ? decision.threshold : edges[edge];
    shown.textContent = `${value.toFixed(edge === stored ? 3 : 2)}${edge === stored ? " (stored)" : ""}`;
    slider.setAttribute("aria-valuetext", shown.textContent);
    slider.style.setProperty("--part", String((edge - low) / (high - low || 1)));
    changes.replaceChildren(table(["metric", "stored", "selected", "change"], rows(kinds, corpus, stored, edge)));
    charts.move(stored, edge);
    back.hidden = edge === stored;
  }

  const back = button("Reset", "link", () => { slider.value = stored; move(); slider.focus(); });
  slider.addEventListener("input", move);
  move();
  add(section,
    h("div", { class: "board" },
      h("div", {},
        h("div", { class: "slider" },
          h("label", { for: "threshold" }, "Threshold on the similarity ", shown), slider,
          h("p", { class: "soft small", id: "threshold-hint" }, "Steps of 0.02. The service keeps its threshold. ", back)),
        changes, reading(kinds, model)),
      charts.histogram),
    charts.curves,
    h("h3", {}, "Change the threshold"),
    h("p", {}, "Threshold and probabilities are fitted on labelled pairs. Review pairs, export them, then run:"),
    command(`gemel fit reviews.csv --model ${shellWord(model.name)} --out NEW-MODEL\ngemel serve --db DB --model NEW-MODEL`));
  return section;
}

const shellWord = (text) => (/^[\w./-]+$/u.test(text) ? text : "MODEL");

function rows(kinds, corpus, stored, edge) {
  const found = [];
  if (corpus) {
    const [before, after] = [stored, edge].map((each) => figures.from(corpus.pairs, each));
    found.push(["Close pairs above the threshold", number(before), number(after), signed(after - before, number)]);
  }
  for (const [name, evidence] of kinds) {
    const [before, after] = [stored, edge].map((each) => figures.at(evidence, each));
    for (const [what, means] of [["precision", "correct, of the predicted duplicates"], ["recall", "found, of the duplicates"]]) {
      found.push([h("span", {}, `${name === "fitted" ? "Fitted" : "Reviewed"} pairs: ${what}`, h("span", { class: "soft small means" }, means)),
        share(before[what]), share(after[what]),
        before[what] === null || after[what] === null ? "" : signed(100 * (after[what] - before[what]), (value) => `${value.toFixed(1)} points`)]);
    }
  }
  return found;
}

const share = (value) => (value === null ? "none" : `${(100 * value).toFixed(1)}%`);

function signed(change, show) {
  if (Math.abs(change) < 0.05) return "–";
  return `${change > 0 ? "+" : "−"}${show(Math.abs(change))}`;
}

function reading(kinds, { decision, corpus }) {
  const sentences = kinds.map(([name, , plain]) => (name === "fitted"
    ? `Fitted: ${count(figures.pairs(plain), "pair")} that the threshold was fitted on, weighted to ${percent(decision.prevalence)} duplicates.`
    : `Reviewed: ${count(figures.pairs(plain), "pair")} decided by reviewers; they are uncertain pairs, so expect lower values.`));
  if (!corpus) sentences.push("Close pairs are being computed.");
  return h("p", { class: "soft small" }, sentences.join(" "));
}

function drawCharts({ model, kinds, range }) {
  const [kind] = kinds;
  const { decision, reviewed: { edges } } = model;
  if (!kind) return { histogram: null, curves: null, move() {} };
  const [name, , plain] = kind;
  const bars = backToBack({
    name: `Similarity of ${name} pairs: duplicates above, other pairs below`,
    edges, up: plain.same, down: plain.different, range,
  });
  const histogram = figure({
    title: `Similarity of ${name} pairs`,
    caption: "Solid line: selected threshold. Dashed: stored threshold.",
    key: [["same", "duplicates"], ["different", "other pairs"]],
    drawing: bars.drawing,
    table: {
      head: ["similarity", "duplicates", "other pairs"],
      rows: plain.same.map((each, bin) => [edges[bin].toFixed(2), number(each), number(plain.different[bin])]).slice(...range),
    },
  });
  const curves = kinds.filter(([which, , each]) => which === "fitted" || figures.pairs(each) >= ENOUGH || kinds.length === 1);
  const trade = tradeOff(curves, edges, range);
  const honest = calibrated(curves, decision);
  return {
    histogram,
    curves: h("div", { class: "plots" }, trade.figure, honest),
    move(stored, edge) {
      bars.mark([{ x: decision.threshold, style: "stored" }, { x: edge === stored ? decision.threshold : edges[edge], style: "chosen" }]);
      trade.move(stored, edge);
    },
  };
}

function tradeOff(curves, edges, [first, last]) {
  const points = curves.map(([name, evidence]) => [name, figures.curve(evidence)]);
  const { drawing, mark } = shares({
    name: "Precision against recall for every threshold",
    xName: "recall", yName: "precision",
    series: points.map(([name, each]) => ({
      style: name, line: true, points: each.map(({ precision, recall }) => ({ x: recall, y: precision })),
    })),
  });
  const shown = figure({
    title: "Precision and recall",
    caption: "Each point is a threshold. Dot: selected. Ring: stored.",
    key: points.map(([name]) => [name, `${name} pairs`]),
    drawing,
    table: {
      head: ["threshold", ...curves.flatMap(([name]) => [`${name}: precision`, `${name}: recall`])],
      rows: edges.map((edge, place) => [edge.toFixed(2), ...curves.flatMap(([, each]) => {
        const { precision, recall } = figures.at(each, place);
        return [share(precision), share(recall)];
      })]).filter((_, place) => place % 2 === 0 && place >= first && place <= last),
    },
  });
  const place = (edge, style) => curves.map(([name, each]) => ({ name, ...figures.at(each, edge) }))
    .filter(({ precision, recall }) => precision !== null && recall !== null)
    .map(({ name, precision, recall }) => ({ x: recall, y: precision, style: `${name} ${style}` }));
  return {
    figure: shown,
    move(stored, edge) {
      mark([...place(stored, "stored"), ...place(edge, "chosen")]);
    },
  };
}

function calibrated(curves, decision) {
  const points = curves.map(([name, evidence, plain]) => [name, figures.calibration(evidence, plain, decision)]);
  const { drawing } = shares({
    name: "Observed share of duplicates against predicted probability",
    xName: "predicted probability", yName: "observed share of duplicates",
    diagonal: true,
    series: points.map(([name, each]) => {
      const most = Math.max(...each.map((point) => point.pairs), 1);
      return { style: name, line: true, points: each.map((point) => ({
        x: point.stated, y: point.share, size: 2.5 + 3.5 * Math.sqrt(point.pairs / most) })) };
    }),
  });
  return figure({
    title: "Calibration",
    caption: "Dashed: perfect calibration. Above it probabilities are too low, below too high.",
    key: points.map(([name]) => [name, `${name} pairs`]),
    drawing,
    table: {
      head: ["pairs", "predicted", "observed", "count"],
      rows: points.flatMap(([name, each]) =>
        each.map((point) => [name, share(point.stated), share(point.share), number(point.pairs)])),
    },
  });
}

function card(model) {
  const shown = model.card ? markdown(model.card) : [h("p", { class: "soft" }, "The model folder has no README.md.")];
  return h("section", { class: "card", "aria-labelledby": "card-title" }, h("h2", { id: "card-title" }, "Model card"), shown);
}
