import dataclasses

import numpy as np
import pytest

from gemel.config import Config
from gemel.folder.model_folder import weight_shapes
from gemel.text import Rules, Tokenizer

_LEARNED = ["How old are you?", "What is your age, if I may ask?", "Don't they use C++ in Ünna?"]

_PLAIN = ["text.ngram_buckets=0", "text.nearest=false", "text.final_mark=false"]


@pytest.fixture(scope="session")
def model_with(tiny_model):
    """Make a model with random weights, by its settings: `text.nearest=true`, for example."""

    def make(*settings):
        config = Config().replace(
            ["network.d_model=6", "network.n_units=5", "text.min_count=1", *_PLAIN, *settings]
        )
        tokenizer = Tokenizer(rules=Rules.of(config.text)).learn(_LEARNED)
        shapes = weight_shapes(config, len(tokenizer.vocabulary), config.text.ngram_buckets)
        random = np.random.default_rng(7)
        weights = {name: random.normal(size=s).astype(np.float32) for name, s in shapes.items()}
        if "spelling.share" in weights:
            weights["spelling.share"][:] = 0.25
        return dataclasses.replace(tiny_model, config=config, tokenizer=tokenizer, weights=weights)

    return make
