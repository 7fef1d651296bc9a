"""What a line of Jicofo's says of a choice of bridge, in the words of all its versions."""

import re
from dataclasses import dataclass, field

from auditor.sources.readers.jitsilines import Said

TELLING = (
    r"Bridge selected: |Selected (?:initial )?bridge |Selected \S+(?: for \S+ \(visitor=|, session exists: )"
    r"|Added participant jid=|Allocating for |Existing bridge does not have a relay|\bBridge\[jid="
)

_METHOD = re.compile(r"Bridge selected: method=(\w+), (.*?)bridge=Bridge\[([^\[\]]*)\]", re.DOTALL)
_BRIDGE = re.compile(r"Selected (?:initial )?bridge Bridge\[([^\[\]]*)\] (.*)", re.DOTALL)
_FOR_WHOM = re.compile(r"Selected (\S+) for \$?(\S+) \(visitor=(\w+), session exists: \w+\)\s*")
_FOR_SOMEBODY = re.compile(r"Selected (\S+), session exists: (?:true|false)\s*")
_ADDED = re.compile(r"Added participant jid= ?([^,\s/]+)/([^,\s]+), bridge=(\S+)\s*")
_ALLOCATING = re.compile(r"Allocating for (\S+)\s*")
_ANY_BRIDGE = re.compile(r"\bBridge\[(jid=[^\[\]]*)\]")
_WANTED = re.compile(r"\b(desiredRegion|participantRegion|region|visitor|strategy)[= ]([^,()\s]+)")
_NOTHING = ("", "null")


@dataclass(frozen=True, slots=True)
class Bridge:
    """A bridge; `region` is None where it has none."""

    jid: str | None
    region: str | None = None

    @property
    def resource(self) -> str | None:
        """Name it as the shorter lines do: by what follows the slash."""
        return None if self.jid is None else self.jid.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Whom:
    """For whom a bridge is chosen, as far as a line says."""

    call_id: str | None = None
    participant_id: str | None = None

    def over(self, other: "Whom | None") -> "Whom":
        """Take from another what this one does not know."""
        if other is None:
            return self
        return Whom(self.call_id or other.call_id, self.participant_id or other.participant_id)


NOBODY = Whom()


@dataclass(frozen=True, slots=True)
class Told:
    """What one line tells of a choice. `bridge` may have its jid cut to the resource, and no region."""

    bridge: Bridge
    whom: Whom = NOBODY
    method: str | None = None
    extra: dict[str, str] = field(default_factory=dict)


def method_in(said: Said) -> Told | None:
    """Read `Bridge selected: method=…`; the bridges of the conference, which follow, were not chosen."""
    found = _METHOD.match(said.text)
    if found is None:
        return None
    return Told(_bridge_of(found[3]), _whom_of(said), found[1], _wanted_in(found[2]))


def bridge_in(said: Said) -> Told | None:
    """Read `Selected initial bridge Bridge[…] …` and `Selected bridge Bridge[…] …`."""
    found = _BRIDGE.match(said.text)
    return None if found is None else Told(_bridge_of(found[1]), _whom_of(said), extra=_wanted_in(found[2]))


def whom_in(said: Said) -> Told | None:
    """Read the line that says for whom a bridge was chosen."""
    if found := _FOR_WHOM.fullmatch(said.text):
        extra = _wanted_in(f"visitor={found[3]}")
        return Told(Bridge(_word(found[1])), Whom(_call_of(said), found[2]), extra=extra)
    if found := _FOR_SOMEBODY.fullmatch(said.text):
        return Told(Bridge(_word(found[1])), _whom_of(said))
    if found := _ADDED.fullmatch(said.text):
        return Told(Bridge(_word(found[3])), Whom(_call_of(said) or found[1], found[2]))
    return None


def waiting_in(said: Said) -> Whom | None:
    """Read `Allocating for …`: the thread is going to choose a bridge for them."""
    found = _ALLOCATING.fullmatch(said.text)
    return None if found is None else Whom(_call_of(said), found[1])


def bridges_in(said: Said) -> list[Bridge]:
    """List the bridges that a line names in full."""
    return [_bridge_of(text) for text in _ANY_BRIDGE.findall(said.text)]


def _call_of(said: Said) -> str | None:
    return said.context.get("meeting_id") or said.context.get("room")


def _whom_of(said: Said) -> Whom:
    return Whom(_call_of(said), said.context.get("participant"))


def _bridge_of(text: str) -> Bridge:
    """Read `jid=…, version=…, relayId=…, region=…, stress=…`, in any order."""
    pairs = [pair.partition("=") for pair in text.split(", ")]
    said = {key.strip(): _word(value) for key, _, value in pairs}
    return Bridge(said.get("jid"), said.get("region"))


def _wanted_in(text: str) -> dict[str, str]:
    """Read what was asked for, in the words of the newest version."""
    names = {"region": "participantRegion"}
    found = {names.get(key, key): value for key, value in _WANTED.findall(text)}
    return {key: value for key, value in found.items() if value not in _NOTHING}


def _word(text: str) -> str | None:
    return None if text in _NOTHING else text
