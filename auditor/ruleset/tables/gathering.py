"""Cells that are alike, gathered into few rows: a table that a person can read says each thing once."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from typing import Generic, TypeVar

Label = TypeVar("Label", bound=Hashable)
Values = tuple[Hashable, ...]
Axes = Mapping[str, Values]
"""All values of each coordinate, by its name."""

_MOST_ORDERED = 5
"""Of more coordinates than these, not every order is tried."""


@dataclass(frozen=True, slots=True)
class Row(Generic[Label]):
    """All cells whose coordinates have one of some values, and what they all bear.

    A coordinate that `where` does not name has any value.
    """

    where: tuple[tuple[str, Values], ...]
    label: Label

    def values(self, name: str) -> Values | None:
        """Give the values of a coordinate; None: any."""
        return dict(self.where).get(name)


@dataclass(frozen=True, slots=True)
class _Fork:
    """What a coordinate tells apart: its values, gathered by what follows."""

    place: int
    ways: "tuple[tuple[Values, Hashable], ...]"


def gather(axes: Axes, labels: Mapping[Values, Label]) -> list[Row[Label]]:
    """Gather all cells into disjoint rows, by the coordinates in their order; each cell is in one row.

    `labels` has an entry for each combination of values, in the order of `axes`.
    """
    names = list(axes)
    tree = _tree(list(axes.values()), (), labels)
    return [Row(tuple((names[place], values) for place, values in way), label) for way, label in _ways(tree)]  # type: ignore[arg-type]  # leaves are labels


def gather_tightly(axes: Axes, labels: Mapping[Values, Label]) -> list[Row[Label]]:
    """Gather all cells into as few rows as some order of the coordinates gives."""
    names = _telling(axes, labels)
    orders = permutations(names) if len(names) <= _MOST_ORDERED else iter([tuple(names)])
    return min((_gather_by(order, axes, labels) for order in orders), key=len)


def _gather_by(names: Sequence[str], axes: Axes, labels: Mapping[Values, Label]) -> list[Row[Label]]:
    """Gather by some coordinates in their order; what the others are does not matter."""
    firsts = {name: values[0] for name, values in axes.items()}
    chosen = {name: axes[name] for name in names}
    return gather(
        chosen,
        {
            values: labels[tuple((firsts | dict(zip(names, values, strict=True))).values())]
            for values in product(*chosen.values())
        },
    )


def _telling(axes: Axes, labels: Mapping[Values, Label]) -> list[str]:
    """List the coordinates on which some label depends."""
    return [
        name
        for place, name in enumerate(axes)
        if any(
            labels[(*values[:place], other, *values[place + 1 :])] != label
            for values, label in labels.items()
            for other in axes[name][:1]
        )
    ]


def _tree(axes: Sequence[Values], at: Values, labels: Mapping[Values, Hashable]) -> Hashable:
    if len(at) == len(axes):
        return labels[at]
    ways: dict[Hashable, list[Hashable]] = {}
    for value in axes[len(at)]:
        ways.setdefault(_tree(axes, (*at, value), labels), []).append(value)
    if len(ways) == 1:
        return next(iter(ways))
    return _Fork(len(at), tuple((tuple(values), following) for following, values in ways.items()))


def _ways(tree: Hashable) -> Iterator[tuple[tuple[tuple[int, Values], ...], Hashable]]:
    if not isinstance(tree, _Fork):
        yield (), tree
        return
    for values, following in tree.ways:
        for way, label in _ways(following):
            yield ((tree.place, values), *way), label
