"""Cases that catch many mutants at once: a relay, or a participant, that may be in many places.

Of a relay that is in one of several places a rule says what it says of each of them, if it treats them alike.
A mutant that treats one of them otherwise leaves it open.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from auditor.countries import COUNTRIES
from auditor.ruleset.mutants.edits import SITES, named_places
from auditor.ruleset.mutants.mutation import Bench, Mutant
from auditor.ruleset.mutants.sketches import Rows
from auditor.ruleset.mutants.suggestion import Meets, Suggestion, case_of
from auditor.ruleset.table import Subject

Kind = Literal["relay", "participant"]

_KINDS: tuple[Kind, ...] = ("relay", "participant")


@dataclass(frozen=True, slots=True)
class Widening:
    """Widens cases of a rule, so that they catch more of some mutants. `names` are those of other cases."""

    subject: Subject
    mutants: Sequence[Mutant]
    names: Collection[str]

    def of(self, found: Suggestion, meets: Meets) -> Suggestion:
        """Let the first connection of a case be in more places, if the case then catches more.

        What it is suggested for, and all that it expects, stay.
        """
        for kind in _KINDS:
            if isinstance(found.rows[0].get(kind), list):
                found = self._wider(kind, found, meets)
        return found

    def _wider(self, kind: Kind, found: Suggestion, meets: Meets) -> Suggestion:
        written, at = found.rows[0][kind], found.case.given[0].at
        alike = _alike(kind, written, self.subject, at)
        turned = [(one, _turned(kind, one.subject, self.subject, at) & alike) for one in self.mutants]
        told_apart = [(one, codes) for one, codes in turned if codes]
        most = self._made(kind, found, _enough(written, [codes for _, codes in told_apart]), meets)
        if most is None:
            return found
        was, becomes = Bench([found.case]), Bench([most.case])
        gained = [
            codes
            for one, codes in told_apart
            if becomes.catcher_of(one.subject) and not was.catcher_of(one.subject)
        ]
        return (self._made(kind, found, _enough(written, gained), meets) if gained else None) or found

    def _made(self, kind: Kind, found: Suggestion, codes: Sequence[str], meets: Meets) -> Suggestion | None:
        """Make the case anew; None: it is no other, or would no more do what is asked."""
        first, *others = found.rows
        if codes == first[kind]:
            return None
        rows: Rows = ({**first, kind: codes}, *others)
        made = case_of(rows, meets, self.subject, self.names)
        return made if made is not None and made.case.expect == found.case.expect else None


def _enough(written: Sequence[str], sets: Iterable[frozenset[str]]) -> list[str]:
    """Add to some codes one of each set of which none is there, a likely one."""
    codes = list(written)
    for told_apart in sets:
        if told_apart and told_apart.isdisjoint(codes):
            codes.append(next((code for code in SITES if code in told_apart), min(told_apart)))
    return sorted(codes)


def _alike(kind: Kind, written: Sequence[str], subject: Subject, at: datetime) -> frozenset[str]:
    """Find the countries that are, at an instant, in just the same lists of a rule as those written."""
    lists = list(_lists(kind, subject, at).values())

    def marks(code: str) -> tuple[bool, ...]:
        return tuple(code in members for members in lists)

    of_written = {marks(code) for code in written}
    return frozenset(code for code in COUNTRIES if of_written == {marks(code)})


def _turned(kind: Kind, mutant: Subject, original: Subject, at: datetime) -> frozenset[str]:
    """Find the countries that are, at an instant, in another list of a rule than of its mutant."""
    theirs = _lists(kind, mutant, at)
    pairs = ((members, theirs[key]) for key, members in _lists(kind, original, at).items() if key in theirs)
    return frozenset().union(*(one ^ other for one, other in pairs))


def _lists(kind: Kind, subject: Subject, at: datetime) -> Mapping[str, frozenset[str]]:
    members = subject.ruleset.groups.members
    return {key: members(names, at) for key, names in _names(kind, subject)}


def _names(kind: Kind, subject: Subject) -> Iterator[tuple[str, tuple[str, ...]]]:
    for key, _, names in named_places(subject.rule):
        if key.startswith("scope.") == (kind == "participant"):
            yield key, names
