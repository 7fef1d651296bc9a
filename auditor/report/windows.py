"""Declared windows: which of them a verdict leans on, and who declared them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.evidence.manifest import ExceptionApplied, Manifest, WindowApplied
from auditor.report.numerals import clock, day, instant, listed
from auditor.report.phrase import Logged, Phrase, fill
from auditor.report.places import region_name

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Declared:
    """One line of Table 8a. `asked_by`: the exceptions that ask for such a window, each with its rule."""

    window: WindowApplied
    regions: str
    asked_by: tuple[str, ...]


def declared_in(manifest: Manifest) -> tuple[Declared, ...]:
    """Give all declared windows, those that an exception asks for first."""
    asked: dict[str, list[str]] = {}
    for rule in manifest.rules:
        for exception in rule.exceptions:
            if exception.in_window is not None:
                asked.setdefault(exception.in_window, []).append(f"{rule.rule_id}, {exception.exception_id}")
    lines = [
        Declared(window, _regions(window), tuple(asked.get(window.id, ()))) for window in manifest.windows
    ]
    return tuple(sorted(lines, key=lambda line: not line.asked_by))


def windows_behind(
    exception: ExceptionApplied, finding: Row, windows: Sequence[WindowApplied]
) -> Iterator[WindowApplied]:
    """Find the windows that an exception leans on at the start of a connection, in its home region.

    Where the home region is not known, those of all regions.
    """
    region, started = finding.get("home_region"), finding["started_at"]
    for window in windows:
        holds = window.from_ <= started < window.until and (region is None or region in window.regions)
        if window.id == exception.in_window and holds:
            yield window


def window_sentence(window: WindowApplied, finding: Row) -> Phrase:
    """Say when and where a window was declared to be, by whom, when, and on what evidence."""
    return fill(
        "Window {name} {holds} at its start: {regions}, from {start} until {end}; declared by {by} on "
        "{declared}{late}; evidence: {evidence}.",
        name=window.id,
        holds="held" if finding.get("home_region") else "may have held",
        regions=_regions(window),
        start=instant(window.from_),
        end=instant(window.until),
        by=Logged(window.declared_by),
        declared=instant(window.declared_at),
        late=", more than 24 hours after its end" if window.late else "",
        evidence=Logged(window.evidence.strip().rstrip(".")),
    )


def window_in_brief(window: WindowApplied) -> str:
    """Name a window by its id and its start, as in Table 8a."""
    start = f"{day(window.from_, short=True)}, {clock(window.from_)}"
    return f"window {window.id} from {start}{', declared late' if window.late else ''}"


def _regions(window: WindowApplied) -> str:
    return listed([region_name(region) for region in window.regions])
