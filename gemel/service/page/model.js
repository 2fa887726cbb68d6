// Model: its card, what another threshold would change, how far its probabilities hold.

import * as api from "./api.js";
import { backToBack, figure, shares, table } from "./charts.js";
import { add, button, command, count, h, number, percent } from "./dom.js";
import * as figures from "./figures.js";
import { markdown } from "./markdown.js";

const [FIRST, LAST] = [2000, 60_000]; // milliseconds between two looks for the close pairs
const ENOUGH = 20; // reviewed pairs from which a curve of them gives something

/** Make the view. */
export function modelView() {
  const inside = h("div");
  let asking = new AbortController();
  let timer = 0;
  let wait = FIRST;
  const chosen = { edge: null }; // where the slider is, also when what is around it is new

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
      h("h1", { id: "model-title", tabindex: "-1" }, "The model that answers"), inside),
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
    ["asks a person", decision.lower < decision.upper ? `from ${decision.lower.toFixed(3)} to ${decision.upper.toFixed(3)}` : "never"],
    ["fitted on", count(decision.pairs, "pair")],
    ["fitted for", `${decision.objective}, where ${percent(decision.prevalence)} ask the same`],
    ["trained on", training.training_pairs ? count(training.training_pairs, "pair") : "not given"],
    ["questions here", number(model.questions)],
    ["nearest by", neighbours.name],
    ["fingerprint", model.fingerprint.slice(0, 12)],
    ["served by", `gemel ${model.gemel_version}`],
  ];
  return h("dl", { class: "facts tiles" }, rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

/** Everything that hangs on where the threshold is. */
function threshold(model, chosen) {
  const { decision, corpus, reviewed } = model;
  const plain = model.fitted;
  const section = h("section", { "aria-labelledby": "threshold-title" }, h("h2", { id: "threshold-title" }, "What another threshold would change"));
  const { edges } = reviewed;
  const stored = figures.nearestEdge(edges, decision.threshold);
  const counted = [plain?.same, plain?.different, reviewed.same, reviewed.different, corpus?.pairs].filter(Boolean);
  const [first, last] = figures.span(...counted);
  const low = Math.min(first, stored);
  const high = Math.max(last, stored);
  if (!figures.pairs(plain) && !figures.pairs(reviewed) && !corpus) {
    section.append(h("p", {}, "No pairs to measure it on: the model has none from its fit, and none is reviewed yet."));
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
    shown.textContent = `${value.toFixed(edge === stored ? 3 : 2)}${edge === stored ? ", as stored" : ""}`;
    slider.setAttribute("aria-valuetext", shown.textContent);
    slider.style.setProperty("--part", String((edge - low) / (high - low || 1)));
    changes.replaceChildren(table(["what", "stored", "chosen", "change"], rows(kinds, corpus, stored, edge)));
    charts.move(stored, edge);
    back.hidden = edge === stored;
  }

  const back = button("Back to the stored one", "link", () => { slider.value = stored; move(); slider.focus(); });
  slider.addEventListener("input", move);
  move();
  add(section,
    h("div", { class: "board" },
      h("div", {},
        h("div", { class: "slider" },
          h("label", { for: "threshold" }, "Call two questions the same from a similarity of ", shown), slider,
          h("p", { class: "soft small", id: "threshold-hint" }, "In steps of 0.02. Nothing is changed by looking. ", back)),
        changes, reading(kinds, model)),
      charts.histogram),
    charts.curves,
    h("h3", {}, "To make it last"),
    h("p", {}, "A threshold is fitted to labelled pairs like yours, and its probabilities with it. Review some pairs, export them, then:"),
    command(`gemel fit reviews.csv --model ${shellWord(model.name)} --out NEW-MODEL\ngemel serve --db DB --model NEW-MODEL`));
  return section;
}

const shellWord = (text) => (/^[\w./-]+$/u.test(text) ? text : "MODEL");

function rows(kinds, corpus, stored, edge) {
  const found = [];
  if (corpus) {
    const [before, after] = [stored, edge].map((each) => figures.from(corpus.pairs, each));
    found.push(["Close pairs of this corpus called the same", number(before), number(after), signed(after - before, number)]);
  }
  for (const [name, evidence] of kinds) {
    const [before, after] = [stored, edge].map((each) => figures.at(evidence, each));
    for (const [what, means] of [["precision", "share of those called the same that are"], ["recall", "share of the same that are found"]]) {
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
  const facts = kinds.map(([name, , plain]) => (name === "fitted"
    ? `Fitted: ${count(figures.pairs(plain), "pair")} that the stored threshold was chosen on, weighed as if ${percent(decision.prevalence)} of them ask the same.`
    : `Reviewed: ${count(figures.pairs(plain), "pair")} that people decided here; they were chosen because they are hard, so expect less of them.`));
  if (!corpus) facts.push("The close pairs of the corpus are being found; they will appear here too.");
  return h("p", { class: "soft small" }, facts.join(" "));
}

function drawCharts({ model, kinds, range }) {
  const [kind] = kinds;
  const { decision, reviewed: { edges } } = model;
  if (!kind) return { histogram: null, curves: null, move() {} };
  const [name, , plain] = kind;
  const bars = backToBack({
    name: `${name} pairs by similarity: those that ask the same above, the others below`,
    edges, up: plain.same, down: plain.different, range,
  });
  const histogram = figure({
    title: `Where the ${name} pairs lie`,
    caption: "The solid line is the chosen threshold, the broken one the stored.",
    key: [["same", "ask the same"], ["different", "do not"]],
    drawing: bars.drawing,
    table: {
      head: ["similarity from", "ask the same", "do not"],
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
    xName: "recall: of the same, found", yName: "precision: of those found, right",
    series: points.map(([name, each]) => ({
      style: name, line: true, points: each.map(({ precision, recall }) => ({ x: recall, y: precision })),
    })),
  });
  const shown = figure({
    title: "Precision and recall",
    caption: "Each point of the line is a threshold: stricter to the left. The dot is the chosen one, the ring the stored.",
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
    name: "How often pairs ask the same, against the probability that the model states",
    xName: "probability stated", yName: "share that asks the same",
    diagonal: true,
    series: points.map(([name, each]) => {
      const most = Math.max(...each.map((point) => point.pairs), 1);
      return { style: name, line: true, points: each.map((point) => ({
        x: point.stated, y: point.share, size: 2.5 + 3.5 * Math.sqrt(point.pairs / most) })) };
    }),
  });
  return figure({
    title: "Calibration",
    caption: "On the broken line a stated 70% is right 7 times in 10. Above it the model is too modest, below it too bold.",
    key: points.map(([name]) => [name, `${name} pairs`]),
    drawing,
    table: {
      head: ["pairs", "stated", "are the same", "number of pairs"],
      rows: points.flatMap(([name, each]) =>
        each.map((point) => [name, share(point.stated), share(point.share), number(point.pairs)])),
    },
  });
}

function card(model) {
  const shown = model.card ? markdown(model.card) : [h("p", { class: "soft" }, "The folder of this model has no README.md.")];
  return h("section", { class: "card", "aria-labelledby": "card-title" }, h("h2", { id: "card-title" }, "Its card"), shown);
}
