"""New rules to start from: whole, commented, and marked where a person must decide."""

import textwrap
from collections.abc import Mapping, Sequence

from auditor.errors import Fault, UsageError
from auditor.model import Role, Verdict
from auditor.ruleset.explained import EXPLAINED
from auditor.ruleset.fields import is_rule_id
from auditor.ruleset.schema import RULE_OF_EFFECT, Effect

MARK = "TODO"
"""What a person must replace says so."""

_WIDTH = 110
_EXPLAIN = "#: "
"""A line of a template that begins so names a model and a key, and becomes the sentence about it."""

_HEAD = """\
# A rule that loads and passes its own cases. Replace all that says TODO, then run `auditor rules check`.
#: schema
schema: auditor/rule@1
#: id
id: {rule_id}
#: version
version: 0.1.0
#: status
status: draft
#: title
title: TODO one line
#: statement
statement: >-
  TODO who is promised what, where, since when, and except when.
#: authority
authority:
  - {{kind: promise, cite: "TODO where it stands"}}
#: owner
owner: TODO who answers for it
#: approved
# approved: {{by: TODO, on: 2026-01-31, ref: TODO}}
#: severity
severity: high
#: effect
effect: {effect}
#: in_force
in_force: {{from: "2021-01-01T00:00:00Z"}}  # TODO
#: scope
scope:
  #: Scope.home_region
  home_region: [HOME]  # TODO
  #: Scope.roles
  roles: {roles}  # TODO
  #: Scope.participant
  # participant: {{not_in: [CH]}}
  #: Scope.labels
  # labels: {{plan: [free]}}
  #: Scope.accounts
  # accounts: [account-1]
  #: Scope.must_observe
  # must_observe: [recording]
#: expect_connections
# expect_connections: true
#: conflict_note
# conflict_note: TODO
"""

_CASES = """\
#: tests
tests:
  - name: a relay in Switzerland {of_ch}, in each role
    given:
{ch}
    expect: {{{expect_ch}}}
  - name: a relay in Antarctica {of_aq}, in each role
    given:
{aq}
    expect: {{{expect_aq}}}
  - name: wherever else the relay may be, it {of_aq}
    given:
      - {{id: c, role: recording, home_region: HOME, relay: [AU, BR, CA, CN, DE, GB, HK, IN, JP, MO, PR, RU,
         SG, TW, US]}}
    expect: {{c: {aq_verdict}}}
  - name: a relay that nobody can place proves nothing
    given: [{{id: c, role: recording, home_region: HOME, relay: unknown}}]
    expect: {{c: indeterminate}}
  - name: accounts of other home regions and other roles are not concerned
    given:
      - {{id: region, role: recording, home_region: AWAY, relay: [{out}]}}
      - {{id: role, role: signaling, home_region: HOME, relay: [{out}]}}
    expect: {{region: not_applicable, role: not_applicable}}
  - name: the rule binds from its first instant, and not before
    given:
      - {{id: a, role: recording, home_region: HOME, relay: [{out}], at: "2020-12-31T23:59:59Z", minutes: 0}}
      - {{id: b, role: recording, home_region: HOME, relay: [{out}], at: "2021-01-01T00:00:00Z", minutes: 0}}
    expect: {{a: not_applicable, b: violation}}
"""

_IN, _OUT = Verdict.COMPLIANT, Verdict.VIOLATION
_SAYS = {_IN: "complies", _OUT: "is a violation"}

_BODIES: Mapping[Effect, str] = {
    Effect.FENCE: """\
#: fence
fence:
  #: Fence.allow
  allow: [CH]  # TODO
#: exceptions
# exceptions:
#   #: ExceptionClause.id
#   - id: congestion
#     #: ExceptionClause.why
#     why: TODO
#     #: ExceptionClause.roles
#     roles: [media]
#     #: ExceptionClause.when
#     when: {tier: [fallback], failed_primaries_min: 2, in_window: todo}
#     #: ExceptionClause.allow
#     allow: [IS]
#     #: ExceptionClause.limits
#     limits: {connections_per_call: 2, share_of_calls: {max: 0.01, per: account, over: day}}
#     #: ExceptionClause.overflow
#     overflow: excess
""",
    Effect.NEVER: """\
#: never
never:
  #: In.in
  in: [CH]  # TODO
""",
    Effect.REQUIRE: """\
#: require
require:
  #: Require.roles
  roles: [recording]  # TODO
  #: Require.in
  in: [CH]  # TODO
""",
    Effect.WATCH: """\
#: watch
watch:
  #: In.in
  in: [CH]  # TODO
""",
}


def rule_template(rule_id: str, effect: Effect) -> str:
    """Write a rule that loads and passes its own cases as it stands. Raises UsageError for what is no id."""
    if not is_rule_id(rule_id):
        hint = "up to 64 of a to z, 0 to 9 and hyphens, the first no hyphen"
        raise UsageError(Fault("", f"`{rule_id}` is no id of a rule", hint))
    roles = (Role.RECORDING,) if effect is Effect.REQUIRE else (Role.MEDIA, Role.RECORDING)
    head = _HEAD.format(rule_id=rule_id, effect=effect, roles=_listed(roles))
    text = head + _BODIES[effect] + _cases(effect, roles)
    model = RULE_OF_EFFECT[effect].__name__
    return "".join(_explained(line, model) for line in text.splitlines(keepends=True))


def _cases(effect: Effect, roles: Sequence[Role]) -> str:
    """Give a case of each verdict, of each role, and on either side of the start."""
    excludes = effect in (Effect.NEVER, Effect.WATCH)
    ch, aq = (_OUT, _IN) if excludes else (_IN, _OUT)
    return _CASES.format(
        of_ch=_SAYS[ch],
        of_aq=_SAYS[aq],
        aq_verdict=aq,
        ch=_given(roles, "CH"),
        aq=_given(roles, "AQ"),
        expect_ch=", ".join(f"{role}: {ch}" for role in roles),
        expect_aq=", ".join(f"{role}: {aq}" for role in roles),
        out="CH" if excludes else "AQ",
    )


def _given(roles: Sequence[Role], country: str) -> str:
    return "\n".join(
        f"      - {{id: {role}, role: {role}, home_region: HOME, relay: [{country}]}}" for role in roles
    )


def _listed(roles: Sequence[Role]) -> str:
    return f"[{', '.join(roles)}]"


def _explained(line: str, model: str) -> str:
    """Put the sentence about a key in the place of its name."""
    before, mark, name = line.partition(_EXPLAIN)
    if not mark or before.strip(" #"):
        return line
    owner, _, key = name.strip().rpartition(".")
    lines = textwrap.wrap(EXPLAINED[owner or model][key], _WIDTH - len(before) - len("# "))
    return "".join(f"{before}# {one}\n" for one in lines)
