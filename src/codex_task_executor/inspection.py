"""Looking at tasks without changing anything: list, show, log, diff, patch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from codex_task_executor import config, markers, report, transcript
from codex_task_executor.agent.items import call_id, is_call, is_message, text_of
from codex_task_executor.agent.records import (
    EndRecord,
    InputRecord,
    ItemRecord,
    OutputRecord,
    Record,
)
from codex_task_executor.errors import NothingToShow
from codex_task_executor.exit_codes import ExitCode
from codex_task_executor.output import Output
from codex_task_executor.report import FileLine, Report
from codex_task_executor.results import file_lines, merge_facts, preview
from codex_task_executor.session import Session
from codex_task_executor.text import first_line, one_line
from codex_task_executor.workplace import Workplace, open_workplace
from codex_worktree import locks, operations, refs
from codex_worktree.changes import ChangeSet, between
from codex_worktree.merge import AlreadyContained
from codex_worktree.patch import write


def state(workplace: Workplace, session: Session) -> str:
    """What a task is doing now; a lock says so, never the session alone."""
    if locks.runner(workplace.repository, session.task_id):
        return "running"
    if session.status == "running":
        return "interrupted"
    return session.status


def list_tasks(output: Output) -> int:
    """One line a task: id, state, changed files, cost, what it is about."""
    workplace = here(output)
    rows = [_row(workplace, session) for session in workplace.sessions()]
    if output.as_json:
        output.document({"tasks": rows})
        return ExitCode.COMPLETE
    if not rows:
        output.narrate("no tasks yet: codex-task run TASK_ID DESCRIPTION PLAN")
        return ExitCode.COMPLETE
    width = max(len(row["id"]) for row in rows)
    lines = [
        f"{row['id']:<{width}}  {row['state']:<12}  {row['files']:>3} files  {row['about']}"
        for row in rows
    ]
    output.answer("\n".join(lines))
    return ExitCode.COMPLETE


def _row(workplace: Workplace, session: Session) -> dict[str, Any]:
    last = report.read(workplace.files(session.task_id).report)
    return {
        "id": session.task_id,
        "state": state(workplace, session),
        "branch": f"codex/{session.task_id}",
        "worktree": session.worktree,
        "base": session.base,
        "files": len(last.files) if last else 0,
        "runs": len(session.runs),
        "about": first_line(session.description, 60),
    }


def show(task_id: str, output: Output) -> int:
    """The last report, with what merging would do now."""
    workplace = here(output)
    session = workplace.session(task_id)
    last = report.read(workplace.files(task_id).report)
    now = _current(workplace, session, last) if last else None
    if output.as_json:
        output.document(_document(workplace, session, now))
        return ExitCode.COMPLETE
    runs = f"{len(session.runs)} run{'s' if len(session.runs) != 1 else ''}"
    output.answer(f"{task_id}: {state(workplace, session)}, {runs}, model {session.model}\n")
    if now:
        output.answer("\n\n".join(markers.final(now)))
    return ExitCode.COMPLETE


def _document(workplace: Workplace, session: Session, last: Report | None) -> dict[str, Any]:
    files = workplace.files(session.task_id)
    return {
        "id": session.task_id,
        "state": state(workplace, session),
        "description": session.description,
        "plan": session.plan_path,
        "log": str(files.log),
        "transcript": str(files.transcript),
        "runs": [asdict(run) for run in session.runs],
        "report": json.loads(report.to_json(last)) if last else None,
    }


def _current(workplace: Workplace, session: Session, last: Report) -> Report:
    if last.commit is None:
        return last
    merged = preview(workplace.repository, session.target, session.base, last.commit)
    return replace(last, merge=merge_facts(merged))


def log(task_id: str, output: Output) -> int:
    """The conversation, a line a step."""
    workplace = here(output)
    workplace.session(task_id)
    steps = list(_steps(transcript.read(workplace.files(task_id).transcript)))
    if output.as_json:
        output.document({"id": task_id, "steps": steps})
    else:
        output.answer("\n".join(f"{step['iteration']:>4}  {step['text']}" for step in steps))
    return ExitCode.COMPLETE


def _steps(records: Iterator[Record]) -> Iterator[dict[str, Any]]:
    iteration, names = 0, {}
    for record in records:
        match record:
            case InputRecord():
                text = f"{record.origin}: {first_line(_told(record), 160)}"
            case ItemRecord() if is_message(record.item):
                iteration, text = (
                    record.iteration,
                    f"model: {first_line(text_of(record.item), 160)}",
                )
            case ItemRecord() if is_call(record.item):
                iteration, text = record.iteration, _call(record)
                names[call_id(record.item)] = record.item.get("name")
            case OutputRecord():
                result = first_line(str(record.item.get("output", "")), 120)
                text = f"  {names.get(call_id(record.item), 'call')} -> {result}"
            case EndRecord():
                used = record.usage
                text = f"  {used.input_tokens} tokens in, {used.output_tokens} out"
            case _:
                continue
        yield {"iteration": iteration, "text": text}


def _told(record: InputRecord) -> str:
    """The message; of the first one, which begins with guidance and plan, the task."""
    return text_of(record.item).rpartition("<task>\n")[2]


def _call(record: ItemRecord) -> str:
    given = record.item.get("input") or _arguments(str(record.item.get("arguments") or ""))
    return f"call: {record.item.get('name')} {one_line(str(given), 120)}"


def _arguments(text: str) -> str:
    """The arguments that were given, as ``name=value``; malformed ones as they are."""
    try:
        given = json.loads(text).items()
    except (ValueError, AttributeError):
        return text
    return " ".join(f"{name}={value}" for name, value in given if value is not None)


def operations_log(output: Output) -> int:
    """The journal of landings and undos, newest first."""
    done = list(operations.journal(here(output).repository))
    if output.as_json:
        output.document({"operations": [asdict(operation) for operation in done]})
    else:
        output.answer("\n".join(_operation(operation) for operation in done))
    return ExitCode.COMPLETE


def _operation(done: operations.Operation) -> str:
    moved = f"{done.target} {done.before[:7]} -> {done.after[:7]}"
    return f"{done.id[:7]}  {done.when}  {done.kind:<6}  {done.task_id}  {moved}"


def diff(task_id: str, stat: bool, output: Output) -> int:
    """The change set as a diff, or as counts a file."""
    workplace = here(output)
    found = changes_of(workplace, workplace.session(task_id))
    lines = file_lines(found)
    if output.as_json:
        files = [asdict(line) for line in lines]
        output.document({"id": task_id, "base": found.base, "result": found.result, "files": files})
    elif stat:
        output.answer("\n".join(_stat(line) for line in lines))
    else:
        output.diff(write(workplace.repository.git, found).data)
    return ExitCode.COMPLETE


def _stat(line: FileLine) -> str:
    counts = "binary" if line.added is None else f"+{line.added} -{line.deleted}"
    renamed = f" (from {line.renamed_from})" if line.renamed_from else ""
    return f"{line.status:<8}  {counts:>12}  {line.path}{renamed}"


def patch(task_id: str, output: Output) -> int:
    """The patch, byte for byte, or what proves it."""
    workplace = here(output)
    proven = write(workplace.repository.git, changes_of(workplace, workplace.session(task_id)))
    if output.as_json:
        output.document(
            {
                "id": task_id,
                "path": str(workplace.files(task_id).patch),
                "size": len(proven.data),
                "sha256": proven.digest,
                "base": proven.base,
                "tree": proven.result_tree,
            }
        )
    else:
        output.answer_bytes(proven.data)
    return ExitCode.COMPLETE


def changes_of(workplace: Workplace, session: Session) -> ChangeSet:
    """The published change set of a task. Raises NothingToShow."""
    commit = workplace.repository.reference(refs.result(session.task_id))
    if commit is None:
        raise NothingToShow(session.task_id, "it has no result yet")
    return between(workplace.repository.git, session.base, commit)


def landed(workplace: Workplace, session: Session) -> bool:
    """Whether the task's result is in its target already."""
    result = workplace.repository.reference(refs.result(session.task_id))
    if result is None:
        return False
    merged = preview(workplace.repository, session.target, session.base, result)
    return isinstance(merged, AlreadyContained)


def here(output: Output) -> Workplace:
    """The workplace of this process's folder; says what it had to finish first."""
    workplace = open_workplace(config.from_process({}))
    for line in workplace.recovered:
        output.narrate(line)
    return workplace
