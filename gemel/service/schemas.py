"""Request and response bodies of the service, as in its OpenAPI description."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

Value = str | int | float | bool | None
Metadata = dict[str, Value]
Named = Annotated[str, Field(min_length=1, max_length=1000)]


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class CompareBody(_Sent):
    """Two questions."""

    left: str
    right: str
    explain: bool = False
    """Whether to report what each word did for the answer."""


class EncodeBody(_Sent):
    """Questions to turn into vectors."""

    questions: Annotated[list[str], Field(min_length=1)]


class SearchBody(_Sent):
    """A question, and of what its answer should be."""

    question: str
    k: Annotated[int, Field(ge=1)] = 10
    where: Metadata | None = None
    """Metadata that the matches must have."""


class CheckBody(_Sent):
    """A question, and of what its answer should be."""

    question: str
    k: Annotated[int, Field(ge=1)] = 3
    where: Metadata | None = None
    """Metadata that the matches must have."""


class QuestionBody(_Sent):
    """A question to keep."""

    question: str
    id: Named | None = None
    """What it is called elsewhere; a new one is drawn if it has none."""
    metadata: Metadata = Field(default_factory=dict)
    replace: bool = False
    """Whether it takes the place of another of its id."""


class ListedQuestion(_Sent):
    """One of several questions to keep."""

    question: str
    id: Named | None = None
    metadata: Metadata = Field(default_factory=dict)


class QuestionsBody(_Sent):
    """Several questions to keep, all or none."""

    questions: Annotated[list[ListedQuestion], Field(min_length=1)]
    replace: bool = False


AddBody = Annotated[
    Annotated[QuestionBody, Tag("question")] | Annotated[QuestionsBody, Tag("questions")],
    Discriminator(
        lambda sent: "questions" if isinstance(sent, dict) and "questions" in sent else "question"
    ),
]
"""One question, or several."""


class DecisionBody(_Sent):
    """What a user decided about two questions."""

    left: Named
    """The id of one."""
    right: Named
    """The id of the other."""
    answer: Literal["same", "different", "skipped"]


class DecisionsBody(_Sent):
    """What a user decided, all or none."""

    decisions: Annotated[list[DecisionBody], Field(min_length=1)]
    reviewer: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Who; the name of the key if one was sent."""
    replace: bool = False
    """Whether it takes the place of what was decided before."""


Share = Annotated[float, Field(ge=0, le=1)]


class Problem(BaseModel):
    """What went wrong."""

    code: str
    message: str
    incident: str | None = None
    """What an unexpected error is called in the service's log."""
    progress: "Progress | None" = None


class Failure(BaseModel):
    """What every error looks like."""

    error: Problem


class Progress(BaseModel):
    """How far a long work is."""

    doing: str
    done: int
    of: int


class Judged(BaseModel):
    """The verdict about two questions."""

    answer: Literal["not the same", "ask a person", "the same"]
    similarity: float
    probability: Share
    is_duplicate: bool
    threshold: float


class Word(BaseModel):
    """A word and its part in the similarity."""

    word: str
    share: float
    is_known: bool


class Explained(BaseModel):
    """The words of both questions, in order."""

    left: list[Word]
    right: list[Word]


class Compared(Judged):
    """The verdict, and why."""

    explanation: Explained | None


class Encoded(BaseModel):
    """Unit vectors, in the order of the questions."""

    model: str
    """Fingerprint of the model that made them."""
    dim: int
    vectors: list[list[float]]


class ShownQuestion(BaseModel):
    """A question that is stored."""

    id: str
    question: str
    metadata: Metadata
    metadata_omitted: bool = False
    """Whether it has metadata for which there was no space; `GET /questions/{id}` has them."""


class FoundMatch(ShownQuestion, Judged):
    """A question that is stored, next to the one that was asked."""

    cosine: float


class Matches(BaseModel):
    """The nearest first."""

    matches: list[FoundMatch]


class Checked(BaseModel):
    """The likeliest first."""

    asked_before: bool
    """Whether one of them asks the same."""
    matches: list[FoundMatch]


class Added(BaseModel):
    """The ids of what is stored now, in the order of the questions."""

    ids: list[str]


class Removed(BaseModel):
    """The ids of what was forgotten."""

    removed: list[str]


class GroupMember(ShownQuestion):
    """A question of a group."""

    probability: Share | None
    """That it asks the same as the first one; null where the two were not judged together."""
    decision: Literal["same", "different"] | None
    """What a user decided about it and the first one, or what follows from that."""
    reviewer: str | None


class ShownGroup(BaseModel):
    """Questions that ask the same."""

    number: int
    """Its place among all groups, the largest first, from 0."""
    accepted: bool
    """Whether a user decided that all members ask the same."""
    members: list[GroupMember]
    """The central one first."""
    split: list[GroupMember]
    """What a user took out."""
    members_omitted: int = 0
    """Others, for which there was no space; `GET /duplicates/export` has all."""


class _Making(BaseModel):
    state: Literal["ready", "computing", "failed"]
    """Of the groups that the answer is made from."""
    why: str
    """What failed."""
    progress: Progress | None


class Template(BaseModel):
    """Questions that differ only in their numbers, and are not compared with each other."""

    example: str
    instances: int


class Groups(_Making):
    """A page of the groups of a corpus."""

    current: bool
    """Whether nothing has changed in the corpus since they were made."""
    computing: bool
    """Whether newer ones are being made."""
    computed_at: float | None
    """Seconds since 1970."""
    questions: int
    """How many the groups were made of."""
    probability: float
    groups: int
    """How many there are."""
    grouped: int
    """Questions in them."""
    accepted: int
    templates: list[Template]
    """The three largest."""
    templated: int
    """Questions in templates, copies aside."""
    left_out: int
    """Close pairs that were not judged, since there were too many."""
    page: list[ShownGroup]


class Side(BaseModel):
    """A question of a pair."""

    id: str
    question: str


class ReviewPair(Judged):
    """A pair that the model is not sure of."""

    left: Side
    right: Side


class Counts(BaseModel):
    """What was decided so far."""

    same: int
    different: int
    skipped: int
    agreed: int
    """Decisions as the model had it."""
    compared: int
    """Decisions where it is known what the model had."""


class ReviewLot(_Making):
    """Pairs to decide."""

    pairs: list[ReviewPair]
    counts: Counts
    remaining: int
    """Pairs that no one has decided."""


class Decided(BaseModel):
    """How many decisions are stored."""

    decided: int
    counts: Counts


class Undone(BaseModel):
    """How many decisions were taken back."""

    undone: int
    counts: Counts


class LabelledPairs(BaseModel):
    """Labelled pairs, counted by similarity."""

    edges: list[float]
    """Of the bins, one more than there are bins."""
    same: list[int]
    different: list[int]


class ClosePairs(BaseModel):
    """Pairs of a corpus, counted by similarity."""

    edges: list[float]
    pairs: list[int]


class DecisionInfo(BaseModel):
    """What a model decides by."""

    threshold: float
    lower: float
    upper: float
    slope: float
    intercept: float
    prevalence: float
    pairs: int
    objective: str


class NeighboursInfo(BaseModel):
    """How the nearest are found."""

    name: str
    why: str


class ModelInfo(BaseModel):
    """The model that answers."""

    name: str
    fingerprint: str
    gemel_version: str
    decision: DecisionInfo
    training: dict[str, Value]
    card: str
    """In Markdown."""
    fitted: LabelledPairs | None
    """The pairs that the decision was fitted on, where the model has stored them."""
    reviewed: LabelledPairs
    """Those that moderators decided."""
    corpus: ClosePairs | None
    """The close pairs of the corpus; null until its groups are made."""
    questions: int
    neighbours: NeighboursInfo
