"""The coordinates of a cell by name, apart from time: what tells connections apart, and how it is said."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain

from auditor.model import Role
from auditor.ruleset.choices import allowed_by, wanted_by
from auditor.ruleset.facts import NOT_NAMED
from auditor.ruleset.schema import clauses_of
from auditor.ruleset.table import Axes, Cell, Subject
from auditor.ruleset.tables.gathering import Axes as Coordinates
from auditor.ruleset.tables.gathering import Values
from auditor.ruleset.tables.naming import Names
from auditor.ruleset.wording.phrases import at_least_words, either
from auditor.ruleset.wording.words import NameOf, as_it_is

HOME_REGION, ACCOUNT, PARTICIPANT, ROLE, RELAY = "home region", "account", "participant", "role", "relay"
TIER, ATTEMPT, FAILED, REASON = "tier", "attempt", "failed primaries", "selection reason"
LABEL, WINDOW = "label ", "window "
"""What begins the name of the coordinate of a label, and of a window."""

OTHER_THAN = "other than "
"""What begins the words for all values but some."""

_MOST_ACCOUNTS = 6
"""So many accounts are named."""


def scope_coordinates(axes: Axes) -> Coordinates:
    """Give the values of what is asked of every connection."""
    return {
        HOME_REGION: axes.home_regions,
        ACCOUNT: tuple(axes.accounts),
        **{LABEL + key: values for key, values in axes.labels.items()},
        PARTICIPANT: tuple(axes.participants),
        ROLE: tuple(axes.roles),
        RELAY: tuple(axes.relays),
    }


def scope_of(cell: Cell) -> Values:
    """Give the place of a cell among `scope_coordinates`."""
    labels = (value for _, value in cell.labels)
    return (cell.home_region, cell.account, *labels, cell.participant, cell.role, cell.relay)


def condition_coordinates(axes: Axes) -> Coordinates:
    """Give the values of what only exceptions ask; their combinations are in the order of the cells."""
    windows = sorted(frozenset().union(*axes.windows))
    return {
        TIER: axes.tiers,
        ATTEMPT: axes.attempts,
        FAILED: axes.failed_primaries,
        REASON: axes.selection_reasons,
        **{WINDOW + name: (False, True) for name in windows},
    }


Say = Callable[[Values], str]
Rank = Callable[[Hashable], int]
"""Orders values for a reader: what a rule names comes first."""


@dataclass(frozen=True, slots=True)
class Wording:
    """How values of coordinates are said, each as in a column that bears its name, and their order."""

    says: Mapping[str, Say]
    ranks: Mapping[str, Rank]

    @classmethod
    def during(
        cls,
        axes: Axes,
        subjects: Sequence[Subject],
        instants: Sequence[datetime],
        name_of: NameOf = as_it_is,
    ) -> "Wording":
        """Name countries as the rules do, in the order in which they do, as far as it is right throughout."""
        bodies = [allowed_by(subject.rule).names for subject in subjects]
        allowed = [clause.allow for subject in subjects for clause in clauses_of(subject.rule)]
        wanted = [choice.names for one in subjects if (choice := wanted_by(one.rule.scope.participant))]
        relays = Names.during(chain(*bodies, *allowed), subjects, instants, name_of)
        participants = Names.during(chain(*wanted), subjects, instants, name_of)
        windows = frozenset().union(*axes.windows)
        return cls(
            {
                HOME_REGION: partial(_named, axes.home_regions),
                ACCOUNT: partial(_accounts, axes.accounts),
                **{LABEL + key: partial(_named, values) for key, values in axes.labels.items()},
                PARTICIPANT: partial(_countries, participants, axes.participants),
                ROLE: partial(_roles, axes.roles),
                RELAY: partial(_countries, relays, axes.relays),
                TIER: lambda values: either(str(value) for value in values),
                ATTEMPT: lambda values: f"attempt {at_least_words(axes.attempts, _numbers(values))}",
                FAILED: lambda values: _failed(at_least_words(axes.failed_primaries, _numbers(values))),
                REASON: lambda values: f"selection reason {_named(axes.selection_reasons, values)}",
                **{WINDOW + name: partial(_window, name) for name in windows},
            },
            {
                PARTICIPANT: participants.rank,
                ROLE: partial(_rank_of_role, [subject.rule.scope.roles for subject in subjects]),
                RELAY: relays.rank,
            },
        )

    def ordered(self, coordinates: Coordinates) -> Coordinates:
        """Put the values of each coordinate in the order in which they are told."""
        return {
            name: tuple(sorted(values, key=self.ranks[name])) if name in self.ranks else values
            for name, values in coordinates.items()
        }

    def words(self, name: str, values: Values) -> str:
        """Say some values of a coordinate."""
        return self.says[name](values)


def _roles(alike: Mapping[Role, tuple[Role, ...]], values: Values) -> str:
    chosen = [role for value in values for role in alike[Role(str(value))]]
    return either(str(role) for role in Role if role in chosen)


def _rank_of_role(lists: Sequence[tuple[Role, ...] | None], role: Hashable) -> int:
    if any(roles is None or role in roles for roles in lists):
        return 0
    return 1 if role is Role.UNKNOWN else 2


def _countries(names: Names, alike: Mapping[str, tuple[str, ...]], values: Values) -> str:
    return names.words(frozenset(country for value in values for country in alike[str(value)]))


def _accounts(alike: Mapping[str, tuple[str, ...]], values: Values) -> str:
    if NOT_NAMED in values:
        others = [one for first, accounts in alike.items() if first not in values for one in accounts]
        return f"{OTHER_THAN}{_few(others)}"
    return _few(one for value in values for one in alike[str(value)])


def _failed(number: str) -> str:
    return f"{number} failed {'primary' if number == '1' else 'primaries'}"


def _window(name: str, values: Values) -> str:
    return f"{'in' if True in values else 'outside'} {WINDOW}{name}"


def _numbers(values: Values) -> list[int]:
    return [value for value in values if isinstance(value, int)]


def _named(all_values: Sequence[str], values: Values) -> str:
    """Name texts; where the one that stands for all others is among them, those that are not."""
    if NOT_NAMED not in values:
        return either(str(value) for value in values)
    return f"{OTHER_THAN}{either(value for value in all_values if value not in values)}"


def _few(names: Iterable[str]) -> str:
    names = sorted(names)
    if len(names) <= _MOST_ACCOUNTS:
        return either(names)
    return f"{', '.join(names[:_MOST_ACCOUNTS])} or {len(names) - _MOST_ACCOUNTS} more"
