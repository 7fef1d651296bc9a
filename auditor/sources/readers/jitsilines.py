"""The lines of Jitsi's Java programs: which thread wrote them, about which conference, and what they say."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from auditor.sources.readers.serverlines import Grammar

_AT = r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
_LEVEL = r"[^\s:\[\]]+"
"""INFO, WARNING, FINE…, in the language of the machine: a German one writes INFORMATION."""

_TRACE = r"^(?:\s|Caused by:|Suppressed:|[\w.$]+(?:Exception|Error|Throwable)(?::|\s|$))"

_HEAD = re.compile(rf"(?:\S+ )?(?:{_AT} )?{_LEVEL}: \[(?P<thread>\d+)\] ")
_CONTEXT = re.compile(r"\[(?P<context>\w+=.*?)\] (?=\S+: )", re.DOTALL)
_PLACE = re.compile(r"\S+: |[\w.$]+\(\)\S* ")
_KEY = re.compile(r"(?:^| )(\w+)=")


@dataclass(frozen=True, slots=True)
class Said:
    """What a line says: `context` is what its logger knows of the conference, `thread` who was at work."""

    thread: str
    context: Mapping[str, str]
    text: str


def said_in(line: str) -> Said | None:
    """Take a line apart, or give None where it is no such line."""
    head = _HEAD.match(line)
    if head is None:
        return None
    context = _CONTEXT.match(line, head.end())
    place = _PLACE.match(line, context.end() if context else head.end())
    text = line[max(one.end() for one in (head, context, place) if one is not None) :]
    return Said(head["thread"], _context_of(context["context"] if context else ""), text)


def _context_of(text: str) -> dict[str, str]:
    """Read `key=value key=value`; a value goes on until the next key, and of two equal keys the first counts.

    What clients choose themselves, as `stats_id`, comes late in a line.
    """
    marks = list(_KEY.finditer(text))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    found: dict[str, str] = {}
    for mark, end in zip(marks, ends, strict=False):
        if value := text[mark.end() : end]:
            found.setdefault(mark[1], value)
    return found


def grammar_of(program: str, telling: str) -> Grammar:
    """Give the grammar of a program's log, by the name that it writes in front of lines, or leaves out."""
    return Grammar(
        line=rf"^(?:{program} )?(?:{_AT} )?{_LEVEL}: \[\d+\] ",
        continued=_TRACE,
        telling=telling,
        times=(rf"^(?:{program} )?({_AT}) ",),
    )
