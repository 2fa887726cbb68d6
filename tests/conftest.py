import hypothesis
import numpy as np
import pytest

from gemel.config import Config, DecisionConfig
from gemel.decision import Decision
from gemel.folder import Model
from gemel.text import Rules, Tokenizer

# How long an example takes says something about the machine, not about gemel.
hypothesis.settings.register_profile("gemel", deadline=None)
hypothesis.settings.load_profile("gemel")

QUESTIONS = [
    "How old are you?",
    "What is your age?",
    "How do I reset my password?",
    "Why is the sky blue?",
]


@pytest.fixture(scope="session")
def tiny_model():
    """A model folder's content with random weights and the words of four questions."""
    dim = 4
    buckets = 11
    tokenizer = Tokenizer(rules=Rules(ngram_buckets=buckets)).learn(QUESTIONS)
    random = np.random.default_rng(5)

    def draw(*shape):
        return random.normal(size=shape).astype(np.float32)

    return Model(
        config=Config().replace(
            [f"network.d_model={dim}", "text.min_count=1", f"text.ngram_buckets={buckets}"]
        ),
        tokenizer=tokenizer,
        weights={
            "embedding.weight": draw(len(tokenizer.vocabulary), dim),
            "lstm.weight_ih": draw(4 * dim, dim),
            "lstm.weight_hh": draw(4 * dim, dim),
            "lstm.bias": draw(4 * dim),
            "ngrams.weight": draw(buckets, dim),
        },
        decision=Decision(
            threshold=0.75,
            lower=0.5,
            upper=0.75,
            slope=8.0,
            intercept=-6.0,
            settings=DecisionConfig(),
            pairs=1234,
            prevalence=0.375,
            data="0" * 64,
        ),
        training={"data": "a digest", "kept_epoch": 3, "training_duplicates": 2},
    )
