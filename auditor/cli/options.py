"""The options of the command line, each spelled once.

Paths have `readable=False`, so that whoever reads a file says why it cannot: Typer would call it a wrong
command line.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, get_args

import typer

from auditor.engine.logsets import fault_of_privacy
from auditor.engine.request import (
    DEFAULT_MAX_AGE_DAYS,
    DEFAULT_MIN_CONFIDENCE,
    HIGHEST_MAX_AGE_DAYS,
    HIGHEST_MAX_LISTED,
    Limit,
)
from auditor.geo.candidates import Trust
from auditor.model import Severity
from auditor.sources.language import Privacy
from auditor.sources.value_faults import is_zone, zone_fault


def instant_of(text: str) -> datetime:
    """Read an RFC 3339 instant with an offset, of this century. Raises typer.BadParameter."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"`{text}` is no instant, such as 2026-04-01T06:00:00Z") from None
    if instant.tzinfo is None:
        whole = text if "T" in text or " " in text else f"{text}T00:00:00"
        raise typer.BadParameter(f"`{text}` has no offset: write `{whole}Z` if it is UTC")
    if not 2000 <= instant.year < 2100:  # noqa: PLR2004  the years in which a log may be, too
        raise typer.BadParameter(f"`{text}` is outside 2000 to 2100")
    return instant.astimezone(UTC)


def limit_of(text: str | Limit) -> Limit:
    """Read a limit; one that is read already, as a default is, stays. Raises typer.BadParameter."""
    try:
        return text if isinstance(text, Limit) else Limit.of(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two words of an option, joined by `=`."""

    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Kept:
    """How a column of logs is kept."""

    column: str
    mode: Privacy


def addresses_of(text: str) -> Pair:
    """Read `PRIVATE=PUBLIC`, two addresses. Raises typer.BadParameter."""
    pair = _pair(text)
    for address in (pair.left, pair.right):
        try:
            ip_address(address)
        except ValueError:
            raise typer.BadParameter(f"`{address}` is no address, as in 10.0.0.5=203.0.113.5") from None
    return pair


def kept_of(text: str) -> Kept:
    """Read `COLUMN=keep`, `=hash` or `=network`. Raises typer.BadParameter."""
    pair = _pair(text)
    modes: dict[str, Privacy] = {mode: mode for mode in get_args(Privacy)}
    if pair.right not in modes:
        raise typer.BadParameter(f"`{pair.right}` is none of {', '.join(modes)}")
    if wrong := fault_of_privacy(pair.left, pair.right):
        raise typer.BadParameter(wrong)
    return Kept(pair.left, modes[pair.right])


def zone_of(text: str) -> str:
    """Read the name of a time zone. Raises typer.BadParameter."""
    if not is_zone(text):
        raise typer.BadParameter(": ".join(zone_fault(text)))
    return text


def _pair(text: str) -> Pair:
    left, mark, right = text.partition("=")
    if not (left and mark and right):
        raise typer.BadParameter(f"`{text}` is no pair of two words joined by `=`")
    return Pair(left, right)


Logs = Annotated[
    list[str] | None,
    typer.Argument(metavar="LOG", help="Files, globs and folders, mixed; default those of auditor.toml."),
]
FormatName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Format of all these logs, one of `auditor formats list`; else each is read by what it shows.",
    ),
]
Zone = Annotated[
    str | None,
    typer.Option(
        metavar="ZONE",
        parser=zone_of,
        help="Zone of times without an offset: an IANA name, or UTC.",
    ),
]
ServerStart = Annotated[
    datetime | None,
    typer.Option(
        metavar="TIME",
        parser=instant_of,
        help="When the server started whose log counts seconds from there, with offset.",
    ),
]
RelayPublicAddress = Annotated[
    list[Pair] | None,
    typer.Option(
        metavar="PRIVATE=PUBLIC",
        parser=addresses_of,
        help="Address that a relay behind translation logs, and the one that peers see; repeatable.",
    ),
]
PrivacyOf = Annotated[
    list[Kept] | None,
    typer.Option(
        metavar="COLUMN=MODE",
        parser=kept_of,
        help="`keep` a column as it is, keep its keyed `hash` or, of addresses of clients, their `network`; "
        "repeatable.",
    ),
]
PrivacyKey = Annotated[
    Path | None,
    typer.Option(metavar="FILE", readable=False, help="The organisation's key for hashes; never written."),
]
Rules = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="DIR", readable=False, help="Folder of rules; repeatable; default rules, in this folder."
    ),
]
Geo = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PATH",
        help="Location database or folder of them; `location:PATH` or `registration:PATH` where its type "
        "does not tell which, `location@VENDOR:PATH` where it does not tell who made it; repeatable. "
        "Else AUDITOR_GEO, else auditor.toml, else where geoipupdate puts them.",
    ),
]
Accounts = Annotated[
    Path | None, typer.Option(metavar="FILE", readable=False, help="Accounts and their home regions.")
]
Inventory = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", readable=False, help="The operator's own relays and sites; repeatable."),
]
MappingFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", readable=False, help="A mapping: how these logs name our columns."),
]
Config = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        readable=False,
        help="Settings; default auditor.toml in this folder. Options go before it.",
    ),
]
CloudRanges = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        readable=False,
        help="Published address ranges of AWS, Google, Azure or Oracle; repeatable.",
    ),
]
Geofeeds = Annotated[
    list[Path] | None,
    typer.Option(
        "--geofeed",
        metavar="FILE",
        readable=False,
        help="RFC 8805 geofeed with its date in its name; it may only add doubt; repeatable.",
    ),
]
Ledger = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", readable=False, help="Location ledger that `auditor geo record` has written."
    ),
]
SiteNames = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PROVIDER",
        help="Sites in the logs are regions of aws, google, azure, oracle or twilio; repeatable.",
    ),
]
Nat64 = Annotated[
    list[str] | None,
    typer.Option(
        "--nat64-prefix", metavar="PREFIX", help="Prefix of a NAT64 translator (RFC 6052); repeatable."
    ),
]
MinConfidence = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=0,
        max=100,
        help=f"Least confidence of a GeoIP2 Enterprise country; default {DEFAULT_MIN_CONFIDENCE}.",
    ),
]
TrustOption = Annotated[
    Trust | None,
    typer.Option(
        "--trust",
        help="`inventory`: lines based on contract, site visit or traceroute decide alone; default all.",
    ),
]
RelayLists = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        readable=False,
        help="Lists of relays that clients were handed: incidents name the entry; repeatable.",
    ),
]
MaxAge = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=0,
        max=HIGHEST_MAX_AGE_DAYS,
        help=f"How many days evidence of a place may lie from a call; default {DEFAULT_MAX_AGE_DAYS}.",
    ),
]
AsOf = Annotated[
    datetime | None,
    typer.Option(metavar="TIME", parser=instant_of, help="Clock of the run, with offset; default now."),
]
Out = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Run directory to make; default audit-<clock>.")
]
DemoOut = Annotated[Path, typer.Option(metavar="DIR", help="Run directory to make.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an earlier run at --out.")]
FailOn = Annotated[Severity, typer.Option(help="Least severity that makes the exit code 1 or 3.")]
MaxRejected = Annotated[
    Limit, typer.Option(metavar="N|N%", parser=limit_of, help="How many records may be unreadable.")
]
MaxUncovered = Annotated[
    Limit | None,
    typer.Option(metavar="N|N%", parser=limit_of, help="How many connections may fall under no rule."),
]
MaxIndeterminate = Annotated[
    int, typer.Option(metavar="N", min=0, help="How many findings may be left undetermined.")
]
MaxListed = Annotated[
    int,
    typer.Option(
        metavar="N", min=1, max=HIGHEST_MAX_LISTED, help="How many findings the report lists; files have all."
    ),
]
DocumentationIsPublic = Annotated[
    bool,
    typer.Option(
        "--documentation-is-public", help="Look up addresses reserved for documentation, as in the sample."
    ),
]
SkipRuleTests = Annotated[
    bool, typer.Option("--skip-rule-tests", help="Do not run the rules' own cases first; recorded.")
]
AllowDraft = Annotated[
    bool, typer.Option("--allow-draft", help="Audit also under draft rules; findings say `draft`.")
]
Workers = Annotated[int, typer.Option(metavar="N", min=1, help="How many processes judge.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
