"""What may be sent, field by field: half of the OpenAPI description; `shown` has the other."""

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
    """Whether to say what each word did for the answer."""


class EncodeBody(_Sent):
    """Questions to turn into vectors."""

    questions: Annotated[list[str], Field(min_length=1)]


class SearchBody(_Sent):
    """A question, and of what its answer shall be."""

    question: str
    k: Annotated[int, Field(ge=1)] = 10
    where: Metadata | None = None
    """Metadata that the matches must have."""


class CheckBody(_Sent):
    """A question, and of what its answer shall be."""

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
    """What somebody decided about two questions."""

    left: Named
    """The id of one."""
    right: Named
    """The id of the other."""
    answer: Literal["same", "different", "skipped"]


class DecisionsBody(_Sent):
    """What somebody decided, all or none."""

    decisions: Annotated[list[DecisionBody], Field(min_length=1)]
    reviewer: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Who; the name of the key if one was sent."""
    replace: bool = False
    """Whether it takes the place of what was decided before."""
