"""What the exceptions of a rule say of one connection: which took it, and why others did not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from auditor.evidence.manifest import ExceptionApplied, RuleApplied, WindowApplied
from auditor.report import catalogue
from auditor.report.numerals import counted, listed, whole
from auditor.report.phrase import Logged, Phrase, fill, joined
from auditor.report.windows import window_sentence, windows_behind

Row = Mapping[str, Any]

NO_EXCEPTIONS = "This rule has no exceptions."
_TIERS = {"fallback": "a fallback", "primary": "a primary one"}
_CANNOT_BE_COUNTED = {"call_unknown": "call", "account_unknown": "account"}


def has_no_exceptions(finding: Row, rule: RuleApplied) -> bool:
    """Tell whether a connection needs an excuse, and the rule has none to offer."""
    return _needs_excuse(finding) and rule.effect in ("never", "fence") and not rule.exceptions


def exception_sentences(
    finding: Row, rule: RuleApplied, windows: Sequence[WindowApplied] = ()
) -> Iterator[Phrase]:
    """Go through a rule's exceptions in their order, as far as the finding's row and the rule tell.

    One that takes the connection is followed by the windows that it leans on, of those declared.

    Nothing is said of a connection that needs no excuse, nor of exceptions after one that takes it: but where
    the verdict is not determined, another case may be left open for them.
    """
    if not _needs_excuse(finding):
        return
    taken = False
    for exception in rule.exceptions:
        use = _Use(exception, finding)
        if use.took:
            yield use.taken()
            for window in windows_behind(exception, finding, windows):
                yield window_sentence(window, finding)
        elif not taken or (finding["verdict"] == "indeterminate" and use.failed()):
            yield use.passed_over()
        taken = taken or use.took


def _needs_excuse(finding: Row) -> bool:
    return finding["verdict"] not in ("compliant", "not_applicable")


def limit_words(exception: ExceptionApplied) -> dict[str, str]:
    """Say how much an exception excuses, by the kind of limit."""
    words = {}
    if exception.connections_per_call is not None:
        words["connections_per_call"] = (
            f"at most {counted(exception.connections_per_call, 'connection')} a call"
        )
    if exception.minutes_per_call is not None:
        unit = "minute" if exception.minutes_per_call == "1" else "minutes"
        words["minutes_per_call"] = f"at most {exception.minutes_per_call} {unit} a call"
    if exception.share_of_calls is not None:
        share = f"{(Decimal(exception.share_of_calls) * 100).normalize():f}"
        words["share_of_calls"] = f"at most {share} % of the account’s calls of a UTC day"  # noqa: RUF001  apostrophe of print
    return words


def _named(limits: Sequence[str]) -> str:
    return "the limit" if len(limits) == 1 else "the limits"


@dataclass(frozen=True, slots=True)
class _Use:
    """One exception before one connection."""

    exception: ExceptionApplied
    finding: Row

    @property
    def took(self) -> bool:
        """Tell whether it takes the connection, in some case that the evidence leaves open."""
        return f"exception:{self.exception.exception_id}" in self._reasons

    @property
    def _reasons(self) -> Sequence[str]:
        return self.finding.get("reasons") or ()

    def taken(self) -> Phrase:
        """Say what became of a connection that the exception takes."""
        limits = limit_words(self.exception)
        name = self.exception.exception_id
        if self.finding["verdict"] == "excused":
            why = self.exception.why.strip().rstrip(".")
            within = f", within its limits: {listed(list(limits.values()))}" if limits else ""
            return fill(
                "Exception {name} excuses it{within}. Why there is one: {why}.",
                name=name,
                within=within,
                why=why,
            )
        if over := self._limits("over_limit", limits):
            return fill(
                "Exception {name} would excuse it, but it is over {limit}: {over}.{all}",
                name=name,
                limit=_named(over),
                over=listed(over),
                all=" Once a limit is over, nothing that it counts is excused."
                if self.exception.overflow == "all"
                else "",
            )
        if still_open := self._limits("limit_open", limits):
            text = (
                "Exception {name} may excuse it: whether it is within {limit} is not established: {limits}."
            )
            return fill(text, name=name, limit=_named(still_open), limits=listed(still_open))
        lacks = [what for reason, what in _CANNOT_BE_COUNTED.items() if limits and reason in self._reasons]
        if lacks:
            text = "Exception {name} may excuse it, but its limits cannot be counted without the {lacks} ID."
            return fill(text, name=name, lacks=listed(lacks))
        return fill("Exception {name} excuses it in some of the cases that are left open.", name=name)

    def passed_over(self) -> Phrase:
        """Say why the exception does not take the connection."""
        why = joined(self.failed(), "; ") or self._by_elimination()
        return fill("Exception {name} does not excuse it: {why}.", name=self.exception.exception_id, why=why)

    def _limits(self, kind: str, limits: Mapping[str, str]) -> list[str]:
        start = f"{kind}:{self.exception.exception_id}:"
        kinds = [reason.removeprefix(start) for reason in self._reasons if reason.startswith(start)]
        return [limits.get(each, each.replace("_", " ")) for each in kinds]

    def failed(self) -> list[Phrase]:
        """Find the conditions that surely do not hold; what the log does not say fails none."""
        return [*self._failed_by_role_and_tier(), *self._failed_by_count(), *self._failed_by_reason()]

    def _failed_by_role_and_tier(self) -> Iterator[Phrase]:
        asked, role, tier = self.exception, self.finding.get("role") or "unknown", self.finding.get("tier")
        if asked.roles is not None and role not in ("unknown", *asked.roles):
            roles = listed([catalogue.ROLES.get(each, each) for each in asked.roles], "or")
            yield fill("it is for {roles}, not for {role}", roles=roles, role=catalogue.ROLES[role])
        if asked.tier is not None and tier is not None and tier not in asked.tier:
            yield fill("the relay was {tier}", tier=_TIERS[tier])

    def _failed_by_count(self) -> Iterator[Phrase]:
        attempt, least = self.finding.get("attempt"), self.exception.attempt_min
        if least is not None and attempt is not None and attempt < least:
            text = "it was attempt {was}, and {least} or a later one is asked for"
            yield fill(text, was=whole(attempt), least=whole(least))
        failures, least = self.finding.get("failed_primaries"), self.exception.failed_primaries_min
        if least is not None and failures is not None and failures < least:
            text = "{had} had failed, and at least {least} must have"
            yield fill(text, had=counted(failures, "primary", "primaries"), least=whole(least))

    def _failed_by_reason(self) -> Iterator[Phrase]:
        reason, asked = self.finding.get("selection_reason"), self.exception.selection_reason
        if asked is not None and reason is not None and reason not in asked:
            text = "the reason logged for choosing the relay is “{reason}”, not {asked}"
            yield fill(text, reason=Logged(reason), asked=listed([f"“{each}”" for each in asked], "or"))

    def _by_elimination(self) -> Phrase:
        """Conclude what no column says, from all that it can be."""
        allowed = listed(self.exception.allow, "or")
        reasons = [f"no place that is left open outside the fence is in {allowed}"]
        if self.exception.in_window:
            reasons.append(f"no declared window {self.exception.in_window} held at its start")
        return fill("{reasons}", reasons=listed(reasons, "or"))
