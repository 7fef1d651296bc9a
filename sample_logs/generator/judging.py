"""What each rule says of each planted connection, and that it says what it is meant to say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .exceptions import Leave
from .facts import Facts
from .limits import Place, Standings, standings_of
from .rules import RULES, verdict_of
from .values import Connection, Entry

_FALLBACK_RULE = "eu-fence-2020"
"""Of which `Connection.meant` speaks."""

_LIMIT_WORDS = {"over": "over_limit", "open": "limit_open"}
_LACKING_WORDS = {"no call": "call_unknown", "no account": "account_unknown"}
_COUNTED_WORDS = ("exception", *_LIMIT_WORDS.values(), *_LACKING_WORDS.values(), "late_declared")


@dataclass(frozen=True, slots=True)
class Log:
    """The entries of one file, in order, and how its records are numbered."""

    name: str
    entries: Sequence[Entry]
    header: bool = False
    blank_lines_count: bool = False

    def numbered(self) -> list[tuple[int, Entry]]:
        """Give each entry that is a record its number."""
        records = [entry for entry in self.entries if entry.connection or self.blank_lines_count]
        return list(enumerate(records, start=2 if self.header else 1))


@dataclass(frozen=True, slots=True)
class Judged:
    """A connection where it was planted, with the verdict of each rule.

    `words` say, for a possible use of a rule's exception, how it stands to the limits.
    """

    log: str
    record: int
    connection: Connection
    verdicts: Mapping[str, str]
    words: Mapping[str, tuple[str, ...]]


def judged_in(logs: Sequence[Log]) -> list[Judged]:
    """Judge all connections that can be read, and see that each is judged as it is meant to be."""
    planted = {(log.name, record): connection for log in logs for record, connection in read_in(log)}
    counted = {rule.id: standings_of(rule, rule.leave, planted) for rule in RULES if rule.leave}
    judged = [
        _judged(place, connection, {rule: standings.get(place) for rule, standings in counted.items()})
        for place, connection in planted.items()
    ]
    for one in judged:
        _see_to_the_meaning(one)
    return judged


def read_in(log: Log) -> Iterator[tuple[int, Connection]]:
    """Give the connections that can be read, with the numbers of their records."""
    for record, entry in log.numbered():
        if entry.connection is not None and entry.reject is None:
            yield record, entry.connection


def _judged(place: Place, connection: Connection, counted: Mapping[str, Standings | None]) -> Judged:
    facts = connection.facts
    verdicts = {rule.id: verdict_of(rule, facts, _comes_of(counted.get(rule.id) or {})) for rule in RULES}
    words = {
        rule.id: tuple(sorted(_words(rule.leave, facts, standings)))
        for rule in RULES
        if rule.leave and (standings := counted.get(rule.id))
    }
    return Judged(*place, connection, verdicts, words)


def _comes_of(standings: Standings) -> frozenset[str]:
    """Say what a use comes to, by the worst of its limits."""
    found = set(standings.values())
    if "over" in found:
        return frozenset(("violation",))
    return frozenset(("excused", "violation")) if found - {"within"} else frozenset(("excused",))


def _words(leave: Leave, facts: Facts, standings: Standings) -> Iterator[str]:
    """Say what is said of the exception that takes a connection."""
    yield f"exception:{leave.id}"
    for limit, standing in standings.items():
        if standing in _LIMIT_WORDS:
            yield f"{_LIMIT_WORDS[standing]}:{leave.id}:{limit}"
    lacking = set(standings.values())
    yield from (word for standing, word in _LACKING_WORDS.items() if standing in lacking)
    if any(leave.leans_on_late(home, facts.started_at) for home in facts.homes):
        yield "late_declared"


def _see_to_the_meaning(one: Judged) -> None:
    """Raise AssertionError where a connection was meant to be judged in another way than it is counted."""
    if not one.connection.meant:
        return
    verdict, *words = one.connection.meant
    counted = {word for word in words if word.partition(":")[0] in _COUNTED_WORDS}
    found = one.verdicts[_FALLBACK_RULE], set(one.words.get(_FALLBACK_RULE, ()))
    if found != (verdict, counted):
        raise AssertionError(f"{one.connection.story}: meant as {one.connection.meant}, and comes to {found}")
