"""The policies, a row each: who ranks, what it learns, and how a report speaks of it.

Rows go from the plainest to the most knowing; tables keep that order, and a difference is the later
minus the earlier. Whoever adds a policy writes its ranker in a file of its own and a row here,
nothing else: everybody who lists, explains or draws policies reads these rows. They are plain
values, so that config, command line and report read them without the code that ranks.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

BY_EVIDENCE = None
"""`unexplained` of policies that go by what others clicked: without a rate seen there is no
evidence yet.
"""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One way to rank."""

    name: str
    ranker: str | None
    """`module:NAME` of its `recommender.rankers.Ranker`; None for a reference, which the simulator
    answers for, because it knows what no recommender may.
    """
    learns: Literal["nothing", "pairs", "taste"]
    """What a fold teaches it: nothing, counts of pairs and their calibration, or tastes as well."""
    label: str
    """What it goes by, in a table."""
    clause: str
    """The same after "blend, which ..."."""
    unexplained: str | None
    """What stands under an item of its slates whose score has no parts, or BY_EVIDENCE."""
    colour: str
    """Of its lines and names on a light page."""
    on_dark: str
    """The same on a dark page."""
    follows_clicks: bool = True
    """What earlier shoppers clicked decides what later ones see."""
    is_far_ahead: bool = False
    """It would squeeze others in one figure."""
    one_run_tells: bool = True
    """One run has an interval over its shoppers. What `cf` shows hangs on whose clicks came first,
    so with other shoppers its whole run would be another.
    """


_ROWS = (
    Policy(
        name="random",
        ranker="recommender.rankers:RANDOM",
        learns="nothing",
        label="drawn by lot",
        clause="draws by lot",
        unexplained="by lot",
        colour="#6f767e",
        on_dark="#99a1a9",
        follows_clicks=False,
    ),
    Policy(
        name="popularity",
        ranker="recommender.rankers:POPULARITY",
        learns="pairs",
        label="clicked most often when seen",
        clause="shows everybody what was clicked most often when seen",
        unexplained=BY_EVIDENCE,
        colour="#8f6a1c",
        on_dark="#d3a24a",
    ),
    Policy(
        name="logging",
        ranker="recommender.rankers:LOGGING",
        learns="pairs",
        label="looks or lot, a coin each time",
        clause="goes by looks or by lot, a coin each time",
        unexplained="by lot",
        colour="#9c3d3d",
        on_dark="#e88f8f",
        follows_clicks=False,
    ),
    Policy(
        name="category",
        ranker=None,
        learns="nothing",
        label="the right category, else by lot: a reference",
        clause="shows the right category, within it by lot",
        unexplained="of this category, by lot",
        colour="#556b1f",
        on_dark="#a9c266",
        follows_clicks=False,
    ),
    Policy(
        name="visual",
        ranker="recommender.rankers:VISUAL",
        learns="pairs",
        label="looks alone",
        clause="goes by looks alone",
        unexplained="by lot",
        colour="#0067b0",
        on_dark="#5cb0f0",
        follows_clicks=False,
    ),
    Policy(
        name="cf",
        ranker="recommender.rankers:CF",
        learns="pairs",
        label="behaviour alone",
        clause="goes by behaviour alone",
        unexplained=BY_EVIDENCE,
        colour="#007a5a",
        on_dark="#3dc79b",
        one_run_tells=False,
    ),
    Policy(
        name="itemknn-cfcbf",
        ranker="recommender.rankers:ITEMKNN_CFCBF",
        learns="pairs",
        label="pictures and behaviour as one item kNN",
        clause="puts pictures and behaviour into one item kNN",
        unexplained="picture and behaviour in one number",
        colour="#a5447e",
        on_dark="#e68cc3",
    ),
    Policy(
        name="blend-fixed",
        ranker="recommender.rankers:BLEND_FIXED",
        learns="pairs",
        label="looks and behaviour, half each",
        clause="weighs looks and behaviour half each",
        unexplained=BY_EVIDENCE,
        colour="#6d4bb8",
        on_dark="#b7a1f0",
    ),
    Policy(
        name="blend",
        ranker="recommender.rankers:BLEND",
        learns="taste",
        label="looks and behaviour, by evidence",
        clause="weighs looks and behaviour by evidence",
        unexplained=BY_EVIDENCE,
        colour="#c24400",
        on_dark="#ff8f52",
    ),
    Policy(
        name="bayes",
        ranker=None,
        learns="nothing",
        label="knows all but the shopper: a reference",
        clause="knows the world's laws and sees one session",
        unexplained="the reference's choice",
        colour="#0f7285",
        on_dark="#55bdd0",
        is_far_ahead=True,
        follows_clicks=False,
    ),
    Policy(
        name="bayes-history",
        ranker=None,
        learns="nothing",
        label="the same, and her earlier sessions: a reference",
        clause="knows the world's laws and remembers her sessions",
        unexplained="the reference's choice",
        colour="#3c5a9a",
        on_dark="#93b1ee",
        is_far_ahead=True,
        follows_clicks=False,
    ),
    Policy(
        name="oracle",
        ranker=None,
        learns="nothing",
        label="knows the judge: a reference",
        clause="knows the judge",
        unexplained="the judge's choice",
        colour="#3d4348",
        on_dark="#c3c8cd",
        is_far_ahead=True,
        follows_clicks=False,
    ),
)

POLICIES = MappingProxyType({one.name: one for one in _ROWS})
"""What a run can be asked for, by name."""

POLICY_NAMES = tuple(POLICIES)

RANKED = tuple(one.name for one in _ROWS if one.ranker is not None)
"""What a worker can answer with."""

REFERENCES = tuple(one.name for one in _ROWS if one.ranker is None)
"""These have no scores of ours: the simulator, who knows more, gives its own to rank_scores."""
