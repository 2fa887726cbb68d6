"""Which public files there are: where they lie, what is in them, and under which terms.

A sum is here only because a public list of sums has it for that very address. The lists:
Hugging Face's `datasets`, `dataset_infos.json` of quora, glue, paws and banking77; TensorFlow
Datasets, `checksums.tsv` of paws_wiki, which agrees. (An older list of theirs has another sum for
PAWS, for a file of the same size.) The two files of banking77 were at hand, and have these sums.
"""

from dataclasses import dataclass
from enum import StrEnum

from gemel.errors import ConfigError


class Holds(StrEnum):
    """What a row of a part is."""

    PAIRS = "pairs"
    UNLABELLED = "unlabelled pairs"
    QUESTIONS = "questions"


@dataclass(frozen=True)
class Remote:
    """A file as its publisher has it."""

    address: str
    name: str
    """What it is called in the folder that it is put in."""
    size: int
    """Bytes."""
    sha256: str


@dataclass(frozen=True)
class Part:
    """A file that gemel reads."""

    name: str
    rows: int
    """How many the publisher, or who has counted them, gives there are."""
    member: str = ""
    """Where in the publisher's archive it is; empty: it is the publisher's file itself."""
    holds: Holds = Holds.PAIRS


@dataclass(frozen=True)
class Corpus:
    """What one name fetches."""

    name: str
    title: str
    page: str
    """Where its publisher tells of it."""
    licence: str
    """In a few words."""
    terms: str
    """In our words, a sentence a line."""
    remotes: tuple[Remote, ...]
    parts: tuple[Part, ...]
    """First what is to train on."""

    @property
    def size(self) -> int:
        """Bytes to download."""
        return sum(remote.size for remote in self.remotes)


_QUORA_TERMS = """\
The questions come from Quora's site and stay under Quora's terms of service:
https://www.quora.com/about/tos
Quora released them for non-commercial use. Do not publish them again.
A model that trained on them is not free of these terms because the file is gone:
ask a user who knows the law before you earn money with it."""

_ALL = (
    Corpus(
        name="quora",
        title="Quora Question Pairs, the first release (2017)",
        page="https://quoradata.quora.com/First-Quora-Dataset-Release-Question-Pairs",
        licence="Quora's terms, non-commercial",
        terms=_QUORA_TERMS,
        remotes=(
            Remote(
                "http://qim.fs.quoracdn.net/quora_duplicate_questions.tsv",
                "quora_duplicate_questions.tsv",
                58_176_133,
                "b3350dbb1d98db1f5abca85d736ba514bf4da253fae53939303d79fe921ec7c8",
            ),
        ),
        parts=(Part("quora_duplicate_questions.tsv", 404_290),),
    ),
    Corpus(
        name="glue-qqp",
        title="Quora Question Pairs as the GLUE benchmark splits them",
        page="https://gluebenchmark.com/tasks",
        licence="Quora's terms, non-commercial",
        terms=_QUORA_TERMS
        + """
GLUE keeps the labels of the test part to itself: test.tsv has none, and no one can score on it
but GLUE's own site. Measure on validation.tsv, many of whose questions are in train.tsv too.""",
        remotes=(
            Remote(
                "https://dl.fbaipublicfiles.com/glue/data/QQP-clean.zip",
                "QQP-clean.zip",
                41_696_084,
                "40e7c862c04eb26ee04b67fd900e76c45c6ba8e6d8fab4f8f1f8072a1a3fbae0",
            ),
        ),
        parts=(
            Part("train.tsv", 363_846, "QQP/train.tsv"),
            Part("validation.tsv", 40_430, "QQP/dev.tsv"),
            Part("test.tsv", 390_965, "QQP/test.tsv", Holds.UNLABELLED),
        ),
    ),
    Corpus(
        name="paws",
        title="PAWS-Wiki, labelled, final: sentences with the same words in another order",
        page="https://github.com/google-research-datasets/paws",
        licence="free for any use, no warranty",
        terms="""\
Google lets anybody use it for any purpose, without any warranty, and would like to be named as
the source: https://github.com/google-research-datasets/paws/blob/master/LICENSE
These are statements from Wikipedia, tokenised with spaces, not questions: they test whether a
model minds the order of words.""",
        remotes=(
            Remote(
                "https://storage.googleapis.com/paws/english/paws_wiki_labeled_final.tar.gz",
                "paws_wiki_labeled_final.tar.gz",
                4_687_157,
                "1aad6cbb8a90b15563a0c154752c2b2c8e3bc5bdaa125172214d598bc76bc9fd",
            ),
        ),
        parts=(
            Part("train.tsv", 49_401, "final/train.tsv"),
            Part("validation.tsv", 8_000, "final/dev.tsv"),
            Part("test.tsv", 8_000, "final/test.tsv"),
        ),
    ),
    Corpus(
        name="banking77",
        title="BANKING77: questions to a bank, each with one of 77 intents",
        page="https://github.com/PolyAI-LDN/task-specific-datasets",
        licence="CC BY 4.0",
        terms="""\
PolyAI publishes it under Creative Commons Attribution 4.0: use, change and pass it on as you
like, but name the source and report what you changed: https://creativecommons.org/licenses/by/4.0/
The paper to cite is https://arxiv.org/abs/2003.04807
The files hold questions (text) and their intents (category), no pairs.""",
        remotes=tuple(
            Remote(
                "https://raw.githubusercontent.com/PolyAI-LDN/task-specific-datasets/master/"
                f"banking_data/{name}",
                name,
                size,
                sha256,
            )
            for name, size, sha256 in (
                (
                    "train.csv",
                    839_073,
                    "b06e26ac675513959a63135f11b94ea7786ed02da65db93a5650d8838cbc664b",
                ),
                (
                    "test.csv",
                    239_961,
                    "d12d6e3bc4c3103966ae786dc435913c0c563dfa328f5a3646d0e62cfeeb474d",
                ),
            )
        ),
        parts=(
            Part("train.csv", 10_003, holds=Holds.QUESTIONS),
            Part("test.csv", 3_080, holds=Holds.QUESTIONS),
        ),
    ),
)

CORPORA = {corpus.name: corpus for corpus in _ALL}
"""By name."""


def find_corpus(name: str) -> Corpus:
    """Return a corpus by its name.

    Raises:
        ConfigError: there is none of this name.
    """
    if name not in CORPORA:
        raise ConfigError(f"no public data is called {name!r}; there are {', '.join(CORPORA)}")
    return CORPORA[name]
