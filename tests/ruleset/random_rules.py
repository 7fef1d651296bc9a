"""Random rules, small enough for whole tables, and connections of which all is known."""

from typing import Any

from hypothesis import strategies as st

from auditor.model import Role, Tier
from auditor.ruleset.cases import Given

Values = dict[str, Any]

COUNTRIES = ("CH", "CN", "DE", "FR", "GB", "HK", "US")
REGIONS = ("CN", "EU", "US")
REASONS = ("congestion", "latency")
WINDOWS = ("eu-congestion", "us-congestion")
ACCOUNTS = ("a", "b", "c")
GROUPS = {
    "UNION": {
        "members": [
            {"code": "DE"},
            {"code": "FR"},
            {"code": "GB", "until": "2020-02-01T00:00:00Z"},
            {"code": "CH", "from": "2021-07-01T12:00:00Z"},
        ]
    },
    "ALLIES": {"include": ["UNION"], "members": [{"code": "US", "from": "2023-07-10T00:00:00Z"}]},
    "NOBODY": {"members": []},
}
NAMES = (*GROUPS, "CN", "DE", "US")
INSTANTS = (
    "2019-12-31T23:59:59.999999Z",
    "2020-01-01T00:00:00Z",
    "2020-01-31T23:59:59Z",
    "2020-02-01T00:00:00Z",
    "2021-07-01T12:00:00Z",
    "2023-07-10T00:00:00Z",
    "2024-12-31T23:59:59Z",
    "2025-01-01T00:00:00Z",
)


def _some(values: tuple[Any, ...], most: int = 3) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True)


def _at_most(most: int, **keys: st.SearchStrategy[Any]) -> st.SearchStrategy[Values]:
    """Give some of the keys: a table is larger for each."""
    return st.sets(st.sampled_from(sorted(keys)), max_size=most).flatmap(
        lambda chosen: st.fixed_dictionaries({key: keys[key] for key in sorted(chosen)})
    )


OBSERVABLE = tuple(str(role) for role in Role if role is not Role.UNKNOWN)
ROLES = _some(tuple(map(str, Role)))
SCOPES = _at_most(
    2,
    home_region=_some(REGIONS) | st.fixed_dictionaries({"not_in": _some(REGIONS)}),
    roles=ROLES,
    accounts=_some(ACCOUNTS),
    participant=st.fixed_dictionaries({"in": _some(NAMES)}) | st.fixed_dictionaries({"not_in": _some(NAMES)}),
    labels=_at_most(1, cloud=_some(("gov", "com")), plan=_some(("free", "paid"))).filter(bool),
)
WHENS = _at_most(
    2,
    tier=_some(tuple(map(str, Tier)), 1),
    attempt_min=st.integers(1, 3),
    failed_primaries_min=st.integers(0, 3),
    selection_reason=_some(REASONS),
    in_window=st.sampled_from(WINDOWS),
)


@st.composite
def _exceptions(draw: st.DrawFn) -> list[dict[str, Any]]:
    clauses = []
    for number in range(draw(st.integers(0, 2))):
        clause = {"id": f"e{number}", "why": "because", "allow": draw(_some(NAMES)), "when": draw(WHENS)}
        clause |= draw(_at_most(2, roles=ROLES, limits=st.just({"connections_per_call": 1})))
        clauses.append(clause)
    return clauses


BODIES = st.one_of(
    st.fixed_dictionaries(
        {
            "fence": st.fixed_dictionaries({"allow": _some(NAMES)})
            | st.fixed_dictionaries({"forbid": _some(NAMES)}),
            "exceptions": _exceptions(),
        }
    ),
    st.fixed_dictionaries({"never": st.fixed_dictionaries({"in": _some(NAMES)})}),
    st.fixed_dictionaries({"watch": st.fixed_dictionaries({"in": _some(NAMES)})}),
    st.fixed_dictionaries(
        {
            "require": st.fixed_dictionaries(
                {
                    "roles": _some(tuple(str(role) for role in Role if role is not Role.UNKNOWN)),
                    "in": _some(NAMES),
                }
            )
        }
    ),
)
FORCES = st.sampled_from(
    [{"from": "2020-01-01T00:00:00Z"}, {"from": "2020-01-01T00:00:00Z", "until": "2025-01-01T00:00:00Z"}]
)
RULES = st.builds(
    lambda body, scope, force: {**body, "scope": scope, "in_force": force}, BODIES, SCOPES, FORCES
)
CONNECTIONS = st.builds(
    lambda **values: Given.model_validate({"id": "c", **values}, strict=False),
    role=st.sampled_from(Role),
    relay=st.sampled_from(COUNTRIES).map(lambda code: [code]),
    participant=st.sampled_from(COUNTRIES).map(lambda code: [code]),
    at=st.sampled_from(INSTANTS),
    minutes=st.just(0),
    home_region=st.sampled_from((*REGIONS, "elsewhere")),
    account=st.sampled_from((*ACCOUNTS, "other")),
    labels=st.fixed_dictionaries(
        {"cloud": st.sampled_from(("gov", "com", "x")), "plan": st.sampled_from(("free", "paid", "x"))}
    ),
    tier=st.sampled_from(Tier),
    attempt=st.integers(1, 5),
    failed_primaries=st.integers(0, 5),
    selection_reason=st.sampled_from((*REASONS, "other")),
    windows=st.lists(st.sampled_from(WINDOWS), unique=True),
)
