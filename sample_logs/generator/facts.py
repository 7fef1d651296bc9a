"""What can be true of a connection, and the lists of places, roles and regions by which rules ask for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


def listed(words: str) -> frozenset[str]:
    """Read a list of words."""
    return frozenset(words.split())


ROLES = listed("media turn signaling keys recording gateway transcription storage edge_transit unknown")
UNKNOWN_ROLE = "unknown"

EEA_GDPR = listed(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK "
    "AX GF GP MF MQ RE YT IS LI NO GB GI"
)
"""As it was from 31 January to 31 December 2020: with the United Kingdom, in transition."""

MAINLAND = listed("CN")
GREATER_CHINA = MAINLAND | listed("HK MO TW")
EVERYWHERE = EEA_GDPR | GREATER_CHINA | listed("CH US CA MX BR AU NZ IN SG JP KR AE elsewhere")
"""Every country that a rule or the sample names, and one that stands for all others, which behave alike."""

REGIONS = listed("US EU CA AU IN CN JP elsewhere")


@dataclass(frozen=True, slots=True)
class Among:
    """The listed values or, `negated`, all but these."""

    values: frozenset[str]
    negated: bool = False

    def __contains__(self, value: str) -> bool:
        return (value in self.values) is not self.negated

    def answers(self, candidates: Iterable[str]) -> frozenset[bool]:
        """Ask of each candidate whether it is among them."""
        return frozenset(value in self for value in candidates)


def among(words: str) -> Among:
    """Mean these values."""
    return Among(listed(words))


ANYTHING = Among(frozenset(), negated=True)
NOTHING = Among(frozenset())
OUTSIDE_CHINA = Among(MAINLAND, negated=True)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of a connection, as far as the evidence goes.

    `home_region`, `tier` and `failed_primaries` are None where nothing tells.
    """

    relay: frozenset[str]
    participant: frozenset[str]
    home_region: str | None
    role: str
    started_at: datetime
    ended_at: datetime | None
    use_proved: bool = True
    tier: str | None = "primary"
    failed_primaries: int | None = 0

    @property
    def homes(self) -> frozenset[str]:
        """Give the home regions that are left open."""
        return REGIONS if self.home_region is None else frozenset((self.home_region,))

    @property
    def roles(self) -> frozenset[str]:
        """Give the roles that are left open: an unknown one may be any."""
        return ROLES if self.role == UNKNOWN_ROLE else frozenset((self.role,))
