"""Arguments -> Job: everything a run checks and decides before anything is made.

Each bad input ends here, with nothing changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from codex_task_executor import followup, project_settings, session
from codex_task_executor.agent.names import ModelChoice, resolve
from codex_task_executor.agent.pricing import Prices
from codex_task_executor.config import Settings
from codex_task_executor.errors import MissingKey, PlanProblem
from codex_task_executor.followup import Begin, Continue, Repeat
from codex_task_executor.redaction import redacted
from codex_task_executor.session import Session, TaskFiles, known_ids
from codex_task_executor.task import (
    ID_RULE,
    Plan,
    Task,
    check_case,
    check_description,
    check_id,
    read_plan,
)
from codex_task_executor.tools.registry import Profile, profile_for
from codex_task_executor.workplace import Workplace, open_workplace
from codex_worktree import locks, refs, worktrees
from codex_worktree.repository import Repository


@dataclass(frozen=True)
class Arguments:
    """The three arguments of the seed, unchecked; ``folder`` is what a plan is relative to."""

    task_id: str
    description: str
    plan: str | None
    folder: Path


@dataclass(frozen=True)
class Job:
    """A run that may begin: it holds the task's lock.

    ``previous_status`` is how the run before it ended, ``notes`` are lines for the user.
    """

    settings: Settings
    workplace: Workplace
    session: Session
    step: Begin | Continue | Repeat
    profile: Profile
    test_command: str | None = None
    previous_status: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def repository(self) -> Repository:
        """The repository."""
        return self.workplace.repository

    @property
    def files(self) -> TaskFiles:
        """The task's files."""
        return self.workplace.files(self.session.task_id)

    def redacted(self, text: str) -> str:
        """The text without the API key."""
        return redacted(text, self.settings.api_key)

    @property
    def worktree_path(self) -> Path:
        """Where the task's worktree lies."""
        return self.workplace.worktree(self.session.task_id)


@contextmanager
def prepared(arguments: Arguments, settings: Settings) -> Iterator[Job]:
    """The job of these arguments, alone on its task until the context ends.

    Raises every error of the bad-input list.
    """
    check_id(arguments.task_id)
    if arguments.description:
        check_description(arguments.description)
    workplace = open_workplace(settings)
    with locks.run(workplace.repository, arguments.task_id):
        job = _job(arguments, settings, workplace)
        if not isinstance(job.step, Repeat):
            job.files.prepare()
        if isinstance(job.step, Begin):  # a follow-up's is saved once its message is recorded
            session.save(job.files, job.session)
        yield job


def _job(arguments: Arguments, settings: Settings, workplace: Workplace) -> Job:
    known = session.load(workplace.files(arguments.task_id))
    plan, missing = _plan(arguments, known)
    task = _without_key(Task(arguments.task_id, arguments.description, plan), settings.api_key)
    step = followup.decide(known, task, missing)
    model = resolve(settings.model, settings.base_url)
    if isinstance(step, Repeat):
        assert known is not None  # decide() repeats only what there is
        return Job(settings, workplace, known, step, profile_for(known.model, settings.profile))
    if settings.api_key is None:
        raise MissingKey
    if settings.limits.cost_usd is not None:
        Prices(model.name, settings.base_url).require()
    workplace.repository.require_identity()
    current = _continued(known, task) if known else _begun(task, settings, workplace, model)
    profile = profile_for(model.name, settings.profile)
    current = replace(current, model=model.name, profile=profile.name)
    return Job(
        settings=settings,
        workplace=workplace,
        session=current,
        step=step,
        profile=profile,
        test_command=settings.test_command or _project_test(workplace, current),
        previous_status=known.status if known else None,
        notes=_notes(step, model),
    )


def _without_key(task: Task, key: str | None) -> Task:
    """What is said to the model is kept: no key may be in it."""
    plan = task.plan and replace(task.plan, text=redacted(task.plan.text, key))
    return replace(task, description=redacted(task.description, key), plan=plan)


def _project_test(workplace: Workplace, current: Session) -> str | None:
    return project_settings.read(workplace.repository, current.base).test_command


def _notes(step: Begin | Continue, model: ModelChoice) -> tuple[str, ...]:
    notes = step.notes if isinstance(step, Continue) else ()
    return (*notes, model.notice) if model.notice else notes


def _plan(arguments: Arguments, known: Session | None) -> tuple[Plan | None, str | None]:
    """The plan, or None and why; a follow-up may leave it out."""
    if arguments.plan is None:
        return None, None
    try:
        return read_plan(arguments.plan, arguments.folder), None
    except PlanProblem as error:
        if known is None:
            raise
        return None, str(error)


def _begun(task: Task, settings: Settings, workplace: Workplace, model: ModelChoice) -> Session:
    repository = workplace.repository
    assert task.plan is not None  # decide() begins only with a plan
    check_case(task.id, known_ids(workplace.state_dir))
    worktrees.check_branch(repository, task.id)
    head = repository.head()
    base, base_name = head.commit, head.name
    if settings.base is not None:
        base, base_name = _base(repository, settings.base), settings.base
    return Session(
        task_id=task.id,
        created=session.now(),
        opening=task.description,
        description=task.description,
        plan_path=task.plan.path,
        plan_text=task.plan.text,
        base=base,
        base_name=base_name,
        target=head.branch,
        worktree=str(workplace.worktree(task.id)),
        model=model.name,
        profile="",
        status="running",
        uncommitted=_uncommitted(repository),
    )


def _base(repository: Repository, name: str) -> str:
    """A task's last result where ``name`` is a task id, else the commit of that name."""
    result = repository.reference(refs.result(name)) if ID_RULE.fullmatch(name) else None
    return result or repository.commit(name)


def _uncommitted(repository: Repository) -> tuple[str, ...]:
    return tuple(path for path in repository.dirty() if not path.startswith(".codex-sessions/"))


def _continued(known: Session, task: Task) -> Session:
    plan = task.plan or Plan(known.plan_path, known.plan_text)
    return replace(
        known,
        description=task.description or known.description,
        plan_path=plan.path,
        plan_text=plan.text,
        status="running",
    )
