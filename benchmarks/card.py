"""What stands in the folder of the model that comes with gemel, for people and for hubs."""

from collections.abc import Mapping, Sequence
from typing import Any

from gemel.folder.model_card import Measured, front_matter

__all__ = ["CARD", "ROWS", "TERMS", "card_front"]

ROWS = ("accuracy", "f1", "average_precision", "ece")
"""The figures of the card's table."""


def card_front(reports: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """Give the card's front matter: the figures of its table, with their thresholds.

    Args:
        reports: those of `results/ship.json`, each with the name of its pairs in the table.
    """
    results = [
        Measured(
            figures={name: round(report["figures"][name]["value"], 4) for name in ROWS},
            data="Quora Question Pairs",
            kind="quora-question-pairs",
            split=label,
            how=report["how"],
            thresholds=report["thresholds"],
        )
        for label, report in reports
    ]
    return front_matter(
        "quora-en", results=results, language="en", licence="other", licence_name="quora-terms"
    )


CARD = """{front}
# quora-en

Tells whether two English questions ask the same thing. It is the model that answers when gemel is
not told another one:

```
gemel compare "How do I cook rice?" "What is the best way to cook rice?"
```

A Siamese network with {training[vocabulary]:,} words, an LSTM both ways, the highest number over
the words, and a head that judges a pair's two vectors beside their cosine; {megabytes:.1f} MB. It
learned from Quora's question pairs alone, from scratch, with seed {training[seed]}; the terms of
those data are in TERMS.

## Figures

On pairs that it was not trained on; some of their single questions it was, as in the split that
papers report on. Intervals are the central 95 % of a bootstrap over connected components.

| pairs | threshold | accuracy | F1 | average precision | calibration error |
|---|---|---|---|---|---|
{rows}

"As it comes" is the stored decision, threshold {decision.threshold:.3f}, fitted on
{decision.pairs:,} pairs kept out of training for places where {decision.prevalence:.0%} of the
pairs ask the same; the Wang pairs are weighed so. Fit it to your own pairs, without training:

```
gemel fit your-pairs.csv --out my-model
```

## Known failures

- One letter typed wrong in each question: accuracy on the Wang pairs falls from {edit_before:.3f}
  to {edit_after:.3f}.
- Of hand-written pairs in which a number, a name or a place makes it another question,
  {details.told_apart:.0%} are told apart, and {details.kept_together:.0%} of the controls are kept
  together.
- Of those in which order, a negation or a comparison does, {relations.told_apart:.0%} are told
  apart, and {relations.kept_together:.0%} of the controls are kept together.
- Two questions that share no word are hard for it: "How old are you?" and "What is your age?" it
  calls not the same.
- It knows Quora's questions of 2017: names, products and events since then it reads by their
  letters alone. Specialist questions are better served by a model that goes on from it with pairs
  of your own: `gemel train your-pairs.csv --from quora-en --out my-model`.
- Other languages than English it does not know.

## Made by

`python benchmarks/ship.py` with `configs/quora.toml`, in {training[seconds]:.0f} seconds;
{training[training_pairs]:,} pairs of the file with SHA-256 digest {training[data]}, whose pairs
stood in it as read. gemel {training[gemel_version]}, PyTorch {training[torch_version]}.

That it reads a question without a mark at its end as if it had a question mark
(`text.final_mark`) came after the training: of 3,000 Quora questions it called 52 % the same as
themselves without their mark before, 99 % since.

So did version 2 of the normal form (`text.normalization`), with the decision fitted again on the
same pairs: superscripts, subscripts and fractions stay distinct from digits, and all quotation
marks, dashes and invisible characters are folded. Of the 18,000 pairs of the table 48 have another
similarity since, copies among them.
"""

TERMS = """Terms of the model in this folder

The weights and the vocabulary in this folder were learned from the Quora Question Pairs, which
Quora released in 2017 under its terms of service: for non-commercial use. No question of that
release is in this folder. Whether a model learned from data falls under the data's terms is not
settled everywhere; to be safe, treat this model as you would have to treat the data, and train one
from pairs of your own for anything else (`gemel train`). The licence of gemel's code does not
cover this folder.
"""
