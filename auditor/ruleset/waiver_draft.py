"""Findings → the draft of a waiver over them, with blanks for what only persons can say."""

import json
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

import polars as pl
from pydantic import ValidationError

from auditor.errors import Fault
from auditor.model import ROLE
from auditor.ruleset.networks import address_of
from auditor.ruleset.waiver_schema import TO_FILL_IN, Extent, Match
from auditor.ruleset.waivers import fitting_of

FEW_RELAYS = 16
"""A draft names so many relays one by one, at the most."""

_FEWER = "choose fewer: those of one call, account or incident"
_ESCAPES = ((0xFF, "x", 2), (0xFFFF, "u", 4), (0x10FFFF, "U", 8))


@dataclass(frozen=True, slots=True)
class Draft:
    """What the findings chosen for a waiver share. `fits` counts all findings that it would be laid over."""

    extent: Extent
    chosen: int
    fits: int

    @property
    def counted(self) -> str:
        """Say how many findings were chosen, and how many others fit."""
        others = self.fits - self.chosen
        also = f"; {others:,} that {'was' if others == 1 else 'were'} not chosen fit it too" if others else ""
        return f"made from {self.chosen:,} finding{'' if self.chosen == 1 else 's'}{also}"

    def text(self, waiver_id: str | None) -> str:
        """Write the draft as a waiver file, whose blanks are faults until they are filled in."""
        return "\n".join(self._lines(waiver_id)) + "\n"

    def _lines(self, waiver_id: str | None) -> Iterator[str]:
        covers = self.extent.covers
        yield f"# A draft, {self.counted}."
        yield "# Fill in what is blank. Until then no rules beside it can be loaded."
        yield "schema: auditor/waiver@1"
        yield _blank("id") if waiver_id is None else f"id: {quoted(waiver_id)}"
        yield f"rule: {quoted(self.extent.rule)}"
        yield "match:"
        yield from _match_lines(self.extent.match)
        yield f"covers: {{from: {quoted(_written(covers.from_))}, until: {quoted(_written(covers.until))}}}"
        yield f"max_findings: {self.fits}  # if it ever fits more, it is void for all"
        yield from (_blank(key) for key in TO_FILL_IN if key != "id")


def draft_of(
    chosen: pl.LazyFrame, findings: pl.LazyFrame, *, never: AbstractSet[str] = frozenset()
) -> Draft | Fault:
    """Draft a waiver over what the chosen findings share: call, else account; the relays if few; the roles.

    `chosen` are rows of `findings` that have a verdict that may be waived; `never` are the rules that nothing
    excuses. It is a fault if none is chosen, if they are of several rules or of such a one, or if they share
    nothing by which a waiver could tell them from others.
    """
    by_rule = chosen.group_by("rule_id").len().sort("rule_id").collect(engine="streaming")
    fault = _fault_of(dict(by_rule.iter_rows()), never)
    if fault:
        return fault
    (rule_id, count), *_ = by_rule.iter_rows()
    shared = _shared_by(chosen)
    match = _match_of(shared)
    if not match.keys() & {"call", "account", "relay_in"}:
        return Fault("", "what is chosen shares neither call nor account, nor a few relays", _FEWER)
    try:
        extent = _extent_of(rule_id, match, shared)
    except ValidationError as error:
        return Fault("", f"the findings are not as a run writes them: {error.errors()[0]['msg']}")
    return Draft(extent, count, fitting_of({"draft": extent}, findings).counts["draft"])


def quoted(text: str) -> str:
    """Write any text as a YAML scalar of one line, which reads back as just this text."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    letter, digits = next((letter, digits) for top, letter, digits in _ESCAPES if ord(character) <= top)
    return f"\\{letter}{ord(character):0{digits}X}"


def _match_lines(match: Match) -> Iterator[str]:
    for key, value in match.model_dump(mode="json", exclude_none=True).items():
        text = quoted(value) if isinstance(value, str) else f"[{', '.join(map(quoted, value))}]"
        yield f"  {key}: {text}"


def _blank(key: str) -> str:
    return f"{key}:  # {TO_FILL_IN[key]}"


def _written(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _fault_of(counts: Mapping[str, int], never: AbstractSet[str]) -> Fault | None:
    """Say why findings of these rules cannot be waived together."""
    if not counts:
        hint = "violations and findings that are not determined can be waived"
        return Fault("", "no finding is chosen that can be waived", hint)
    if len(counts) > 1:
        rules = (
            f"`{rule_id}` ({count:,}{', a `never` rule' if rule_id in never else ''})"
            for rule_id, count in counts.items()
        )
        text = f"the findings are of {len(counts)} rules, and a waiver is of one: {', '.join(rules)}"
        return Fault("", text, "choose one with `--rule`")
    (rule_id,) = counts
    if rule_id in never:
        return Fault(
            "", f"`{rule_id}` is a `never` rule: nothing excuses it, and no waiver can be laid over it"
        )
    return None


def _shared_by(chosen: pl.LazyFrame) -> Mapping[str, Any]:
    """Collect what the findings share. `relays` is cut short after one more than a few."""
    return (
        chosen.select(
            call=_same("call_id"),
            account=_same("account_id"),
            relays=pl.col("relay_ip").unique().head(FEW_RELAYS + 1).implode(),
            roles=pl.col("role").cast(ROLE).unique().sort().implode(),
            first=pl.col("started_at").min(),
            last=pl.col("started_at").max(),
        )
        .collect(engine="streaming")
        .row(0, named=True)
    )


def _same(column: str) -> pl.Expr:
    values = pl.col(column)
    return pl.when((values.null_count() == 0) & (values.min() == values.max())).then(values.min())


def _match_of(shared: Mapping[str, Any]) -> dict[str, object]:
    match: dict[str, object] = {} if None in shared["roles"] else {"roles": shared["roles"]}
    name = next((key for key in ("call", "account") if (shared[key] or "").strip()), None)
    if name is not None:
        match[name] = shared[name]
    if networks := _networks_of(shared["relays"]):
        match["relay_in"] = networks
    return match


def _networks_of(relays: list[str | None]) -> list[str]:
    """Name each relay as a network of one address, or none if some are no addresses, or they are many."""
    addresses = {address_of(text) if text is not None else None for text in relays}
    if None in addresses or len(relays) > FEW_RELAYS:
        return []
    networks = (ip_network(address) for address in addresses if address is not None)
    return [str(one) for one in sorted(networks, key=lambda one: (one.version, int(one.network_address)))]


def _extent_of(rule_id: str, match: Mapping[str, object], shared: Mapping[str, Any]) -> Extent:
    after = (shared["last"] + timedelta(seconds=1)).replace(microsecond=0)
    covers = {"from": _written(shared["first"]), "until": _written(after)}
    return Extent.model_validate_json(json.dumps({"rule": rule_id, "match": match, "covers": covers}))
