"""What the presets of SIP servers make of what their logs are known to do."""

from pathlib import Path

import pytest

from tests.sources.samples import SAMPLES
from tests.sources.written import of_json, rejects, rows, what_becomes

CUCM = next((SAMPLES / "cucm-cdr").glob("cdr_*")).read_text(encoding="utf-8").splitlines()[:2]


def test_all_legs_of_a_call_are_one_call(tmp_path: Path) -> None:
    media = {"local_media_ip": "198.51.100.1", "start_uepoch": "1585836000000000"}
    first = {"uuid": "a", "call_uuid": "a", "bridge_uuid": "b", **media}
    second = {"uuid": "b", "call_uuid": "a", "bridge_uuid": "a", **media}
    logs = [of_json("freeswitch-json", tmp_path, {"variables": leg}) for leg in (first, second)]
    assert [rows(log, "call_id", "session_id") for log in logs] == [[("a", "a")], [("a", "b")]]


PAIRS = "timestamp=1585836022;method=INVITE;from_tag=a;to_tag=;call_id=k1;code=200;reason=OK"


@pytest.mark.parametrize(
    ("line", "host", "client"),
    [
        (f"Apr  2 14:00:22 sip1 kamailio[9]: ACC: transaction answered: {PAIRS}", "sip1", None),
        (
            f"2020-04-02T14:00:22.1+02:00 sip1 kamailio[9]: ACC: call missed: {PAIRS};src_ip=192.0.2.9",
            "sip1",
            "192.0.2.9",
        ),
        (f"<134>1 2020-04-02T14:00:22Z sip1 kamailio 9 - - ACC: call missed: {PAIRS}", "sip1", None),
        (f"2020-04-02T14:00:22.1Z stdout F ACC: request acknowledged: {PAIRS};a=b", None, None),
        (
            f" 5(20817) NOTICE: acc [acc.c:279]: acc_log_request(): ACC: transaction answered: {PAIRS}",
            None,
            None,
        ),
        (f"ACC: transaction answered: {PAIRS};x_src_ip=1;src_ip=192.0.2.9:5060;z=1", None, "192.0.2.9"),
    ],
)
def test_the_proxy_is_the_host_in_front_of_its_line(
    tmp_path: Path, line: str, host: str | None, client: str | None
) -> None:
    log = what_becomes("kamailio-acc", tmp_path / "acc.log", f"{line}\n")
    assert rows(log, "call_id", "relay_name", "client_ip") == [("k1", host, client)]


def test_a_line_of_another_kind_is_a_reject(tmp_path: Path) -> None:
    log = what_becomes(
        "kamailio-acc", tmp_path / "acc.log", "ACC: call: start_time=1;end_time=2\nCRITICAL: x\n"
    )
    assert [reason for reason, _ in rejects(log)] == ["malformed", "malformed"]


@pytest.mark.parametrize(
    ("logged", "address"),
    [("-2113797952", "192.0.2.130"), ("16908480", "192.0.2.1"), ("0", None), ("", None)],
)
def test_an_address_of_the_manager_is_a_signed_number_backwards(
    tmp_path: Path, logged: str, address: str | None
) -> None:
    names = CUCM[0].replace('"', "").split(",")
    values = {"cdrRecordType": "1", "dateTimeOrigination": "1585836000", "origIpAddr": logged}
    row = ",".join(values.get(name, "") for name in names)
    log = what_becomes("cucm-cdr", tmp_path / "cdr", "\n".join([*CUCM, row, ""]))
    assert rows(log, "client_ip")[0] == (address,)


def test_a_row_without_the_columns_that_a_setting_adds_is_a_reject(tmp_path: Path) -> None:
    row = '"","1","2","c","","a","b","Dial","","2020-04-02 14:00:00",,"2020-04-02 14:00:09",9,0,"BUSY","3"\n'
    log = what_becomes("asterisk-cdr", tmp_path / "Master.csv", row)
    assert [reason for reason, _ in rejects(log)] == ["malformed"]
