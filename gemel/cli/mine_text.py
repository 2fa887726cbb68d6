"""What was mined, in words."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gemel.mining.mined import Mined
    from gemel.mining.mining_rules import MiningRules

_REASONS = {
    "same_text": "the anchor itself",
    "same_group": "in the anchor's duplicate group",
    "absolute_margin": "absolute margin",
    "relative_margin": "relative margin",
    "max_score": "max score",
    "min_score": "min score",
    "max_probability": "max probability",
    "range_min": "range min",
}


def describe_mined(mined: "Mined", rules: "MiningRules") -> Iterator[str]:
    """Say what was found, what each rule skipped, and which anchors have too few."""
    yield (
        f"{mined.path}: {mined.rows:,} rows ({mined.form}); {mined.negatives:,} of "
        f"{mined.wanted:,} negatives wanted for {mined.anchors:,} anchors"
    )
    yield (
        f"{mined.labelled:,} of these are labelled as not the same in the pairs; of the others "
        "nobody has said it"
    )
    yield from _short_of(mined)
    yield ""
    looked, candidates = f"{mined.looked:,}", f"{mined.candidates:,}"
    yield f"{looked} candidates were looked at, of {candidates} questions; skipped were"
    for name, number in mined.skipped.items():
        setting = getattr(rules, name, None)
        if number or (setting is not None and name != "range_min"):
            said = _REASONS[name] if setting is None else f"{_REASONS[name]} {setting:g}"
            yield f"  {said:32} {number:11,} {number / mined.looked:7.1%}"
    yield ""
    yield f"{'cosine with the anchor':24} {'count':>11} {'mean':>7} {'least':>7} {'25%':>7} " + (
        f"{'median':>7} {'75%':>7} {'most':>7}"
    )
    for name, scores in (
        ("positives", mined.positive_scores),
        ("negatives", mined.negative_scores),
    ):
        yield (
            f"  {name:22} {scores.count:11,} {scores.mean:7.3f} {scores.least:7.3f} "
            f"{scores.quarter:7.3f} {scores.median:7.3f} {scores.three_quarters:7.3f} "
            f"{scores.most:7.3f}"
        )


def _short_of(mined: "Mined") -> Iterator[str]:
    if mined.few or mined.none:
        yield (
            f"{mined.few:,} anchors have fewer than were wanted, and {mined.none:,} have none: "
            + (
                f"{mined.left_out:,} were left out of the file"
                if mined.left_out
                else "their positives are in the file all the same"
            )
        )
        yield "  a larger --range-max looks at more candidates, a looser rule lets more pass"
    if mined.copies:
        yield f"duplicates whose two questions are one once cleaned, no anchors: {mined.copies:,}"
    if mined.blanks:
        yield f"pairs with a question without word or mark, passed over: {mined.blanks:,}"
