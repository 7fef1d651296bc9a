"""Entries of relay lists, judged before they are used."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.engine.conditions import ExitCode
from auditor.engine.entry_places import TOO_WIDE, Places
from auditor.engine.listcheck import Concern, ListCheck, check_entries
from auditor.geo.atlas import AtlasSettings
from auditor.geo.relay_lists import ListEntry
from auditor.model import Role, Tier, Verdict
from auditor.ruleset.groups import Groups
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import Rule
from tests.engine.handed import entry, groups_of, rule_of, settings_in

NOBODY = Groups({})
TICK = timedelta(microseconds=1)


@pytest.fixture(scope="module")
def world() -> Iterator[AtlasSettings]:
    with tempfile.TemporaryDirectory() as folder:
        yield settings_in(Path(folder))


@pytest.fixture(scope="module")
def places(world: AtlasSettings) -> Places:
    return Places(world)


def day(year: int, month: int = 1, number: int = 1) -> datetime:
    return datetime(year, month, number, tzinfo=UTC)


def checked(
    places: Places,
    *entries: ListEntry,
    rules: list[Rule],
    groups: Groups = NOBODY,
    **when: Any,  # noqa: ANN401  as_of and since
) -> ListCheck:
    return check_entries(entries, RuleSet.of(rules, groups), places, **{"as_of": day(2023), **when})


def told(concern: Concern) -> tuple[str, str, datetime, datetime | None]:
    return concern.verdict, " ".join(concern.relays), concern.from_at, concern.until_at


ONLY_GERMANY = rule_of(fence={"allow": ["DE"]})


def test_an_entry_whose_relays_are_inside_is_fine(places: Places) -> None:
    check = checked(places, entry(prefix="11.0.0.0/26"), rules=[ONLY_GERMANY])
    assert (check.exit_code, check.checked[0].verdict) == (ExitCode.COMPLIANT, Verdict.COMPLIANT)
    assert check.checked[0].concerns == ()


def test_one_part_that_is_outside_is_enough_and_is_named(places: Places) -> None:
    check = checked(places, entry(prefix="11.0.0.0/25"), rules=[ONLY_GERMANY])
    assert check.exit_code == ExitCode.VIOLATION
    assert [told(one) for one in check.checked[0].concerns] == [
        ("violation", "11.0.0.64/28", day(2020, 4), datetime(2021, 7, 1, 12, tzinfo=UTC)),
        ("violation", "11.0.0.80/28 11.0.0.96/27", day(2020, 4), None),
        ("violation", "11.0.0.64/28", datetime(2021, 7, 1, 12, tzinfo=UTC), None),
    ]
    assert [one.outcome.key for one in check.checked[0].concerns] == ["US", "US", "GB US"]


def test_a_part_that_nobody_places_leaves_the_entry_undetermined(places: Places) -> None:
    check = checked(places, entry(prefix="11.0.0.192/26"), entry(site="unheard of"), rules=[ONLY_GERMANY])
    assert check.exit_code == ExitCode.INDETERMINATE
    assert [one.verdict for one in check.checked] == [Verdict.INDETERMINATE] * 2
    assert [one.concerns[0].outcome.reasons for one in check.checked] == [("no_record",), ("unknown_site",)]


def test_a_private_relay_without_a_site_is_undetermined(places: Places) -> None:
    check = checked(places, entry(prefix="10.0.0.0/24"), rules=[ONLY_GERMANY])
    (concern,) = check.checked[0].concerns
    assert told(concern) == ("indeterminate", "10.0.0.0/24", day(2020, 4), None)
    assert concern.outcome.reasons == ("private_relay",)


def test_a_violation_weighs_more_than_what_is_undetermined(places: Places) -> None:
    check = checked(places, entry(prefix="11.0.0.128/25"), rules=[ONLY_GERMANY])
    assert [one.verdict for one in check.checked[0].concerns] == [Verdict.VIOLATION, Verdict.INDETERMINATE]
    assert check.checked[0].verdict is Verdict.VIOLATION


def test_rules_begin_and_groups_change_while_an_entry_holds(places: Places) -> None:
    groups = groups_of(
        {"UNION": {"members": [{"code": "DE"}, {"code": "US", "until": "2022-01-01T00:00:00Z"}]}}
    )
    rule = rule_of(fence={"allow": ["UNION"]}, in_force={"from": "2021-01-01T00:00:00Z"})
    one = entry(prefix="11.0.0.96/27", from_at=day(2020), until_at=day(2023))
    check = checked(places, one, rules=[rule], groups=groups)
    assert [told(each) for each in check.checked[0].concerns] == [
        ("violation", "11.0.0.96/27", day(2022), day(2023))
    ]


def test_an_entry_that_ended_before_the_rule_began_falls_under_none(places: Places) -> None:
    one = entry(prefix="11.0.0.128/26", from_at=day(2019), until_at=day(2020))
    check = checked(places, one, rules=[ONLY_GERMANY])
    assert (check.exit_code, check.checked[0].verdict) == (
        ExitCode.TOO_LITTLE_JUDGED,
        Verdict.NOT_APPLICABLE,
    )


def test_what_begins_at_the_clock_is_judged_and_what_comes_after_it_is_not(places: Places) -> None:
    open_entry = entry(prefix="11.0.0.128/26", from_at=day(2020))
    rule = rule_of(fence={"allow": ["DE"]}, in_force={"from": "2022-01-01T00:00:00Z"})
    at = [checked(places, open_entry, rules=[rule], as_of=when) for when in (day(2022) - TICK, day(2022))]
    assert [check.checked[0].verdict for check in at] == [Verdict.NOT_APPLICABLE, Verdict.VIOLATION]


def test_an_entry_that_begins_after_the_clock_is_judged_at_its_beginning(places: Places) -> None:
    one = entry(prefix="11.0.0.128/26", from_at=day(2022))
    (concern,) = checked(places, one, rules=[ONLY_GERMANY], as_of=day(2021)).checked[0].concerns
    assert told(concern) == ("violation", "11.0.0.128/26", day(2022), None)


def test_the_last_instants_of_the_calendar_are_instants_like_others(places: Places) -> None:
    last = datetime.max.replace(tzinfo=UTC)
    entries = [entry(site="X", from_at=last), entry(site="X", from_at=day(2022), until_at=last)]
    check = checked(places, *entries, rules=[ONLY_GERMANY])
    assert [told(concern) for one in check.checked for concern in one.concerns] == [
        ("violation", "X", last, None),
        ("violation", "X", day(2022), None),
    ]


def test_what_is_stale_is_undetermined_until_an_edition_is_near(places: Places) -> None:
    one = entry(prefix="11.0.0.0/26", from_at=day(2018))
    rule = rule_of(fence={"allow": ["DE"]}, in_force={"from": "2000-01-01T00:00:00Z"})
    concerns = checked(places, one, rules=[rule], as_of=day(2022)).checked[0].concerns
    assert [told(concern) for concern in concerns] == [
        ("indeterminate", "11.0.0.0/26", day(2018), day(2021) - timedelta(days=1_000))
    ]
    assert concerns[0].outcome.reasons == ("stale_location",)


def test_nothing_before_since_is_judged_and_what_ended_before_is_counted(places: Places) -> None:
    entries = [
        entry(prefix="11.0.0.0/26", from_at=day(2018)),
        entry(prefix="11.0.0.128/26", from_at=day(2020), until_at=day(2021)),
    ]
    check = checked(places, *entries, rules=[ONLY_GERMANY], as_of=day(2022), since=day(2021))
    assert (check.exit_code, len(check.checked), check.ended) == (ExitCode.COMPLIANT, 1, 1)
    nothing = checked(places, entries[1], rules=[ONLY_GERMANY], as_of=day(2022), since=day(2021))
    assert (nothing.exit_code, nothing.ended) == (ExitCode.TOO_LITTLE_JUDGED, 1)


def test_what_an_entry_cannot_say_counts_as_holding(places: Places) -> None:
    scope = {"accounts": ["a"], "labels": {"cloud": ["gov"]}, "home_region": ["US"]}
    rule = rule_of(fence={"allow": ["DE"]}, scope=scope)
    for region, verdict in {"US": Verdict.VIOLATION, "EU": Verdict.NOT_APPLICABLE}.items():
        one = entry(prefix="11.0.0.128/26", home_region=region)
        assert checked(places, one, rules=[rule]).checked[0].verdict is verdict


def test_an_exception_whose_conditions_may_hold_excuses_within_its_limits(places: Places) -> None:
    clause = {
        "id": "e",
        "why": "because",
        "roles": ["media"],
        "when": {"tier": ["fallback"], "attempt_min": 3, "failed_primaries_min": 2, "in_window": "w"},
        "allow": ["CN"],
        "limits": {"connections_per_call": 1},
    }
    rule = rule_of(fence={"allow": ["DE"]}, exceptions=[clause])
    cases = {
        (Tier.FALLBACK, Role.MEDIA): Verdict.EXCUSED,
        (Tier.PRIMARY, Role.MEDIA): Verdict.VIOLATION,
        (Tier.FALLBACK, Role.KEYS): Verdict.VIOLATION,
        (None, Role.MEDIA): Verdict.VIOLATION,
        (Tier.FALLBACK, None): Verdict.VIOLATION,
    }
    for (tier, role), verdict in cases.items():
        check = checked(places, entry(prefix="11.0.0.128/26", tier=tier, role=role), rules=[rule])
        assert check.checked[0].verdict is verdict
        assert check.exit_code == (ExitCode.COMPLIANT if verdict is Verdict.EXCUSED else ExitCode.VIOLATION)
    (concern,) = (
        checked(places, entry(prefix="11.0.0.128/26", tier=Tier.FALLBACK, role=Role.MEDIA), rules=[rule])
        .checked[0]
        .concerns
    )
    assert (concern.verdict, concern.exceptions) == (Verdict.EXCUSED, ("e",))


def test_two_exceptions_for_different_reasons_may_both_hold(places: Places) -> None:
    clauses = [
        {"id": code.lower(), "why": "because", "when": {"selection_reason": [code]}, "allow": [code]}
        for code in ("GB", "US")
    ]
    rule = rule_of(fence={"allow": ["DE"]}, exceptions=clauses)
    check = checked(places, entry(prefix="11.0.0.64/28", from_at=day(2022)), rules=[rule])
    assert [(one.verdict, one.exceptions) for one in check.checked[0].concerns] == [
        (Verdict.EXCUSED, ("gb", "us"))
    ]


def test_a_list_for_some_participants_is_judged_for_them_alone(places: Places) -> None:
    rule = rule_of(never={"in": ["CN"]}, scope={"participant": {"not_in": ["CN"]}})
    cases = {
        frozenset({"CN"}): Verdict.NOT_APPLICABLE,
        frozenset({"CN", "US"}): Verdict.VIOLATION,
        None: Verdict.VIOLATION,
    }
    for participants, verdict in cases.items():
        check = checked(places, entry(prefix="11.0.0.128/26", participants=participants), rules=[rule])
        assert check.checked[0].verdict is verdict


def test_without_anybody_in_scope_a_rule_about_participants_says_nothing(places: Places) -> None:
    groups = groups_of({"LATER": {"members": [{"code": "CN", "from": "2030-01-01T00:00:00Z"}]}})
    rule = rule_of(never={"in": ["CN"]}, scope={"participant": {"in": ["LATER"]}})
    check = checked(places, entry(prefix="11.0.0.128/26"), rules=[rule], groups=groups)
    assert check.checked[0].verdict is Verdict.NOT_APPLICABLE


def test_rules_about_whole_calls_say_nothing_of_entries(places: Places) -> None:
    required = rule_of("required", require={"roles": ["media"], "in": ["DE"]})
    observed = rule_of("observed", never={"in": ["US"]}, scope={"must_observe": ["keys"]})
    one = entry(prefix="11.0.0.128/26")
    assert checked(places, one, rules=[required]).exit_code == ExitCode.TOO_LITTLE_JUDGED
    check = checked(places, one, rules=[required, observed])
    assert [(rule.id, verdict) for rule, verdict in check.checked[0].verdicts] == [
        ("observed", Verdict.COMPLIANT)
    ]


def test_what_a_watch_counts_is_noted_and_changes_no_exit_code(places: Places) -> None:
    watch = rule_of("watch", watch={"in": ["CN"]})
    one = entry(prefix="11.0.0.128/26")
    alone = checked(places, one, rules=[watch])
    assert (alone.exit_code, alone.checked[0].verdict) == (
        ExitCode.TOO_LITTLE_JUDGED,
        Verdict.NOT_APPLICABLE,
    )
    beside = checked(places, one, rules=[watch, rule_of(never={"in": ["US"]})])
    assert (beside.exit_code, beside.checked[0].verdict) == (ExitCode.COMPLIANT, Verdict.COMPLIANT)
    assert [told(one) for one in beside.checked[0].concerns] == [
        ("violation", "11.0.0.128/26", day(2020, 4), None)
    ]


def test_an_entry_without_a_role_names_those_in_which_it_breaks_a_rule(places: Places) -> None:
    check = checked(places, entry(site="Y"), rules=[ONLY_GERMANY], as_of=day(2022))
    (concern,) = check.checked[0].concerns
    assert (concern.verdict, concern.roles, concern.outcome.key) == (Verdict.VIOLATION, (Role.KEYS,), "CN")


def test_a_name_for_many_hosts_is_judged_host_by_host(places: Places) -> None:
    rule = rule_of(fence={"allow": ["FR"]})
    check = checked(places, entry(name="*.example", role=Role.MEDIA, from_at=day(2020)), rules=[rule])
    assert [told(one) for one in check.checked[0].concerns] == [
        ("violation", "a.example", day(2020, 2), None)
    ]


def test_what_is_too_wide_to_be_told_is_undetermined_and_says_so(world: AtlasSettings) -> None:
    one = entry(prefix="11.0.0.0/25", role=Role.MEDIA, from_at=day(2022))
    rule = rule_of(never={"in": ["CN"]})
    for most, verdict in {3: Verdict.COMPLIANT, 2: Verdict.INDETERMINATE, 0: Verdict.INDETERMINATE}.items():
        (result,) = checked(Places(world, most_places=most), one, rules=[rule], as_of=day(2022, 2)).checked
        assert result.verdict is verdict
        assert [one.outcome.reasons for one in result.concerns] == [(TOO_WIDE,)] * (
            verdict is not Verdict.COMPLIANT
        )


def test_addresses_that_embed_others_are_told_one_by_one_or_not_at_all(places: Places) -> None:
    rule = rule_of(never={"in": ["CN"]})
    cases = {"64:ff9b::b00:80/128": "CN", "64:ff9b::b00:0/122": "*"}
    for prefix, key in cases.items():
        (concern,) = checked(places, entry(prefix=prefix), rules=[rule]).checked[0].concerns
        assert (concern.relays, concern.outcome.key) == ((prefix,), key)
