"""The log of Jicofo, Jitsi's focus: which bridge it chose for whom, and by which method.

A choice is told by up to three lines of one thread: by which method (FINE), which bridge and for whom (INFO).
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from auditor.model import BadValue, Role, Tier, TimeBasis
from auditor.sources.interface import Log
from auditor.sources.readers import jicofolines, jitsilines, serverlines
from auditor.sources.readers.gathered import Gathered
from auditor.sources.readers.jicofolines import (
    NOBODY,
    TELLING,
    Bridge,
    Told,
    Whom,
    bridge_in,
    bridges_in,
    method_in,
    waiting_in,
    whom_in,
)
from auditor.sources.readers.jitsilines import Said, grammar_of, said_in
from auditor.sources.readers.reader import Reader
from auditor.sources.readers.serverlines import Line, Row, ServerLog, remember

_TIERS: Mapping[str, Tier] = {
    **{
        f"{load}Loaded{place}{group}": Tier.PRIMARY
        for load in ("not", "least")
        for place in ("AlreadyInConferenceInRegion", "InRegion")
        for group in ("", "Group")
    },
    "notLoadedAlreadyInConference": Tier.FALLBACK,
    "nonLoadedAlreadyInConference": Tier.FALLBACK,
    "notLoaded": Tier.FALLBACK,
    "leastLoadedNotMaxedAlreadyInConference": Tier.FALLBACK,
    "leastLoaded": Tier.FALLBACK,
}
"""The rungs of the ladders of all versions: those that heed the region, and those that take any bridge."""

_EXISTING = "Existing bridge does not have a relay"
_READ: Mapping[re.Pattern[str], Callable[[Said], Told | None]] = {
    re.compile("Bridge selected: "): method_in,
    re.compile("Selected (?:initial )?bridge "): bridge_in,
    re.compile(r"Selected \S+(?: for \S+ \(visitor=|, session exists: )|Added participant jid="): whom_in,
}
"""How the lines of a choice begin, and what reads them."""

_REMEMBERED = 1 << 14
"""So many threads, and so many bridges, are kept in mind."""

ONLY_INFO = (
    "no line tells by which method, so every tier is unknown: log org.jitsi.jicofo.bridge at level FINE"
)


@dataclass(slots=True)
class _Choice:
    """A choice, as far as told; `line` is the first of its lines, `is_named`: INFO named the bridge."""

    line: Line
    bridge: Bridge | None = None
    whom: Whom = NOBODY
    method: str | None = None
    remark: str | None = None
    is_named: bool = False
    last: int | None = None
    lines: int = 1
    extra: dict[str, str] = field(default_factory=dict)

    def is_of(self, told: Told) -> bool:
        """Tell whether a line may be of this choice: it names the same bridge, or nothing has named one."""
        return self.bridge is None or told.bridge in (
            self.bridge,
            Bridge(self.bridge.resource),
            Bridge(self.bridge.jid),
        )

    def learn(self, told: Told) -> None:
        """Take over what a line tells."""
        self.whom = told.whom.over(self.whom)
        self.method = told.method or self.method
        self.extra |= told.extra

    def row(self, bridge: Bridge) -> Row:
        """Build the connection: the bridge was chosen; whether it was used, and until when, is not logged."""
        tier = _TIERS.get(self.method or "")
        return {
            "record": self.line.number,
            "last_record": self.last,
            "byte_offset": self.line.offset,
            "call_id": self.whom.call_id,
            "participant_id": self.whom.participant_id,
            "role": Role.MEDIA.value,
            "relay_name": bridge.jid,
            "relay_site": bridge.region,
            "tier": None if tier is None else tier.value,
            "selection_reason": self.method or self.remark,
            "started_at": self.line.at,
            "time_basis": TimeBasis.CONNECTION.value,
            "use_proved": False,
            "extra": json.dumps(self.extra) if self.extra else None,
        }


@dataclass(slots=True)
class Focus:
    """Follows the threads of a focus: what each of them is choosing, and for whom."""

    log: Log
    gathered: Gathered
    choosing: dict[str, _Choice] = field(default_factory=dict)
    waiting: dict[str, Whom] = field(default_factory=dict)
    bridges: dict[str, Bridge] = field(default_factory=dict)
    methods: int = 0
    untold: list[int] = field(default_factory=list)

    def take(self, line: Line) -> None:
        """Take a line that tells of a choice, of somebody who waits for one, or of a bridge."""
        said = said_in(line.text)
        if said is None:
            self.gathered.aside("other_event", line.number)
            return
        read = next((read for beginning, read in _READ.items() if beginning.match(said.text)), None)
        if read is not None and (told := read(said)) is not None:
            self._follow(line, said, told, ends=read is whom_in, names=read is bridge_in)
        elif read is not None:
            self.gathered.reject(line.broken, line.number, line.offset, line.text)
        elif not said.text.startswith(_EXISTING):
            self._overhear(said)
            self.gathered.aside("other_event", line.number)
        elif choice := self._begun(line, said):
            choice.remark = said.text.strip()

    def finish(self) -> None:
        """Hand on the choices of which no line says for whom they were made."""
        for thread in list(self.choosing):
            self._settle(thread)
        if self.untold and not self.methods:
            self.gathered.warning(ONLY_INFO, self.untold[0], self.untold[1])

    def _follow(self, line: Line, said: Said, told: Told, *, ends: bool, names: bool) -> None:
        """Go on with what the thread is choosing, or begin: a method begins, and a bridge is named once."""
        choice = self.choosing.get(said.thread)
        if (
            choice is not None
            and told.method is None
            and choice.is_of(told)
            and not (names and choice.is_named)
        ):
            choice.last, choice.lines = line.number, choice.lines + 1
        else:
            choice = self._begun(line, said)
        if choice is None:
            return
        if choice.bridge is None:
            choice.bridge = self.bridges.get(told.bridge.resource or "", told.bridge) if ends else told.bridge
        choice.learn(told)
        choice.is_named |= names
        self._overhear(said)
        if ends:
            self._settle(said.thread)

    def _overhear(self, said: Said) -> None:
        """Learn of bridges, and of somebody for whom the thread is going to choose one."""
        if (waiting := waiting_in(said)) is not None:
            self._settle(said.thread)
            remember(self.waiting, said.thread, waiting, _REMEMBERED)
        for bridge in bridges_in(said):
            remember(self.bridges, bridge.resource or "", bridge, _REMEMBERED)

    def _begun(self, line: Line, said: Said) -> _Choice | None:
        """Begin a choice, or reject a line of which nobody knows when it was written."""
        self._settle(said.thread)
        if isinstance(line.at, BadValue):
            self.gathered.reject(line.at, line.number, line.offset, line.text, "started_at")
            return None
        if len(self.choosing) >= _REMEMBERED:
            self._settle(next(iter(self.choosing)))
        choice = self.choosing[said.thread] = _Choice(line)
        return choice

    def _settle(self, thread: str) -> None:
        """Hand on what a thread has chosen; a choice that no line names a bridge for is none."""
        choice = self.choosing.pop(thread, None)
        if choice is None:
            return
        if choice.bridge is None:
            self.gathered.aside("other_event", choice.line.number, choice.lines)
            return
        choice.whom = choice.whom.over(self.waiting.pop(thread, None))
        self.gathered.connection(choice.row(choice.bridge), records=choice.lines)
        self._count(choice)

    def _count(self, choice: _Choice) -> None:
        if choice.method is not None:
            self.methods += 1
            if choice.method not in _TIERS:
                self.gathered.unread("tier", BadValue.UNMAPPED, choice.line.number, choice.method)
        elif choice.remark is None:
            first, count = self.untold or (choice.line.number, 0)
            self.untold = [min(first, choice.line.number), count + 1]


READER = Reader(
    name="jicofo",
    title="Log of Jicofo, the conference focus of Jitsi Meet",
    checked_against="source_code",
    source=ServerLog(grammar_of("Jicofo", TELLING), Focus),
    modules=(__file__, jicofolines.__file__, jitsilines.__file__, serverlines.__file__),
)
