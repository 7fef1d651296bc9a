"""Which findings are waived, and how each waiver stands: SEMANTICS.md, section 3, *Waivers*."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from tests.reference.world import Waiver, covers

SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Found:
    """What a waiver asks of a finding; None is not known, and fits nothing."""

    rule_id: str
    verdict: str
    start: datetime
    call_id: str | None = None
    account_id: str | None = None
    relay_ip: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a waiver stands at the run's clock; `expiring`: it counts, and ends within 30 days."""

    state: str
    fits: int
    expiring: bool


@dataclass(frozen=True, slots=True)
class Overlay:
    """The waiver of each finding, in order, or None; and the standing of each waiver by its id."""

    waived_by: tuple[str | None, ...]
    standings: dict[str, Standing]


def overlay(waivers: Sequence[Waiver], findings: Sequence[Found], as_of: datetime) -> Overlay:
    """Lay waivers over findings. Of several that fit, the one with the smallest id is named."""
    fitting = {waiver["id"]: [fits(waiver, finding) for finding in findings] for waiver in waivers}
    standings = {waiver["id"]: standing(waiver, sum(fitting[waiver["id"]]), as_of) for waiver in waivers}
    used = sorted(name for name, found in standings.items() if found.state == "used")
    return Overlay(
        tuple(next((name for name in used if fitting[name][n]), None) for n in range(len(findings))),
        standings,
    )


def fits(waiver: Waiver, finding: Found) -> bool:
    """Tell whether a finding is one that a waiver speaks of."""
    match = waiver["match"]
    return (
        finding.verdict in ("violation", "indeterminate")
        and finding.rule_id == waiver["rule"]
        and covers(waiver["covers"]["from"], waiver["covers"]["until"], finding.start)
        and ("call" not in match or finding.call_id == match["call"])
        and ("account" not in match or finding.account_id == match["account"])
        and ("roles" not in match or finding.role in match["roles"])
        and ("relay_in" not in match or lies_in(finding.relay_ip, match["relay_in"]))
    )


def lies_in(text: str | None, networks: Sequence[str]) -> bool:
    """Tell whether an address lies in one of the networks; what is no address lies in none."""
    try:
        address: IPv4Address | IPv6Address = ip_address(text or "")
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in ip_network(network) for network in networks)


def standing(waiver: Waiver, fit: int, as_of: datetime) -> Standing:
    """Say how a waiver stands that so many findings fit."""
    if as_of < waiver["issued"]:
        return Standing("not_yet_issued", fit, expiring=False)
    if as_of >= waiver["expires"]:
        return Standing("expired_but_matching" if fit else "expired", fit, expiring=False)
    expiring = waiver["expires"] - as_of <= SOON
    if fit > waiver["max_findings"]:
        return Standing("void", fit, expiring=expiring)
    return Standing("used" if fit else "unused", fit, expiring=expiring)
