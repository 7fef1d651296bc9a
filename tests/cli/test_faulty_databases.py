"""A database that is none, or no longer a whole one, ends an audit with 6 and a sentence."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import HOME, SAMPLE, Invoke, WriteLog

Damage = Callable[[Path, bytes], object]


def _at(place: float, by: bytes) -> Damage:
    """Write over a part of the file, which begins at that share of it."""

    def damage(path: Path, whole: bytes) -> None:
        at = int(len(whole) * place)
        path.write_bytes(whole[:at] + by + whole[at + len(by) :])

    return damage


def _behind(key: bytes, by: bytes) -> Damage:
    """Write over what stands behind a key of the metadata."""

    def damage(path: Path, whole: bytes) -> None:
        at = whole.rindex(key) + len(key)
        path.write_bytes(whole[:at] + by + whole[at + len(by) :])

    return damage


DAMAGE: dict[str, tuple[Damage, str]] = {
    "zero bytes": (lambda path, _: path.touch(), "is empty"),
    "a text file": (lambda path, _: path.write_text("no database\n" * 99), "is no whole MaxMind DB"),
    "nothing but zeros": (lambda path, whole: path.write_bytes(bytes(len(whole))), "is no whole MaxMind DB"),
    "cut in the tree": (lambda path, whole: path.write_bytes(whole[:100]), "is no whole MaxMind DB"),
    "cut in the middle": (
        lambda path, whole: path.write_bytes(whole[: len(whole) // 2]),
        "is no whole MaxMind DB",
    ),
    "cut by one byte": (lambda path, whole: path.write_bytes(whole[:-1]), "is no whole MaxMind DB"),
    "a tree with other bytes": (_at(0.1, b"\x7f" * 50), "is no whole MaxMind DB"),
    "a tree with zeros": (_at(0, bytes(200)), "is no whole MaxMind DB"),
    "data with a text made a number": (
        lambda path, whole: path.write_bytes(whole.replace(b"\x42CN", b"\x62CN")),
        "is no whole MaxMind DB",
    ),
    "another node count": (_behind(b"node_count", b"\xc1\x07"), "is no whole MaxMind DB"),
    "another record size": (_behind(b"record_size", b"\xa1\x17"), "is no whole MaxMind DB"),
    "a type that is no text": (_behind(b"database_type", b"\xa1\x17"), "is no whole MaxMind DB"),
    "a folder": (lambda path, _: path.mkdir(), "has no database"),
    "a pipe": (lambda path, _: os.mkfifo(path), "is no file"),
    "a device without end": (lambda path, _: path.symlink_to("/dev/zero"), "is no file"),
    "a link to nowhere": (lambda path, _: path.symlink_to("nowhere"), "No such file or directory"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_6_a_database_that_is_none_is_named(
    invoke: Invoke, write_log: WriteLog, evidence: list[object], tmp_path: Path, name: str
) -> None:
    damage, says = DAMAGE[name]
    database = tmp_path / "x.mmdb"
    damage(database, (SAMPLE / "sample-country.mmdb").read_bytes())
    done = invoke("audit", write_log(HOME), *evidence, "--geo", database)
    assert (done.exit_code, done.stdout) == (6, "")
    assert f"{database}: {says}" in done.stderr or (says in done.stderr and str(database) in done.stderr)
    assert "hint: " in done.stderr or "cannot be read" in done.stderr
    assert not (tmp_path / "run").exists()


def test_6_a_pipe_among_the_databases_of_a_folder_is_named(
    invoke: Invoke, write_log: WriteLog, evidence: list[object], tmp_path: Path
) -> None:
    folder = tmp_path / "geo"
    folder.mkdir()
    os.mkfifo(folder / "pipe.mmdb")
    done = invoke("audit", write_log(HOME), *evidence, "--geo", folder)
    assert done.exit_code == 6
    assert "pipe.mmdb: is no file" in done.stderr


def test_6_a_database_that_may_not_be_read_is_named(
    invoke: Invoke, write_log: WriteLog, evidence: list[object], tmp_path: Path
) -> None:
    database = tmp_path / "x.mmdb"
    database.symlink_to(database)  # a link to itself, since nothing is forbidden to root
    done = invoke("audit", write_log(HOME), *evidence, "--geo", database)
    assert done.exit_code == 6
    assert f"{database}: cannot be read: " in done.stderr


def test_6_a_database_that_is_replaced_while_it_is_asked_ends_the_audit(
    evidence: list[object], tmp_path: Path
) -> None:
    database, other = tmp_path / "x.mmdb", tmp_path / "other.mmdb"
    for path in (database, other):
        shutil.copy(SAMPLE / "sample-country.mmdb", path)
    logs = [str(SAMPLE / "spring-2020.csv"), str(SAMPLE / "spring-2020.ndjson")]
    evidence[evidence.index("--geo") + 1] = database
    words = [sys.executable, "-m", "auditor", "audit", *logs, *map(str, evidence)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        while not [*tmp_path.glob(".run.work/shards/*")] and process.poll() is None:
            time.sleep(0.005)
        other.replace(database)
        _, said = process.communicate()
    assert process.returncode == 6, said
    assert f"{database}: is not the file that the audit began with" in said
    assert not (tmp_path / "run").exists()
