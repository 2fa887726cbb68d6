// Metrics of a threshold from histograms of labelled pairs.

/** Return the probability of a similarity. */
export function likely(similarity, { slope, intercept }) {
  return 1 / (1 + Math.exp(-(slope * similarity + intercept)));
}

const sum = (counts) => counts.reduce((all, each) => all + each, 0);

/** Return the number of pairs. */
export function pairs(evidence) {
  return evidence ? sum(evidence.same) + sum(evidence.different) : 0;
}

/**
 * Weight pairs to a share of duplicates.
 *
 * Without a share, or if all pairs are of one kind, they are unchanged.
 */
export function weigh(evidence, share = null) {
  const [same, different] = [sum(evidence.same), sum(evidence.different)];
  if (share === null || !same || !different) return evidence;
  const all = same + different;
  return {
    edges: evidence.edges,
    same: evidence.same.map((each) => (each * share * all) / same),
    different: evidence.different.map((each) => (each * (1 - share) * all) / different),
  };
}

/** Return the index of the edge closest to a similarity. */
export function closestEdge(edges, similarity) {
  let best = 0;
  edges.forEach((edge, place) => {
    if (Math.abs(edge - similarity) < Math.abs(edges[best] - similarity)) best = place;
  });
  return best;
}

/** Return precision and recall of a threshold at an edge; null if undefined. */
export function at(evidence, edge) {
  const found = sum(evidence.same.slice(edge));
  const called = found + sum(evidence.different.slice(edge));
  const same = sum(evidence.same);
  return {
    precision: called ? found / called : null,
    recall: same ? found / same : null,
    called,
  };
}

/** Return the precision-recall curve, from the highest threshold to the lowest. */
export function curve(evidence) {
  const points = [];
  for (let edge = evidence.same.length - 1; edge >= 0; edge -= 1) {
    const { precision, recall } = at(evidence, edge);
    if (precision === null || recall === null) continue;
    const last = points.at(-1);
    if (last && last.recall === recall && last.precision === precision) continue;
    points.push({ edge, precision, recall });
  }
  return points;
}

/**
 * Compare predicted probabilities with observed shares of duplicates.
 *
 * Adjacent bins are merged until they have enough pairs.
 */
export function calibration(evidence, plain, decision, groups = 12) {
  const enough = Math.max(10, pairs(plain) / groups);
  const points = [];
  let [counted, weight, same, stated] = [0, 0, 0, 0];
  const close = () => {
    if (weight) points.push({ stated: stated / weight, share: same / weight, pairs: counted });
    [counted, weight, same, stated] = [0, 0, 0, 0];
  };
  evidence.same.forEach((each, bin) => {
    const all = each + evidence.different[bin];
    const middle = (evidence.edges[bin] + evidence.edges[bin + 1]) / 2;
    counted += plain.same[bin] + plain.different[bin];
    weight += all;
    same += each;
    stated += all * likely(middle, decision);
    if (counted >= enough) close();
  });
  if (counted >= 10 || !points.length) close();
  return points;
}

/** Count pairs above an edge. */
export function from(counts, edge) {
  return sum(counts.slice(edge));
}

/** Return the first and last edge around the bins that are not empty. */
export function span(...several) {
  const bins = several[0].map((_, bin) => several.some((counts) => counts[bin] > 0));
  const [first, last] = [bins.indexOf(true), bins.lastIndexOf(true)];
  return first < 0 ? [0, bins.length] : [first, last + 1];
}
