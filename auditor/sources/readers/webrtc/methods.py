"""What the methods and events of a peer connection are called in logs, in lower case and without `on`."""

SIGNALS = {
    "icecandidate": True,
    "createofferonsuccess": True,
    "createansweronsuccess": True,
    "setlocaldescription": True,
    "addicecandidate": False,
    "setremotedescription": False,
}
"""Those that name candidates, and whether these are our own."""

STATES = ("iceconnectionstatechange", "connectionstatechange")
ENDS = ("close", "stop")
ENDED = "closed"
FAILED = "failed"
ALIVE = ("checking", "connecting", "connected", "completed")


def name_of(written: str) -> str:
    """Spell a method or event as this module does."""
    return written.lower().removeprefix("on")
