"""Errors -> exit code, text and hint: the only place where that is decided."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from enum import IntEnum

from codex_task_executor import errors as own
from codex_task_executor.agent.model import FailureKind, ModelError
from codex_task_executor.agent.pricing import UnknownPrice
from codex_worktree import errors as git


class ExitCode(IntEnum):
    """What a command ended with (DESIGN: Output). The orchestrator branches on these."""

    COMPLETE = 0
    DEFECT = 1
    USAGE = 2
    BLOCKED = 3
    QUESTION = 4
    CONFLICTS = 5
    TESTS_FAILED = 6
    BUSY = 7
    INTERRUPTED = 130
    TERMINATED = 143


@dataclass(frozen=True)
class Explanation:
    """One error for a person: what happened, and what to do next."""

    code: ExitCode
    message: str
    hint: str

    @property
    def line(self) -> str:
        """Both on one line."""
        return f"{self.message}: {self.hint}" if self.hint else self.message


MODEL_HINTS = {
    FailureKind.UNAUTHORIZED: "check OPENAI_API_KEY",
    FailureKind.QUOTA: "add credit to the account or use another key, then run the same id again",
    FailureKind.UNKNOWN_MODEL: "set OPENAI_MODEL to a model that `codex-task doctor` lists",
    FailureKind.CONTEXT_FULL: "start a new task with a smaller scope, from this one with --base",
    FailureKind.REJECTED: "see the log; if the server is not OpenAI's, try --profile compatible",
    FailureKind.UNREACHABLE: "check the network and OPENAI_BASE_URL, then run the same id again",
}

HINTS: dict[type[Exception], tuple[ExitCode, str]] = {
    own.MissingKey: (ExitCode.USAGE, 'export OPENAI_API_KEY="sk-..."'),
    own.SettingProblem: (ExitCode.USAGE, ""),
    own.BadTaskId: (ExitCode.USAGE, "choose another id"),
    own.BadDescription: (
        ExitCode.USAGE,
        "say what is to be done, or give `-` and write it to stdin",
    ),
    own.PlanProblem: (ExitCode.USAGE, "use an absolute path or check the current folder"),
    own.UnknownTask: (ExitCode.USAGE, "`codex-task list` shows the tasks"),
    own.StateProblem: (ExitCode.USAGE, "make it writable or set STATE_DIR"),
    own.SessionDamaged: (ExitCode.USAGE, "move it away to start anew, or restore a good copy"),
    own.KeyInResult: (ExitCode.BLOCKED, "take it out there, then run the same id again"),
    own.IgnoredFiles: (ExitCode.BLOCKED, "save them, or add --discard-ignored"),
    own.SkillFolderProblem: (ExitCode.USAGE, "move it away or make it writable, then run it again"),
    UnknownPrice: (ExitCode.USAGE, "drop MAX_COST_USD and use MAX_TOKENS"),
    own.NothingToShow: (ExitCode.USAGE, "run the task first"),
    git.GitTooOld: (ExitCode.USAGE, "install a newer git"),
    git.NotARepository: (ExitCode.USAGE, "run inside a repository or set REPO_ROOT"),
    git.BareRepository: (ExitCode.USAGE, "clone it and run inside the clone"),
    git.NoCommits: (ExitCode.USAGE, "make a first commit: git commit --allow-empty -m start"),
    git.UnknownRevision: (ExitCode.USAGE, "check the name with `git rev-parse`"),
    git.IdentityMissing: (
        ExitCode.USAGE,
        "git config --global user.name NAME and user.email MAIL",
    ),
    git.BranchTaken: (ExitCode.USAGE, "rename that branch or choose another task id"),
    git.UnsupportedRepository: (ExitCode.USAGE, ""),
    git.PatchMismatch: (ExitCode.DEFECT, "please report this with the log"),
    git.Busy: (ExitCode.BUSY, "wait for it to end"),
    git.TargetMoved: (ExitCode.BUSY, "run the command again"),
    git.CheckoutInTheWay: (ExitCode.BUSY, "commit or move those files, then run it again"),
    git.NothingToUndo: (ExitCode.USAGE, "`codex-task log --operations` shows what was done"),
    git.GitCommandError: (ExitCode.DEFECT, "see the log"),
}


def explain(error: BaseException) -> Explanation:
    """What an error means to the user."""
    if isinstance(error, ModelError):
        return Explanation(ExitCode.BLOCKED, _model_failure(error), MODEL_HINTS[error.kind])
    if _is_disk_full(error):
        return Explanation(
            ExitCode.BLOCKED, "the disk is full", "free some space, then run the same id again"
        )
    for kind in type(error).__mro__:
        if kind in HINTS:
            code, hint = HINTS[kind]
            return Explanation(code, _one_line(str(error)), hint)
    return Explanation(
        ExitCode.DEFECT,
        f"internal error: {type(error).__name__}: {_one_line(str(error))}",
        "this is a defect of codex-task; the log has the details",
    )


def _model_failure(error: ModelError) -> str:
    usable = f"; the key can use {', '.join(error.usable)}" if error.usable else ""
    return f"{error.message}{usable}"


def _is_disk_full(error: BaseException | None) -> bool:
    """Whether a full disk is what happened, or the cause of it."""
    if error is None:
        return False
    if isinstance(error, git.GitCommandError):
        return b"No space left on device" in error.stderr
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return _is_disk_full(error.__cause__)


def _one_line(text: str) -> str:
    return " ".join(text.split())
