"""The route that shows the model: what it is, what it decides by, what else it could do."""

import numpy as np
from fastapi import APIRouter
from starlette.responses import Response

from gemel.decision import Evidence
from gemel.duplicates import Duplicates
from gemel.service.json_replies import reply
from gemel.service.review_service import Desk
from gemel.service.schemas import ModelInfo
from gemel.service.site import Site
from gemel.version import __version__

_TRAINING = (
    "data",
    "gemel_version",
    "kept_epoch",
    "pairs",
    "seconds",
    "training_duplicates",
    "training_pairs",
    "validation_average_precision",
    "validation_pairs",
    "vocabulary",
)


def model_routes(site: Site, desk: Desk) -> APIRouter:
    """Make the route that shows the model."""
    routes = APIRouter(tags=["model"])

    @routes.get("/model", response_model=ModelInfo)
    async def model() -> Response:
        """Show the model, and labelled and close pairs by what it finds them alike."""
        site.require_ready()
        served = site.index.engine.model
        decision = served.decision
        reviewed = await site.moderate(desk.evidence)
        duplicates = await site.moderate(desk.duplicates)
        choice = site.index.follower.choice
        return reply(
            {
                "name": site.name,
                "fingerprint": served.fingerprint,
                "gemel_version": __version__,
                "decision": {
                    "threshold": decision.threshold,
                    "lower": decision.lower,
                    "upper": decision.upper,
                    "slope": decision.slope,
                    "intercept": decision.intercept,
                    "prevalence": decision.prevalence,
                    "pairs": decision.pairs,
                    "objective": decision.settings.objective,
                },
                "training": {
                    name: served.training[name] for name in _TRAINING if name in served.training
                },
                "card": site.card,
                "fitted": None if decision.evidence is None else _evidence(decision.evidence),
                "reviewed": _evidence(reviewed),
                "corpus": None if duplicates is None else _corpus(duplicates),
                "questions": site.questions,
                "neighbours": {"name": choice.name, "why": choice.why},
            }
        )

    return routes


def _evidence(evidence: Evidence) -> dict[str, object]:
    return {"edges": evidence.edges, "same": evidence.same, "different": evidence.different}


def _corpus(duplicates: Duplicates) -> dict[str, object]:
    """Count the close pairs of different questions by similarity."""
    similarity = duplicates.pairs.similarity
    counted = Evidence.of(similarity, np.ones(len(similarity), bool))
    return {"edges": counted.edges, "pairs": counted.same}
