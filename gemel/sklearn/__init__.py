"""gemel under the names of scikit-learn; needs it, the extra [sklearn]."""

from gemel.errors import MissingExtraError

try:
    from gemel.sklearn.estimators import DuplicateClassifier, QuestionEncoder
    from gemel.sklearn.folds import QuestionKFold, question_groups
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "sklearn":
        raise
    raise MissingExtraError("gemel.sklearn", "sklearn") from error

__all__ = ["DuplicateClassifier", "QuestionEncoder", "QuestionKFold", "question_groups"]
