"""The pairs to train on, and those to choose epoch and threshold on."""

from gemel.data import PairGraph, Pairs, deal_crossing, hold_out, measure_overlap
from gemel.errors import DataError
from gemel.training.reporters import Reporter


def training_and_validation(
    pairs: Pairs,
    validation: Pairs | None,
    fraction: float,
    seed: int,
    reporter: Reporter,
) -> tuple[Pairs, Pairs]:
    """Keep pairs out for validation, unless others are given for it.

    Args:
        pairs: labelled pairs.
        validation: pairs to validate on; if None, some of `pairs`, by connected component.
        fraction: share to hold out.
        seed: another seed, another choice.
        reporter: receives done.

    Raises:
        DataError: a part lacks a label that it needs.
    """
    if not pairs.labels.any():
        pairs.require_both_labels("training pairs")
    if validation is not None:
        validation.require_both_labels("validation pairs")
        _report_overlap(pairs, validation, reporter)
        return pairs, validation
    pairs.require_both_labels(
        "training pairs", ", or validation pairs that have both (--validation)"
    )
    graph = PairGraph.of(pairs)
    split = hold_out(graph, fraction, seed)
    parts = deal_crossing(split, graph, seed)
    hint = "; raise training.validation_fraction or give validation pairs"
    kept_out = pairs.select(parts == 0)
    kept_out.require_both_labels("pairs held out for validation", hint)
    training = pairs.select(parts == 1)
    training.require_both_labels("pairs left for training", hint)
    reporter.note(
        f"{len(training):,} pairs to train on, {len(kept_out):,} held out for validation "
        f"({kept_out.prevalence:.1%} duplicates)"
    )
    if split.crossing_pairs:
        reporter.note(
            f"{split.crossing_pairs:,} pairs have a question on each side: the component that they "
            "link is too large to keep whole"
        )
    return training, kept_out


def _report_overlap(pairs: Pairs, validation: Pairs, reporter: Reporter) -> None:
    if pairs.digest == validation.digest:
        raise DataError("the validation pairs are the training pairs", path=validation.path)
    overlap = measure_overlap(PairGraph.of(pairs), PairGraph.of(validation))
    reporter.note(
        f"{overlap.shared_questions:,} of {overlap.questions:,} different validation questions "
        "are in training pairs"
    )
