"""Connections → located and judged, with everything that a process needs for one job opened once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from auditor.countries import UNKNOWN_KEY
from auditor.engine.job import Job, SideFile
from auditor.engine.rows import distinct
from auditor.errors import Fault, InputError
from auditor.geo.atlas import Atlas
from auditor.model import CLIENT_UNIT, CODES, FINDING_VERDICTS, LOCATED, RELAY_UNIT, WARNING, Verdict
from auditor.ruleset.evaluator import judge
from auditor.ruleset.facts import Facts
from auditor.ruleset.schema import Rule, WatchRule
from auditor.ruleset.situation import LABEL, SITUATION, Situation, add_situation, situation_of
from auditor.ruleset.verdicts import Fact, Judgement
from auditor.sources.accounts import Accounts, load_accounts
from auditor.sources.interface import Log
from auditor.sources.privacy import shown

WORD = 64
"""Rules are kept as bits in columns of so many."""

DOUBT_WORDS = {
    Fact.HOME_REGION: "home_region_unknown",
    Fact.ACCOUNT: "account_unknown",
    Fact.LABEL: "label_unknown",
    Fact.ROLE: "role_unknown",
    Fact.TIER: "tier_unknown",
    Fact.ATTEMPT: "attempt_unknown",
    Fact.FAILED_PRIMARIES: "failed_primaries_unknown",
    Fact.SELECTION_REASON: "selection_reason_unknown",
    Fact.USE: "use_not_proved",
    Fact.END: "end_unknown",
}
"""Reasons for the doubts that no location evidence explains."""

_PLACED = tuple(name for name in LOCATED if name != "answers")
"""What judging takes from located relays; their evidence is written once a run, not once a batch."""

TALLY = (
    "connections",
    "without_call",
    "without_participant",
    "without_account",
    "without_end",
    "without_bytes",
    "bytes",
    "microseconds",
)


@dataclass(frozen=True, slots=True)
class Located:
    """A batch of connections whose relays and participants have been placed.

    `connections` has the batch's rows with `relay_key` and `participant_key`; `relays` and `clients` the
    located units, relays without their answers; `relay` and `client` the index of each row's.
    """

    connections: pl.DataFrame
    relays: pl.DataFrame
    relay: pl.Series
    clients: pl.DataFrame
    client: pl.Series


@dataclass(frozen=True, slots=True)
class Judged(Located):
    """What one batch of connections became.

    `situations` has the distinct situations with the counts of TALLY; `situation` the index of each row's;
    `judgements` one list per situation, in the order of the rules.
    """

    situations: pl.DataFrame
    situation: pl.Series
    judgements: list[tuple[Judgement, ...]]
    warnings: pl.DataFrame


class Judge:
    """Locates and judges connections for one job, wherever the job runs."""

    def __init__(self, job: Job) -> None:
        self.ruleset = job.ruleset
        self.atlas = Atlas(job.atlas)
        self.facts = Facts.of(job.ruleset)
        self._accounts = _accounts_of(job.accounts)
        self._known: dict[Situation, tuple[Judgement, ...]] = {}

    def judge(self, connections: pl.DataFrame, log: Log | None = None) -> Judged:
        """Judge a batch of CONNECTION rows, of any size, keeping their order.

        `log` is where they come from: what of it is not to be kept is taken out once they are located.
        """
        joined, warnings = self._accounts.join(connections) if self._accounts else (connections, None)
        misspelt = _misspelt(joined, self.facts)
        located = self._locate(joined.with_columns(_region()))
        if log is not None:
            located = replace(located, connections=shown(located.connections, log))
        return self.judge_located(located, misspelt if warnings is None else pl.concat([misspelt, warnings]))

    def judge_located(self, located: Located, warnings: pl.DataFrame) -> Judged:
        """Judge a batch whose places are known; `warnings` are passed on."""
        keys, situation = distinct(add_situation(located.connections, self.facts), SITUATION)
        return Judged(
            connections=located.connections,
            relays=located.relays,
            relay=located.relay,
            clients=located.clients,
            client=located.client,
            situations=_tally(located.connections, keys, situation),
            situation=situation,
            judgements=self.judgements(keys),
            warnings=warnings,
        )

    def judgements(self, situations: pl.DataFrame) -> list[tuple[Judgement, ...]]:
        """Judge distinct situations under every rule, in the order of the rules."""
        rows = situations.select(SITUATION).iter_rows(named=True)
        return [self._judge(situation_of(row, self.facts)) for row in rows]

    def _judge(self, situation: Situation) -> tuple[Judgement, ...]:
        known = self._known.get(situation)
        if known is None:
            known = tuple(judge(rule, situation, self.facts) for rule in self.ruleset.rules)
            self._known[situation] = known
        return known

    def _locate(self, connections: pl.DataFrame) -> Located:
        dated = connections.with_columns(location_period=self.atlas.period_of(pl.col("started_at")))
        dated_units, relay = distinct(dated, tuple(RELAY_UNIT))
        relays = self.atlas.locate_in_own_periods(dated_units, _PLACED)
        clients, client = self._clients(dated)
        keyed = dated.with_columns(
            relay_key=relays["key"].gather(relay), participant_key=clients["key"].gather(client)
        )
        return Located(connections=keyed, relays=relays, relay=relay, clients=clients, client=client)

    def _clients(self, dated: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
        """Locate the participants, if any rule asks for them."""
        if self.facts.asks_participant:
            units, client = distinct(dated, tuple(CLIENT_UNIT))
            return self.atlas.locate_clients(units), client
        nobody = pl.DataFrame(
            {"key": [UNKNOWN_KEY], "reasons": [["not_asked"]], "hints": [[]]},
            schema_overrides={"hints": pl.List(pl.String)},
        )
        return nobody, pl.zeros(dated.height, dtype=pl.UInt32, eager=True)


_OPEN: list[tuple[Job, Judge]] = []


def judge_of(job: Job) -> Judge:
    """Open what a job needs, once in a process; the job before it is closed.

    Two jobs of one id may name copies of the same files at other places: each is opened where it says.
    """
    for opened, at_work in _OPEN:
        if (opened.id, opened.atlas, opened.accounts) == (job.id, job.atlas, job.accounts):
            return at_work
    _OPEN[:] = [(job, Judge(job))]
    return _OPEN[0][1]


def in_scope_words(judgements: Sequence[tuple[Judgement, ...]], rules: int) -> list[pl.Series]:
    """Keep, for each situation, the rules that are surely or possibly in scope, as bits of UInt64 columns."""
    words = []
    for start in range(0, rules, WORD):
        bits = [
            sum(
                1 << place
                for place, judgement in enumerate(row[start : start + WORD])
                if judgement.verdict is not Verdict.NOT_APPLICABLE
            )
            for row in judgements
        ]
        words.append(pl.Series(f"rules_{start // WORD}", bits, dtype=pl.UInt64))
    return words


def codes_of(key: pl.Expr) -> pl.Expr:
    """Turn keys of candidate sets into lists of codes; unknown becomes null."""
    return pl.when(key != UNKNOWN_KEY).then(key.str.split(" ")).cast(CODES)


def binds(rule: Rule) -> bool:
    """Tell whether a rule's verdicts are findings: those of a watch are only counted and shown."""
    return not isinstance(rule, WatchRule)


def is_kept(judgement: Judgement, rule: Rule) -> bool:
    """Tell whether a judgement is a finding, or under a watch is counted like one."""
    return judgement.verdict in (
        FINDING_VERDICTS if binds(rule) else (Verdict.VIOLATION, Verdict.INDETERMINATE)
    )


def _region() -> pl.Expr:
    """Leave a home region open where the log has something there that is no name of one.

    Its JSON text was kept so that no accounts file fills it in as if the log had been silent.
    """
    region = pl.col("home_region")
    return pl.when(~region.str.contains(r"^[\[{]")).then(region).alias("home_region")


def _misspelt(connections: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    """Warn of values that no rule names, and that only case or blanks tell from one that a rule does.

    They are compared exactly, so no rule for the one is for the other.
    """
    asked: dict[str, tuple[str, Collection[str]]] = {
        "home_region": ("home region", facts.home_regions),
        "account_id": ("account", facts.account_lists),
        **{LABEL + key: (f"label {key}", values) for key, values in facts.labels.items()},
    }
    frames = [
        _misspelt_in(connections, column, words, named)
        for column, (words, named) in asked.items()
        if named and column in connections.columns
    ]
    return pl.concat([pl.DataFrame(schema=WARNING), *frames])


def _misspelt_in(connections: pl.DataFrame, column: str, words: str, named: Collection[str]) -> pl.DataFrame:
    meant = {_folded(name): name for name in named}
    unnamed = pl.col(column).is_not_null() & ~pl.col(column).is_in(sorted(named))
    found = connections.filter(unnamed).group_by("source_file", column)
    counted = found.agg(pl.len().cast(pl.Int64).alias("count"), first_record=pl.col("record").min())
    alike = pl.col(column).str.replace_all(r"\s+", " ").str.to_lowercase()
    likely = counted.filter(alike.is_in(sorted({name.lower() for name in (*meant, *named)})))
    rows = [
        {
            "source_file": row["source_file"],
            "text": f"{words} `{row[column]}` is named by no rule; a rule names `{meant[folded]}`",
            "count": row["count"],
            "first_record": row["first_record"],
        }
        for row in likely.iter_rows(named=True)
        if (folded := _folded(row[column])) in meant
    ]
    return pl.DataFrame(rows, schema=WARNING)


def _folded(region: str) -> str:
    return " ".join(region.casefold().split())


def tallied(rows: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Count the connections of each combination of `keys`, in the columns TALLY, in no particular order.

    In integers only, so that partial counts add up in any order; bytes and durations are what a log says, and
    hostile ones would run over 64 bits.
    """
    duration = (pl.col("ended_at") - pl.col("started_at")).dt.total_microseconds()
    return rows.group_by(keys).agg(
        connections=pl.len().cast(pl.Int64),
        without_call=pl.col("call_id").null_count().cast(pl.Int64),
        without_participant=pl.col("participant_id").null_count().cast(pl.Int64),
        without_account=pl.col("account_id").null_count().cast(pl.Int64),
        without_end=pl.col("ended_at").null_count().cast(pl.Int64),
        without_bytes=pl.col("bytes").null_count().cast(pl.Int64),
        bytes=pl.col("bytes").cast(pl.Int128).sum(),
        microseconds=duration.cast(pl.Int128).sum(),
    )


def _tally(rows: pl.DataFrame, keys: pl.DataFrame, situation: pl.Series) -> pl.DataFrame:
    """Count each situation."""
    numbered = rows.with_columns(situation.alias("__situation"))
    counted = tallied(numbered, ["__situation"]).sort("__situation").drop("__situation")
    return pl.concat([keys, counted], how="horizontal")


def _accounts_of(file: SideFile | None) -> Accounts | None:
    if file is None:
        return None
    accounts = load_accounts(Path(file.path))
    if accounts.sha256 != file.sha256:
        raise InputError(Fault(file.path, "is not the file that the audit began with", "run the audit again"))
    return accounts
