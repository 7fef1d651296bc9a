"""What a log shows of itself that logs of one format show and no others.

Facts: FORMATS.md, sections 4 to 6.
"""

import re
from dataclasses import dataclass

_KEY = re.compile(r'"([^"\\]{1,80})"\s*:')
_PARTING = (",", ";", "|", "\t", " ")
_NAMED = "#fields"
_FEW_LINES = 50


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a log: its text, and what may be names: keys of JSON, columns of a table."""

    text: str
    names: frozenset[str]

    @classmethod
    def of(cls, text: str) -> "Head":
        """Take the names out of a text."""
        is_json = text.lstrip()[:1] in ("{", "[")
        return cls(text, frozenset(_KEY.findall(text)) if is_json else _columns_of(text))


def _columns_of(text: str) -> frozenset[str]:
    """Cut the first line, or Zeek's line of names, at everything that may part columns."""
    lines = text.split("\n", _FEW_LINES)
    line = next((line for line in lines if line.startswith(_NAMED)), lines[0])
    bare = line.rstrip("\r").replace('"', "")
    return frozenset(cell.strip() for mark in _PARTING for cell in bare.split(mark))


@dataclass(frozen=True, slots=True)
class Mark:
    """All of some names, one at least of others, and a text: each as far as it is given."""

    format: str
    why: str
    names: frozenset[str] = frozenset()
    any_of: frozenset[str] = frozenset()
    text: re.Pattern[str] | None = None

    def is_in(self, head: Head) -> bool:
        """Tell whether a log bears it."""
        return (
            self.names <= head.names
            and (not self.any_of or not self.any_of.isdisjoint(head.names))
            and (self.text is None or self.text.search(head.text) is not None)
        )


def _mark(format_name: str, why: str, names: str = "", any_of: str = "", text: str | None = None) -> Mark:
    pattern = None if text is None else re.compile(text, re.MULTILINE)
    return Mark(format_name, why, frozenset(names.split()), frozenset(any_of.split()), pattern)


MARKS = (
    _mark(
        "teams-callrecord",
        "sessions with segments, and an organizer",
        "sessions segments",
        "organizer organizer_v2",
    ),
    _mark(
        "teams-directrouting",
        "mediaPathLocation and signalingLocation",
        "correlationId mediaPathLocation signalingLocation",
    ),
    _mark("zoom-participants", "participants, each with a data_center", "participants data_center join_time"),
    _mark(
        "zoom-qss",
        "events with the data of participants",
        "event_ts payload data_center",
        text=r'"(?:meeting|webinar)\.participant_data',
    ),
    _mark(
        "teams-cri",
        "Caller_RelayIPAddress and Callee_RelayIPAddress",
        "StreamId Caller_RelayIPAddress Callee_RelayIPAddress",
    ),
    _mark("webex-qualities", "meetingInstanceId and serverRegion", "meetingInstanceId serverRegion"),
    _mark(
        "twilio-call-summary",
        "call_sid, and the edges of a call",
        "call_sid account_sid start_time",
        "carrier_edge sip_edge client_edge sdk_edge",
    ),
    _mark("twilio-call-events", "events of a call, each with its edge", "events call_sid edge level group"),
    _mark("twilio-call-events", "events of their type", text=r'"com\.twilio\.voice\.insights\.call-event\b'),
    _mark("twilio-video", "room_sid and participant_sid", "room_sid participant_sid media_region"),
    _mark("chime-events", "events of meetings", "meetingId mediaRegion", text=r'"chime:[A-Z]'),
    _mark("livekit-webhook", "events of a room's participants", "event room participant joined_at identity"),
    _mark(
        "aws-vpc",
        "srcaddr, dstaddr and an interface",
        "srcaddr dstaddr start end",
        "interface-id interface_id",
    ),
    _mark("gcp-vpc", "jsonPayload with a connection", "jsonPayload connection src_ip dest_ip"),
    _mark("azure-vnet", "flowRecords with flowTuples", "flowRecords flowGroups flowTuples"),
    _mark("azure-nsg", "flowTuples of a security group", "flowTuples", text="NetworkSecurityGroupFlowEvent"),
    _mark("suricata-flow", "flow_id and event_type", "flow_id event_type src_ip dest_ip"),
    _mark("nfdump-csv", "firstSeen and lastSeen", "firstSeen lastSeen srcAddr dstAddr"),
    _mark("nfdump-ndjson", "first, last, and src4_addr or src6_addr", "first last", "src4_addr src6_addr"),
    _mark("silk-rwcut", "sIP, dIP and sTime", "sIP dIP sTime"),
    _mark(
        "zeek-conn",
        "`#fields`, and they are those of conn.log",
        "id.orig_h id.resp_h conn_state",
        text=r"#fields[\t ]",
    ),
    _mark(
        "zeek-conn-json",
        "id.orig_h, id.resp_h and conn_state",
        "ts uid id.orig_h id.resp_h conn_state",
        text=r"\A\s*[\[{]",
    ),
    _mark("freeswitch-json", "core-uuid and variables", "core-uuid variables"),
    _mark(
        "kamailio-acc",
        "lines of the acc module",
        text=r"ACC: (?:transaction|call|request)[^:\n]*: timestamp=\d",
    ),
    _mark(
        "cucm-cdr",
        "cdrRecordType and globalCallID_callId",
        "cdrRecordType globalCallID_callManagerId globalCallID_callId",
    ),
    _mark("janus-selected-pair", "events with a selected-pair", "emitter selected-pair"),
    _mark(
        "coturn",
        "lines of sessions as coturn writes them",
        text=r"session \d{12,}: "
        r"(?:new, |refreshed, |(?:peer )?usage: |closed \(|realm <|\[origin |peer |delete: )",
    ),
    _mark("coturn", "lines of sessions, as newer coturn writes them", text=r"\(session \d{12,}\)\r?$"),
    _mark(
        "rtcstats",
        "lists of a method and a peer connection",
        text=r'\A\s*\["[A-Za-z][\w.]*",\s*(?:null|"[^"\n]*"),',
    ),
    _mark("webrtc-internals", "PeerConnections", "PeerConnections", "getUserMedia UserAgent"),
    _mark(
        "jicofo",
        "lines of the selection of bridges",
        text=r"Bridge selected: method=",
    ),
    _mark("jicofo", "lines of selected bridges", text=r"Selected (?:initial )?bridge Bridge\["),
    _mark("jvb", "lines of selected pairs", text=r"Selected pair for stream \S+: "),
    _mark(
        "livekit-log",
        "lines of LiveKit's rooms",
        text=r"livekit\s+\S*rtc/\w+\.go:\d+",
    ),
    _mark("livekit-log", "lines of LiveKit's own", text=r'"logger":\s*"livekit\b'),
    _mark("rtpengine", "calls with ci and created_from", text=r"ci=\S+, created_from="),
)
"""Names of formats that this program does not have are passed over.

Each text begins with letters that stand for themselves, as only that is sought quickly.
"""
