"""The format of waiver files, and what is wrong between them and rules. Design: SEMANTICS.md, section 2."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator
from pydantic import ValidationInfo as Info

from auditor.documents import Document, Strict
from auditor.errors import Fault
from auditor.model import Role
from auditor.ruleset.fields import Distinct, Filled, Instant, RuleId, Spelled, Text, custom_error
from auditor.ruleset.interval import Stretch
from auditor.ruleset.networks import Network
from auditor.ruleset.schema import Effect
from auditor.text import nearest

LONGEST = timedelta(days=180)
"""A waiver stops counting so long after it was issued, at the latest."""

SHORTEST_REASON = 20
"""So many characters that are no blanks does a reason have, at the least."""

TO_FILL_IN: Mapping[str, str] = {
    "id": "a name for the waiver, as W-2026-014",
    "issued": "when it was decided, as 2026-05-04T09:00:00Z",
    "expires": f"when it stops counting, at most {LONGEST.days} days after `issued`",
    "reason": f"why these findings are borne, in at least {SHORTEST_REASON} characters",
    "ticket": "where the decision is on record",
    "requested_by": "who asks for the waiver",
    "approved_by": "who approves it: another person than the one who asks",
}
"""What only a person can say, and so no draft says."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}", re.ASCII)

_WHY_NOT: Mapping[object, str] = {
    Effect.NEVER: "a `never` rule, which nothing excuses",
    Effect.WATCH: "a `watch` rule, which has no findings",
}


def _filled_in(key: str) -> BeforeValidator:
    """Say of a value that a draft leaves blank what a person must fill in."""

    def filled_in(written: object) -> object:
        if written is None or (isinstance(written, str) and not written.strip()):
            raise custom_error("is blank", hint=TO_FILL_IN[key])
        return written

    return BeforeValidator(filled_in)


def _formed(waiver_id: str) -> str:
    if not is_waiver_id(waiver_id):
        hint = "up to 64 of letters, digits and hyphens, as W-2026-014"
        raise custom_error(f"`{waiver_id}` is no id of a waiver", hint=hint)
    return waiver_id


WaiverId = Annotated[str, AfterValidator(_formed), _filled_in("id")]


class Match(Strict):
    """Which findings a waiver is about: all keys that are given must fit."""

    call: Text | None = None
    account: Spelled | None = None
    relay_in: Annotated[tuple[Network, ...], Filled, Distinct] | None = None
    roles: Annotated[tuple[Role, ...], Filled, Distinct] | None = None

    @model_validator(mode="after")
    def _is_about_something(self) -> Self:
        if self.call is None and self.account is None and self.relay_in is None:
            raise custom_error("needs at least one of `call`, `account` and `relay_in`")
        return self


class Extent(Strict):
    """Which findings a waiver is laid over. `covers` is when they begin."""

    rule: RuleId
    match: Match
    covers: Stretch


class Waiver(Extent):
    """A dated, reasoned decision of two persons. If it fits more than `max_findings`, it is void for all."""

    schema_: Literal["auditor/waiver@1"] = Field(alias="schema")
    id: WaiverId
    max_findings: Annotated[int, Field(ge=1)]
    issued: Annotated[Instant, _filled_in("issued")]
    expires: Annotated[Instant, _filled_in("expires")]
    reason: Annotated[Text, _filled_in("reason")]
    ticket: Annotated[Text, _filled_in("ticket")]
    requested_by: Annotated[Text, _filled_in("requested_by")]
    approved_by: Annotated[Text, _filled_in("approved_by")]

    @field_validator("expires")
    @classmethod
    def _counts_for_a_while(cls, expires: datetime, info: Info) -> datetime:
        issued = info.data.get("issued")
        if issued is not None and expires <= issued:
            raise custom_error("is not after `issued`")
        if issued is not None and expires - issued > LONGEST:
            latest = f"the latest is {(issued + LONGEST).isoformat().replace('+00:00', 'Z')}; renew it then"
            raise custom_error(f"is more than {LONGEST.days} days after `issued`", hint=latest)
        return expires

    @field_validator("reason")
    @classmethod
    def _is_a_reason(cls, reason: str) -> str:
        length = len("".join(reason.split()))
        if length < SHORTEST_REASON:
            raise custom_error(
                f"has {length} characters that are no blanks, and needs {SHORTEST_REASON}",
                hint="say why, and on what ground",
            )
        return reason

    @field_validator("approved_by")
    @classmethod
    def _is_another_person(cls, approved_by: str, info: Info) -> str:
        if _person(approved_by) == _person(info.data.get("requested_by", "")):
            raise custom_error(
                f"`{approved_by}` is also who asks for it", hint="another person approves a waiver"
            )
        return approved_by


def is_waiver_id(text: str) -> bool:
    """Tell whether a waiver may be named so."""
    return _ID.fullmatch(text) is not None


def faults_among_waivers(
    waivers: Sequence[Document], rules_by_id: Mapping[str, Document], *, all_known: bool = True
) -> Iterator[Fault]:
    """Find what is wrong between waivers and rules, also of files with other faults.

    A rule that gives no effect has that of the rule that it extends. `all_known` is false where a file of
    rules could not be read, so that a waiver may name its rule.
    """
    first: dict[str, str] = {}
    for document in waivers:
        yield from _borne_twice(document, first)
        rule_id = document.data.get("rule")
        if not isinstance(rule_id, str):
            continue
        place = document.place(("rule",))
        if rule_id not in rules_by_id:
            if all_known:
                yield Fault(place, f"rule: `{rule_id}` is no rule", nearest(rule_id, rules_by_id))
        elif why_not := _WHY_NOT.get(_effect_of(rule_id, rules_by_id)):
            yield Fault(place, f"rule: `{rule_id}` is {why_not}", "take the waiver away")


def _borne_twice(document: Document, first: dict[str, str]) -> Iterator[Fault]:
    waiver_id = document.data.get("id")
    if not isinstance(waiver_id, str) or not waiver_id.strip():
        return
    place = document.place_of_key(("id",))
    if waiver_id in first:
        text = f"`{waiver_id}` stands also in {first[waiver_id]}"
        yield Fault(place, text, "ids are unique among all that is loaded")
    first.setdefault(waiver_id, place)


def _effect_of(rule_id: str, rules_by_id: Mapping[str, Document]) -> object:
    """Find the effect that a rule gives, or takes from what it extends; circles end without one."""
    passed: set[object] = set()
    name: object = rule_id
    while isinstance(name, str) and name in rules_by_id and name not in passed:
        passed.add(name)
        rule = rules_by_id[name].data
        if "effect" in rule:
            effect = rule["effect"]
            return effect if isinstance(effect, str) else None
        name = rule.get("extends")
    return None


def _person(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
