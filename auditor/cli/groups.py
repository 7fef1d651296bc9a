"""Options that several commands share, as one value: each group is a dataclass whose fields are options."""

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints

from auditor.engine.conditions import ExitCode


def grouped(command: Callable[..., ExitCode]) -> Callable[..., ExitCode]:
    """Make a command that takes groups into one that takes their options, each by its own name.

    A group is a parameter whose type is a dataclass; the options stand where it stood.
    """
    signature = inspect.signature(command, eval_str=True)
    groups = {
        name: parameter.annotation
        for name, parameter in signature.parameters.items()
        if isinstance(parameter.annotation, type) and is_dataclass(parameter.annotation)
    }
    parameters = [
        option
        for name, parameter in signature.parameters.items()
        for option in (_options_of(groups[name]) if name in groups else (parameter,))
    ]

    @functools.wraps(command)
    def run(**given: Any) -> ExitCode:  # noqa: ANN401  what the options say
        values = {
            name: group(**{one.name: given.pop(one.name) for one in fields(group)})
            for name, group in groups.items()
        }
        return command(**given, **values)

    seen: Any = run  # Typer looks at both
    seen.__signature__ = signature.replace(parameters=parameters)
    seen.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _options_of(group: type) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for one in fields(group):
        yield inspect.Parameter(
            one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=hints[one.name]
        )
