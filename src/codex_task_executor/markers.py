"""Events and reports -> the marker blocks of DESIGN's "Output", as text.

Each function gives one block without its closing empty line. Whatever a model or a tree
can influence passes through ``text`` first.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from codex_task_executor.events import Blocked, Event, Progress, Question, ToolUsed
from codex_task_executor.report import FileLine, MergeFacts, Report, TestResult, WorktreeFacts
from codex_task_executor.text import one_line, quoted

SUMMARY_LIMIT = 2_000
"""Characters of the model's last message (DESIGN: Output)."""

FILES_LIMIT = 200
FILES_CHARACTERS = 4_000
"""Where the list of files ends; all of them are in report.json."""


MOST_OPTIONS = 3
"""Options that are shown of a question: as many as the seed's parser collects."""


def event(happened: Event) -> str:
    """The block of one event."""
    match happened:
        case Progress(text):
            return f"[PROGRESS] {one_line(text)}"
        case ToolUsed(name, target):
            return f"[Tool: {name}] {one_line(target, 200)}"
        case Question():
            return question((happened,))
        case Blocked():
            return blocked(happened)


def question(asked: tuple[Question, ...]) -> str:
    """The open questions as one block: the oldest with its options, the others named."""
    first, others = asked[0], asked[1:]
    lines = [f"[QUESTION] {one_line(first.text, 1_000) or '(without words)'}"]
    if others:
        lines[0] += " (also open: " + " | ".join(one_line(q.text, 150) for q in others[:3]) + ")"
    options = [*filter(None, (one_line(option, 200) for option in first.options))][:MOST_OPTIONS]
    if options:
        lines.append("Options:")
        lines += [f"{number}. {option}" for number, option in enumerate(options, 1)]
    if first.assumption:
        lines.append(f"Meanwhile assumed: {one_line(first.assumption, 300)}")
    return "\n".join(lines)


def blocked(why: Blocked) -> str:
    """What stopped the run and what it needs."""
    needs = f" (needs: {one_line(why.needs, 500)})" if why.needs else ""
    return f"[BLOCKED] {one_line(why.reason, 1_000)}{needs}"


def worktree(facts: WorktreeFacts) -> str:
    """Where the work happens and from which commit it started."""
    return f"[WORKTREE] {one_line(facts.path, 1_000)} ({', '.join(_origin(facts))})"


def places(log: Path, report: Path) -> str:
    """Where everything is that is not shown; the report lies in the log's folder."""
    return f"[PROGRESS] log {one_line(str(log), 1_000)}, {report.name} beside it"


def _origin(facts: WorktreeFacts) -> Iterator[str]:
    yield f"branch {facts.branch}"
    left_out = _uncommitted(facts.uncommitted)
    yield f"base {facts.base[:7]} of {one_line(facts.base_name, 100)}{left_out}"


def _uncommitted(paths: tuple[str, ...]) -> str:
    if not paths:
        return ""
    noun = "file" if len(paths) == 1 else "files"
    named = ", ".join(one_line(path, 60) for path in paths[:3])
    more = ", ..." if len(paths) > 3 else ""
    return f"; {len(paths)} uncommitted {noun} not included: {named}{more}"


def final(report: Report) -> Iterator[str]:
    """The blocks that end a run, in their order."""
    if report.summary.strip():
        yield f"[SUMMARY] {quoted(report.summary.strip(), SUMMARY_LIMIT)}"
    if report.tests:
        yield tests(report.tests)
    if report.worktree:
        yield worktree(report.worktree)
    yield from _result(report)
    yield usage(report)
    yield ending(report)


def _result(report: Report) -> Iterator[str]:
    if report.commit is None:
        return
    yield files(report.files)
    yield from (f"[PROGRESS] not included: {one_line(line, 200)}" for line in report.skipped[:3])
    if report.patch:
        proof = f"proved: {report.patch.base[:7]} + patch = tree {report.patch.tree[:7]}"
        yield f"[PATCH] {one_line(report.patch.path, 1_000)} ({report.patch.size} bytes, {proof})"
    if report.merge:
        yield merge(report.merge)
    if report.flagged:
        yield review(report.flagged)


def tests(result: TestResult) -> str:
    """Whether the test command passed."""
    if result.outcome == "not run":
        return f"[TEST_RESULTS] not run: {one_line(result.reason, 200)}"
    seconds = f" ({result.seconds:.1f} s)" if result.seconds is not None else ""
    return f"[TEST_RESULTS] {result.outcome}: {one_line(result.command or '', 200)}{seconds}"


def files(changed: tuple[FileLine, ...]) -> str:
    """The cumulative list of changed files, odd names quoted as git quotes them."""
    lines, room = ["[FILES_MODIFIED]"], FILES_CHARACTERS
    for file in changed[:FILES_LIMIT]:
        line = f"- {file.path} ({file.status})"
        room -= len(line) + 1
        if room < 0:
            break
        lines.append(line)
    left = len(changed) - (len(lines) - 1)
    return "\n".join([*lines, f"(and {left} more: report.json)"] if left else lines)


def merge(result: MergeFacts) -> str:
    """What merging would do."""
    target = one_line(result.target, 100)
    texts = {
        "clean": f"clean into {target}",
        "conflicts": f"conflicts with {target}: {one_line(', '.join(result.conflicts), 800)}",
        "contained": "already contained",
        "nothing": "nothing to merge",
        "unknown": f"not known: {one_line(result.reason, 300)}",
    }
    return f"[MERGE_RESULT] {texts[result.outcome]}"


def review(flagged: tuple[FileLine, ...]) -> str:
    """Files that would run on the user's machine."""
    named = "; ".join(f"{file.path} ({', '.join(file.flags)})" for file in flagged)
    return f"[REVIEW] look at these before merging: {one_line(named, 700)}"


def usage(report: Report) -> str:
    """Tokens and money."""
    used = report.usage
    cost = "unknown" if report.cost_usd is None else f"${report.cost_usd:.4f}"
    return (
        f"[USAGE] {used.input_tokens} tokens in ({used.cached_tokens} cached), "
        f"{used.output_tokens} out, cost {cost}"
    )


def ending(report: Report) -> str:
    """The last block: complete, a question, or what stopped it."""
    if report.exit_code == 0:
        return f"[CODEX_COMPLETE] Task completed in {report.iterations} iterations"
    if report.questions:
        return question(report.questions)
    return blocked(report.blocked or Blocked(f"ended with exit code {report.exit_code}"))
