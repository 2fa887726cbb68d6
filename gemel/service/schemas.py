"""Requests and responses, field by field; the OpenAPI description is made from them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from gemel.inference import WordShare
from gemel.service.group_process import TaskProgress

Value = str | int | float | bool | None
Metadata = dict[str, Value]
Name = Annotated[str, Field(min_length=1, max_length=1000)]
Share = Annotated[float, Field(ge=0, le=1)]


LabelledPairs = dict[Literal["edges", "same", "different"], list[float]]
"""Histogram over the similarity; `edges` has one value more than the others."""
DecisionCounts = dict[Literal["same", "different", "skipped", "agreed", "compared"], int]
"""Counts of the stored decisions; see `ReviewCounts`."""


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class CompareRequest(_Request):
    """Two questions, and whether to return the share of each word in the similarity."""

    left: str
    right: str
    explain: bool = False


class EncodeRequest(_Request):
    """Questions to encode."""

    questions: Annotated[list[str], Field(min_length=1)]


class SearchRequest(_Request):
    """A question, the number of matches, and metadata that the matches must have."""

    question: str
    k: Annotated[int, Field(ge=1)] = 10
    where: Metadata | None = None


class CheckRequest(SearchRequest):
    """A question, the number of matches, and metadata that the matches must have."""

    k: Annotated[int, Field(ge=1)] = 3


class ListedQuestion(_Request):
    """One of several questions to store; without an id it gets a new one."""

    question: str
    id: Name | None = None
    metadata: Metadata = Field(default_factory=dict)


class QuestionRequest(ListedQuestion):
    """A question to store; `replace` overwrites a stored one of the same id."""

    replace: bool = False


class QuestionsRequest(_Request):
    """Several questions to store, all or none."""

    questions: Annotated[list[ListedQuestion], Field(min_length=1)]
    replace: bool = False


AddRequest = Annotated[
    Annotated[QuestionRequest, Tag("question")] | Annotated[QuestionsRequest, Tag("questions")],
    Discriminator(
        lambda sent: "questions" if isinstance(sent, dict) and "questions" in sent else "question"
    ),
]


class DecisionRequest(_Request):
    """A decision about two questions, given by their ids."""

    left: Name
    right: Name
    answer: Literal["same", "different", "skipped"]


class DecisionsRequest(_Request):
    """Decisions to store, all or none; `replace` overwrites earlier ones."""

    decisions: Annotated[list[DecisionRequest], Field(min_length=1)]
    reviewer: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Ignored if the request has a key: its name is stored."""
    replace: bool = False


class ErrorDetail(BaseModel):
    """Code and message of an error."""

    code: str
    message: str
    incident: str | None = None
    """Identifies an unexpected error in the log of the service."""
    progress: TaskProgress | None = None


class ErrorResponse(BaseModel):
    """An error."""

    error: ErrorDetail


class VerdictResponse(BaseModel):
    """The verdict about two questions."""

    answer: Literal["not the same", "ask a person", "the same"]
    similarity: float
    probability: Share
    is_duplicate: bool
    threshold: float


class CompareResponse(VerdictResponse):
    """The verdict, and its explanation if requested."""

    explanation: dict[Literal["left", "right"], list[WordShare]] | None


class EncodeResponse(BaseModel):
    """Unit vectors in the order of the questions, and the fingerprint of the model."""

    model: str
    dim: int
    vectors: list[list[float]]


class PairSide(BaseModel):
    """A question of a pair."""

    id: str
    question: str


class QuestionResponse(PairSide):
    """A stored question."""

    metadata: Metadata
    metadata_omitted: bool = False
    """Whether its metadata did not fit; `GET /questions/{id}` returns them."""


class MatchResponse(QuestionResponse, VerdictResponse):
    """A stored question and its verdict."""

    cosine: float


class SearchResponse(BaseModel):
    """Similar questions, the most similar first."""

    matches: list[MatchResponse]


class CheckResponse(SearchResponse):
    """Similar questions, the most probable duplicate first."""

    asked_before: bool
    """Whether one of the matches is a duplicate."""


class GroupMember(QuestionResponse):
    """A question of a group."""

    probability: Share | None
    """Of being a duplicate of the central question; null if that pair was not scored."""
    decision: Literal["same", "different"] | None
    """A reviewer's decision about it and the central question, or one that follows from others."""
    reviewer: str | None


class GroupResponse(BaseModel):
    """A group of duplicates."""

    number: int
    """Rank among all groups by size, from 0."""
    accepted: bool
    """Whether reviewers confirmed all members."""
    members: list[GroupMember]
    """The central question first."""
    split: list[GroupMember]
    """Questions that reviewers removed from the group."""
    members_omitted: int = 0
    """Members that did not fit; `GET /duplicates/export` returns all."""


class _GroupState(BaseModel):
    state: Literal["ready", "computing", "failed"]
    why: str
    """Reason of a failure."""
    progress: TaskProgress | None


class TemplateResponse(BaseModel):
    """Questions that differ only in numbers and are not compared with each other."""

    example: str
    instances: int


class GroupsResponse(_GroupState):
    """A page of the duplicate groups."""

    current: bool
    """Whether the corpus is unchanged since the groups were computed."""
    computing: bool
    computed_at: float | None
    """Seconds since 1970."""
    questions: int
    """Questions that the groups were computed from."""
    probability: float
    groups: int
    """Number of all groups."""
    grouped: int
    """Questions in groups."""
    accepted: int
    templates: list[TemplateResponse]
    """The three largest."""
    templated: int
    """Questions in templates, without copies."""
    left_out: int
    """Close pairs not scored because there were too many."""
    page: list[GroupResponse]


class ReviewPairResponse(VerdictResponse):
    """A pair to decide."""

    left: PairSide
    right: PairSide


class ReviewResponse(_GroupState):
    """Pairs to decide, and how many are undecided in all."""

    pairs: list[ReviewPairResponse]
    counts: DecisionCounts
    remaining: int


class DecideResponse(BaseModel):
    """Number of stored decisions."""

    decided: int
    counts: DecisionCounts


class UndoResponse(BaseModel):
    """Number of removed decisions."""

    undone: int
    counts: DecisionCounts


class DecisionInfo(BaseModel):
    """Threshold and calibration of a model."""

    threshold: float
    lower: float
    upper: float
    slope: float
    intercept: float
    prevalence: float
    pairs: int
    objective: str


class ModelInfo(BaseModel):
    """The model of the service."""

    name: str
    fingerprint: str
    gemel_version: str
    decision: DecisionInfo
    training: dict[str, Value]
    card: str
    """In Markdown."""
    fitted: LabelledPairs | None
    """Pairs that the threshold was fitted on, if the model stores them."""
    reviewed: LabelledPairs
    corpus: dict[Literal["edges", "pairs"], list[float]] | None
    """Close pairs; null until the groups are computed."""
    questions: int
    neighbours: dict[Literal["name", "why"], str]
