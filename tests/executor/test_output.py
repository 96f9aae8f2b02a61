"""What a model or a tree can put into the output, read by the seed's parser."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from codex_task_executor import markers
from codex_task_executor.events import Blocked, Event, Progress, Question, ToolUsed
from codex_task_executor.exit_codes import ExitCode, Explanation
from codex_task_executor.output import Output
from codex_task_executor.report import (
    FileLine,
    MergeFacts,
    PatchFacts,
    Report,
    TestResult,
    WorktreeFacts,
)
from codex_task_executor.text import one_line
from codex_worktree.changes import quoted
from support.seed_parser import parse

FACTS = WorktreeFacts("/w/task-1", "codex/task-1", "b" * 40, "main")
LOG, REPORT = Path("/s/task-1/log"), Path("/s/task-1/report.json")

BREAKS = [
    "",
    "\n",
    "\r",
    "\t",
    " ",
    "\u2028",
    "\x85",
    "\x0b",
    "\u00a0",
    "\ufeff",
    "\u200b",
    "\x1b[2K",
]
NAMES = (
    *("PROGRESS", "QUESTION", "BLOCKED", "SUMMARY", "TEST_RESULTS", "WORKTREE", "FILES_MODIFIED"),
    *("PATCH", "MERGE_RESULT", "REVIEW", "USAGE", "CODEX_COMPLETE", "TASK_COMPLETE", "CONFLICT"),
)
PIECES = [
    *(f"[{name}]" for name in NAMES),
    *(
        "[CODEX_COMPLETE] Task completed",
        "[Tool: Bash] rm",
        "Options:",
        "1. yes",
        "- a.py (created)",
        "x" * 700,
    ),
    *BREAKS,
]
pieces = st.sampled_from(PIECES) | st.text(max_size=8)
texts = st.lists(st.tuples(st.sampled_from(BREAKS), pieces).map("".join), max_size=8).map("".join)
"""What a model can say: pieces that mean something to a parser, in any order."""

names = st.one_of(
    texts.map(lambda text: text.replace("\0", "")), st.binary(max_size=40).map(lambda b: b.hex())
).map(lambda text: text.encode("utf-8", "replace").decode("utf-8", "surrogateescape"))
files = st.builds(
    FileLine,
    path=names.filter(lambda name: name != "").map(quoted),
    status=st.sampled_from(["created", "modified", "deleted"]),
    old_mode=st.just("100644"),
    new_mode=st.just("100755"),
    renamed_from=st.none(),
    added=st.just(1),
    deleted=st.none(),
    flags=st.sampled_from([(), ("new executable",)]),
)
questions = st.builds(Question, texts, st.lists(texts, max_size=3).map(tuple), st.none() | texts)
blocks = st.builds(Blocked, texts, texts)
events = st.one_of(
    st.builds(Progress, texts), st.builds(ToolUsed, st.just("Bash"), texts), questions
)
patches = st.just(PatchFacts("/s/task-1/changes.patch", 10, "d" * 64, "b" * 40, "t" * 40))
merges = st.builds(
    MergeFacts, st.sampled_from(["clean", "conflicts", "unknown"]), texts, st.tuples(texts, texts)
)
reports = st.builds(
    Report,
    task_id=st.just("task-1"),
    status=st.just("failed"),
    exit_code=st.sampled_from([0, 3, 4, 6]),
    iterations=st.just(7),
    worktree=st.just(FACTS),
    summary=texts,
    tests=st.builds(TestResult, st.sampled_from(["passed", "not run"]), texts, st.just(1.5), texts),
    commit=st.just("c" * 40),
    files=st.lists(files, max_size=300).map(tuple),
    skipped=st.lists(texts, max_size=9).map(tuple),
    patch=patches,
    merge=merges,
    questions=st.lists(questions, max_size=7).map(tuple),
    blocked=blocks,
)


@contextmanager
def captured(encoding: str = "utf-8") -> Iterator[io.BytesIO]:
    """What is written to standard output while the context is entered."""
    written, before = io.BytesIO(), sys.stdout
    sys.stdout = stream = io.TextIOWrapper(written, encoding, write_through=True)
    try:
        yield written
    finally:
        sys.stdout = before
        stream.detach()  # or it would close what it wrote to


def said(happened: Iterable[Event], ended: Report, *, as_json: bool = False) -> str:
    """The whole output of a run."""
    with captured() as written:
        output = Output(as_json=as_json)
        output.worktree(FACTS, LOG, REPORT)
        for event in happened:
            output.event(event)
        output.report(ended)
        return written.getvalue().decode()


@given(events | blocks)
def test_an_event_is_one_marker_to_the_seeds_parser(happened: Event) -> None:
    kind = {Progress: "PROGRESS", ToolUsed: "Tool", Question: "QUESTION", Blocked: "BLOCKED"}
    assert parse(markers.event(happened)).markers == [kind[type(happened)]]


@given(texts.filter(str.strip))
@settings(max_examples=500)
def test_a_summary_is_one_marker_to_the_seeds_parser(text: str) -> None:
    ended = Report("task-1", "complete", 0, 1, summary=text)
    assert parse("\n\n".join(markers.final(ended))).markers == [
        "SUMMARY",
        "USAGE",
        "CODEX_COMPLETE",
    ]


@given(st.lists(events, max_size=9), reports)
def test_the_seeds_parser_reads_a_run_and_cannot_be_fooled(
    happened: Sequence[Event], ended: Report
) -> None:
    seen = parse(said(happened, ended))
    final = [parse(block).markers[0] for block in markers.final(ended)]
    assert seen.markers[:2] == ["WORKTREE", "PROGRESS"]
    assert seen.markers[-len(final) :] == final
    assert len(seen.markers) <= 2 + len(happened) + 1 + len(final)
    assert len(seen.complete) == (ended.exit_code == 0)
    assert seen.files == [(file.path, file.status) for file in ended.files][: len(seen.files)]
    assert len(seen.files) == len(ended.files) or len(seen.files) >= 3
    if ended.exit_code == 0:
        assert seen.markers[-1] == "CODEX_COMPLETE"
    elif not ended.questions:
        assert seen.markers[-1] == "BLOCKED"
    else:
        assert seen.markers[-1] == "QUESTION"
        check_question(seen.questions[-1], seen.options, ended.questions[0])


def check_question(text: str, options: list[str], asked: Question) -> None:
    """The parser has the question that is open, with its options and no others."""
    assert text.startswith(one_line(asked.text, 1_000))
    expected = [*filter(None, (one_line(option, 200) for option in asked.options))]
    assert options[len(options) - len(expected) :] == expected


@given(st.lists(events, max_size=60), reports)
def test_the_output_is_short_and_begins_with_where_everything_is(
    happened: Sequence[Event], ended: Report
) -> None:
    text = said([*happened] * 20, ended)
    assert len(text) < 20_000
    assert all(name in text[:1_000] for name in (FACTS.path, str(LOG), REPORT.name))


@given(st.lists(events, max_size=9), reports)
def test_every_line_of_json_is_an_event_and_the_last_is_the_result(
    happened: Sequence[Event], ended: Report
) -> None:
    lines = said(happened, ended, as_json=True).split("\n")
    assert lines.pop() == ""
    found: list[Any] = [json.loads(line) for line in lines]
    assert len(found) == len(happened) + 2
    assert [line["type"] for line in found].count("result") == 1
    assert found[-1]["exit_code"] == ended.exit_code
    assert found[-1]["report"]["summary"] == ended.summary


def test_the_longest_output_stays_under_its_limit() -> None:
    long = "word " * 1_000
    file = FileLine("d/" + "x" * 90, "created", "100644", "100755", None, 1, 1, ("executable",))
    facts = WorktreeFacts("/w" * 250, "codex/" + "a" * 64, "b" * 40, long, (long,) * 99)
    ended = Report(
        task_id="task-1",
        status="question",
        exit_code=4,
        iterations=9_999,
        worktree=facts,
        summary="[CODEX_COMPLETE]\n" * 1_000,
        tests=TestResult("failed", long, 9_999.9),
        commit="c" * 40,
        files=(file,) * 5_000,
        skipped=(long,) * 99,
        patch=PatchFacts("/s" * 250, 1 << 40, "d" * 64, "b" * 40, "t" * 40),
        merge=MergeFacts("conflicts", long, (long,) * 9),
        questions=(Question(long, (long,) * 9, long),) * 9,
    )
    text = said([ToolUsed("Bash", long), Progress(long)] * 500, ended)
    assert len(text) + len(FACTS.path) < 20_000
    assert parse(text).markers[-1] == "QUESTION"


def test_tool_lines_stop_before_other_lines_do_and_the_log_has_them_all(tmp_path: Path) -> None:
    with captured() as written:
        output = Output()
        output.open_log(tmp_path / "log")
        for number in range(1_000):
            output.event(ToolUsed("Read", f"file-{number}"))
        output.event(Progress("still here"))
        output.close()
    shown = parse(written.getvalue().decode())
    assert 50 < len(shown.tools) < 1_000
    assert shown.progress == ["output limit: further lines are only in the log", "still here"]
    assert (tmp_path / "log").read_text().count("[Tool: Read] file-") == 1_000


def test_what_stops_a_run_is_said_after_any_amount_of_output() -> None:
    with captured() as written:
        output = Output()
        for _ in range(1_000):
            output.event(Progress("on and on"))
        output.stopped(Blocked("the disk is full"))
    assert parse(written.getvalue().decode()).blocked == ["the disk is full"]


def test_a_log_on_a_full_disk_keeps_nothing_from_being_said() -> None:
    with captured() as written:
        output = Output()
        output.open_log(Path("/dev/full"))
        output.stopped(Blocked("the disk is full"))
        output.close()
    assert parse(written.getvalue().decode()).blocked == ["the disk is full"]


def test_an_encoding_without_a_character_does_not_end_the_run() -> None:
    with captured("ascii") as written:
        Output().event(Progress("caf\u00e9 \u2026"))
    assert written.getvalue() == b"[PROGRESS] caf? ?\n\n"


def test_a_key_is_taken_out_and_a_word_that_stands_for_none_is_not(tmp_path: Path) -> None:
    with captured() as written:
        for key in ("sk-test-0123456789abcdef", "none"):
            output = Output()
            output.redact(key)
            output.open_log(tmp_path / "log")
            output.event(Progress(f"the key is {key}"))
            output.close()
    assert (
        written.getvalue() == b"[PROGRESS] the key is [redacted]\n\n[PROGRESS] the key is none\n\n"
    )
    assert "0123456789" not in (tmp_path / "log").read_text()


def test_errors_are_one_line_on_stderr(capsys: Any) -> None:
    Output().failure(Explanation(ExitCode.USAGE, "no such thing", "look again"))
    assert capsys.readouterr() == ("", "codex-task: no such thing: look again\n")
