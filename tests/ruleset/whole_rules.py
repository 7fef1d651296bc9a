"""Rules of every kind, as plain values, with all that can be said in them."""

from collections.abc import Mapping
from typing import Any

Values = Mapping[str, Any]

GROUPS: dict[str, dict[str, Any]] = {
    "CN_MAINLAND": {"members": [{"code": "CN"}]},
    "CN_US_DSP": {"include": ["CN_MAINLAND"], "members": [{"code": "HK"}, {"code": "MO"}]},
    "DATED": {"members": [{"code": "FR"}, {"code": "NO", "from": "2023-07-10T00:00:00Z"}]},
    "ENDING": {"members": [{"code": "GB", "until": "2027-01-01T00:00:00Z"}]},
    "EMPTY": {"members": []},
    "EQUAL": {"members": [{"code": "CN"}]},
}
WHEN = {"tier": ["fallback"], "failed_primaries_min": 2, "in_window": "busy"}
CLAUSE = {
    "id": "busy",
    "why": "calls go on",
    "roles": ["media", "signaling"],
    "when": WHEN,
    "allow": ["US", "ENDING"],
    "limits": {
        "connections_per_call": 2,
        "minutes_per_call": 30,
        "share_of_calls": {"max": 0.1, "per": "account", "over": "day"},
    },
}
DATES = {"from": "2021-01-01T00:00:00Z", "until": "2030-01-01T00:00:00Z"}
FENCE = {
    "fence": {"allow": ["DE"]},
    "scope": {"home_region": ["EU"], "roles": ["media", "signaling", "keys"]},
    "in_force": DATES,
    "exceptions": [CLAUSE],
}
AGAIN = {
    "fence": {"allow": ["DE"]},
    "exceptions": [
        {
            "id": "again",
            "why": "calls go on",
            "when": {"attempt_min": 3, "selection_reason": ["congestion"]},
            "allow": ["US"],
        }
    ],
}
SCOPE = {
    "fence": {"allow": ["DE", "DATED", "ENDING"]},
    "scope": {
        "home_region": ["EU", "CH"],
        "roles": ["media", "signaling", "keys"],
        "participant": {"not_in": ["CN_MAINLAND"]},
        "must_observe": ["keys", "media"],
    },
    "in_force": DATES,
}
WHOM = {
    "fence": {"allow": ["DE"]},
    "scope": {"accounts": ["a-1"], "labels": {"cloud": ["gov"], "plan": ["paid"]}},
}
ODD = {
    "fence": {"allow": ["NO"]},
    "scope": {
        "home_region": ["null", "NO"],
        "roles": ["media"],
        "accounts": ["account", "a: #1"],
        "labels": {"1a": ['"quoted"', "other"], "true": ["\u00e9\u2028\u0007"]},
    },
}
NEVER = {"never": {"in": ["CN_MAINLAND"]}}
FORBID = {"fence": {"forbid": ["CN", "RU"]}, "scope": {"home_region": {"not_in": ["CN", "RU"]}}}
REQUIRE = {
    "require": {"roles": ["recording", "storage"], "in": ["CN_US_DSP"]},
    "scope": {"participant": {"in": ["DE"]}},
}
WATCH = {"watch": {"in": ["CN", "RU"]}}
