"""What became of a review, in words."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from gemel.cli.stores import shown

if TYPE_CHECKING:
    from gemel.cli.asking import Asking
    from gemel.corpus import Exported
    from gemel.store import ReviewCounts


def describe_end(asking: "Asking", counts: "ReviewCounts", remaining: int, db: str) -> str:
    """Sum up a sitting, and all that was ever decided.

    Args:
        asking: the sitting.
        counts: of all decisions that are kept.
        remaining: pairs that were not decided when it began.
        db: the corpus.
    """
    reviews = list(asking.decided.values())
    answered = [review for review in reviews if review.answer != "skipped"]
    same = sum(review.answer == "same" for review in answered)
    agreed = sum(review.said_same == (review.answer == "same") for review in answered)
    skipped = len(reviews) - len(answered)
    agreement = f"; the model agreed on {agreed} of {len(answered)}" if answered else ""
    total = counts.same + counts.different
    share = (
        f", the model agreed on {counts.agreed / counts.compared:.0%}" if counts.compared else ""
    )
    lines = [
        f"\ndecided: {len(answered)} ({same} the same, {len(answered) - same} not the same), "
        f"{skipped} skipped{agreement}",
        f"{shown(db)}: {total:,} decided in all ({counts.same:,} the same, {counts.different:,} "
        f"not), {counts.skipped:,} skipped, {remaining - len(reviews):,} close pairs left{share}",
    ]
    if total:
        lines.append(f"next: gemel review --db {shlex.quote(shown(db))} --export reviews.csv")
    return "\n".join(lines)


def describe_export(exported: "Exported", path: Path) -> str:
    """Say what was written, and what it is good for."""
    total = exported.same + exported.different
    text = (
        f"{path}: {total:,} decided pair{'' if total == 1 else 's'} written, "
        f"{exported.same:,} the same, {exported.different:,} not"
    )
    if exported.skipped:
        text += f"; {exported.skipped:,} skipped and left out"
    if not total:
        return f"{text}\nnext: gemel review --db DB decides some"
    name = shlex.quote(str(path))
    return (
        f"{text}\nnext: gemel fit {name} --model MODEL --out fitted-model\n"
        f"      gemel train --from MODEL --add {name} --out learned-model"
    )
