"""What changed between two editions, laid out for a person."""

import textwrap
from collections.abc import Iterator, Sequence

from auditor.ruleset.tables.diff import Difference
from auditor.ruleset.tables.naming import ELSEWHERE

_WIDTH = 100
_INDENT = "  "
_NOTHING = (
    "nothing changed: the same decisions in every cell, and the same limits, roles to observe, words, "
    "windows and waivers"
)
_ELSEWHERE = "elsewhere: every country that neither edition of the rule names at the time"


def diff_text(found: Sequence[Difference]) -> str:
    """Write what changed, cells by period; where nothing did, say so."""
    blocks = ["\n".join(_lines(one)) for one in found] or ["\n".join(_wrapped(_NOTHING, 0))]
    told = [sentence for one in found for period in one.periods for sentence in period.sentences]
    if any(ELSEWHERE in sentence for sentence in told):
        blocks.append(_ELSEWHERE)
    return "\n\n".join(blocks) + "\n"


def _lines(one: Difference) -> Iterator[str]:
    yield one.heading
    for period in one.periods:
        yield from _wrapped(period.heading, 1)
        for sentence in period.sentences:
            yield from _wrapped(sentence, 2)
    for remark in one.remarks:
        yield from _wrapped(remark, 1)


def _wrapped(text: str, depth: int) -> list[str]:
    """Wrap a text; its further lines hang under its first."""
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=_INDENT * depth,
        subsequent_indent=_INDENT * (depth + 1),
        break_long_words=False,
        break_on_hyphens=False,
    )
