"""How the logs of a run were read: by which mapping or reader, checked against what, and told what."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from auditor.evidence.manifest import InputFile, Manifest, ToldOfLog
from auditor.evidence.summary import Summary
from auditor.report.numerals import counted, instant, listed, whole
from auditor.report.phrase import Logged, Phrase, fill

CHECKED_AGAINST: Mapping[str | None, str] = {
    "documentation": "documentation only",
    "source_code": "source code",
    "real_log": "a real log",
    None: "not stated",
}
"""What a mapping or a reader was tried on, in words."""

_KINDS = {"preset": "preset", "reader": "reader", "mapping": "own mapping"}
_KEPT = {"hash": "kept as a keyed hash", "network": "kept as a network"}


@dataclass(frozen=True, slots=True)
class Read:
    """Logs that were read in one way. `told` is what was said of them beside them, a sentence each."""

    name: str
    kind: str
    sha256: str
    file: str | None
    logs: int
    recognized: tuple[str, ...]
    checked: str
    told: tuple[Phrase, ...]


def reads_of(manifest: Manifest) -> tuple[Read, ...]:
    """Say how logs with other columns than our own were read, in the order of their names."""
    others = [log for log in manifest.inputs if log.mapping_kind not in (None, "columns")]
    others.sort(key=_way)
    return tuple(_read(list(logs)) for _, logs in groupby(others, _way))


def _way(log: InputFile) -> tuple[str, str, str]:
    return log.mapping, log.mapping_sha256, log.told.model_dump_json()


def _read(logs: Sequence[InputFile]) -> Read:
    first = logs[0]
    return Read(
        name=first.mapping,
        kind=_KINDS.get(first.mapping_kind or "", first.mapping_kind or ""),
        sha256=first.mapping_sha256,
        file=first.mapping_file,
        logs=len(logs),
        recognized=tuple(dict.fromkeys(log.recognized_by for log in logs if log.recognized_by)),
        checked=CHECKED_AGAINST.get(first.checked_against, first.checked_against or ""),
        told=tuple(_told(first.told)),
    )


def _told(told: ToldOfLog) -> Iterator[Phrase]:
    if told.zone:
        yield fill("times without an offset are of {zone}", zone=Logged(told.zone))
    if told.server_start:
        yield fill("the server started at {at}", at=instant(told.server_start))
    for private, public in told.relay_public_addresses.items():
        yield fill("{private} is seen as {public}", private=Logged(private), public=Logged(public))
    for column, mode in told.kept.items():
        yield fill("{column} is {kept}", column=column, kept=_KEPT.get(mode, mode))


def not_connections_text(summary: Summary) -> str:
    """Say why records are no connections, over all logs: `3 header, 2 direct`."""
    counts: dict[str, int] = {}
    for row in summary.not_connections:
        counts[row.reason] = counts.get(row.reason, 0) + row.count
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{whole(count)} {reason}" for reason, count in ordered)


def reading_sentences(manifest: Manifest) -> Iterator[str]:
    """Say which logs were recognized, and which formats no real log was at hand for."""
    reads = reads_of(manifest)
    for read in (read for read in reads if read.recognized):
        logs = counted(read.logs, "log")
        yield f"Recognized, as no format was named: {logs} of {read.name} ({listed(list(read.recognized))})."
    untried = sorted({read.name for read in reads if read.checked == CHECKED_AGAINST["documentation"]})
    if untried:
        formats = "format" if len(untried) == 1 else "formats"
        yield f"Checked against documentation only: the {formats} {listed(untried)}."
