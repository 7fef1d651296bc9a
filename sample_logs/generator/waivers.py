"""The waivers of the sample, and what becomes of each at the clock of the demo.

Design: SEMANTICS.md, section 3, *Waivers*. They are stated here a second time, as the rules are.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from .congestion import BUSY, MEETING
from .places import SITES
from .values import Connection, utc

CLOCK = utc(2020, 4, 27, 6)
"""When the demo looks."""

_SOON = timedelta(days=30)
_IN_FORCE, _EXPIRING, _EXPIRED = "in_force", "expiring", "expired"


@dataclass(frozen=True, slots=True)
class Waiver:
    """A waiver: for calls of an account, or through the relays of a site, that began in `[since, until)`."""

    id: str
    rule: str
    since: datetime
    until: datetime
    issued: datetime
    expires: datetime
    max_findings: int
    account: str | None = None
    site: str | None = None

    def fits(self, connection: Connection) -> bool:
        """Tell whether it is about a connection."""
        return (
            self.since <= connection.facts.started_at < self.until
            and self.account in (None, connection.logged["account_id"])
            and (self.site is None or _lies_at(connection.logged["relay_ip"], self.site))
        )

    @property
    def standing(self) -> str:
        """Compare it with the clock; each was issued before."""
        if self.expires <= CLOCK:
            return _EXPIRED
        return _EXPIRING if self.expires - CLOCK <= _SOON else _IN_FORCE

    def state(self, fits: int) -> str:
        """Say what becomes of it, if it fits so many findings."""
        if self.standing == _EXPIRED:
            return "expired_but_matching" if fits else "expired"
        if fits > self.max_findings:
            return "void"
        return "used" if fits else "unused"

    @property
    def expiring(self) -> bool:
        """Tell whether it counts at the clock, and not for long."""
        return self.standing == _EXPIRING


def _lies_at(relay_ip: object, site: str) -> bool:
    try:
        return ip_address(str(relay_ip)) in ip_network(SITES[site].prefix)
    except ValueError:
        return False


_PROMISE = utc(2020, 4, 3)

WAIVERS = (
    Waiver(
        "W-2020-01",
        "eu-fence-2020",
        utc(2020, 3, 26),
        utc(2020, 3, 27),
        issued=utc(2020, 4, 20, 9),
        expires=utc(2020, 10, 1),
        max_findings=5,
        account=MEETING,
    ),
    Waiver(
        "W-2020-02",
        "us-home-fence",
        _PROMISE,
        utc(2020, 4, 11),
        issued=utc(2020, 4, 6, 15),
        expires=utc(2020, 4, 20),
        max_findings=40,
        site="VAN-1",
    ),
    Waiver(
        "W-2020-03",
        "eu-fence-2020",
        utc(2020, 4, 20),
        utc(2020, 4, 25),
        issued=utc(2020, 4, 17, 10),
        expires=utc(2020, 9, 1),
        max_findings=10,
        account=BUSY,
    ),
    Waiver(
        "W-2020-04",
        "us-home-fence",
        _PROMISE,
        utc(2020, 4, 6),
        issued=utc(2020, 4, 6, 15),
        expires=utc(2020, 5, 11),
        max_findings=20,
        site="TOR-1",
    ),
    Waiver(
        "W-2020-05",
        "us-home-fence",
        _PROMISE,
        utc(2020, 4, 11),
        issued=utc(2020, 4, 14, 8),
        expires=utc(2020, 10, 1),
        max_findings=5,
        site="AMS-1",
    ),
)
"""One of each kind: used, expired but matching, unused, used and expiring, void."""
