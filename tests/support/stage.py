"""An agent on a stage: the real SDK against the scripted model, with tools that tests direct."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from codex_task_executor.agent.connect import connect
from codex_task_executor.agent.control import AskQuestion, ReportBlocked
from codex_task_executor.agent.conversation import Transcript, assemble
from codex_task_executor.agent.endpoint import Endpoint, RetryPolicy
from codex_task_executor.agent.limits import Limits
from codex_task_executor.agent.loop import Agent
from codex_task_executor.agent.model import Model, ProfileName
from codex_task_executor.agent.records import Record
from codex_task_executor.agent.result import AgentResult
from codex_task_executor.agent.scripted import ScriptedServer
from codex_task_executor.agent.settings import AgentSettings
from codex_task_executor.events import Event, Progress, ToolUsed
from codex_task_executor.tools.base import Arguments, Tool, ToolError, ToolOutput
from codex_task_executor.tools.registry import Profile, Toolbox
from support.scripted import Script, scripted

QUICK = RetryPolicy(attempts=3, first_wait=0.001, max_wait=0.002, max_asked=5)
"""Real waits, but short ones."""

TASK = "the task"
"""What every conversation on the stage begins with: a scenario's ``match``."""


class Journal(list[Record]):
    """Records in memory; a test can wait for one of a kind."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        super().__init__(records)
        self._seen: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def append(self, record: Record) -> None:
        """Keep a record and tell who waits for it."""
        super().append(record)
        self._seen[record.kind].set()

    async def has(self, kind: str) -> None:
        """Wait until a record of this kind was appended."""
        await self._seen[kind].wait()


class Events(list[Event]):
    """Events in the order of their emission; a test can wait for a line of progress."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def append(self, event: Event) -> None:
        """Keep an event and tell who waits for it."""
        super().append(event)
        if isinstance(event, Progress):
            self._shown[event.text].set()

    async def shows(self, text: str) -> None:
        """Wait until this line of progress was shown."""
        await self._shown[text].wait()


class Named(Arguments):
    """Arguments of the stage's tools."""

    name: str


@dataclass
class Diary:
    """When calls began and ended, in order; a call whose name has a gate waits there."""

    lines: list[str] = field(default_factory=list)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    reached: dict[str, asyncio.Event] = field(default_factory=dict)

    def hold(self, name: str) -> None:
        """Let the call of this name wait for ``release``."""
        self.gates[name], self.reached[name] = asyncio.Event(), asyncio.Event()

    async def carry_out(self, name: str) -> ToolOutput:
        """What every tool of the stage does."""
        self.lines.append(f"begin {name}")
        if name in self.gates:
            self.reached[name].set()
            await self.gates[name].wait()
        self.lines.append(f"end {name}")
        if name.startswith("bad"):
            raise ToolError(f"no {name}: try another")
        return ToolOutput(f"did {name}")


@dataclass
class Look:
    """A shared tool."""

    diary: Diary
    name: str = "look"
    description: str = "Look at something."
    exclusive: bool = False
    arguments: type[Named] = Named

    def lines(self, arguments: Named) -> Sequence[ToolUsed]:
        """One line."""
        return (ToolUsed("Read", arguments.name),)

    async def run(self, arguments: Named) -> ToolOutput:
        """Write it down."""
        return await self.diary.carry_out(arguments.name)


@dataclass
class Change(Look):
    """An exclusive tool."""

    name: str = "change"
    description: str = "Change something."
    exclusive: bool = True


@dataclass
class Stage:
    """An agent with everything around it in view."""

    agent: Agent
    server: ScriptedServer
    diary: Diary
    records: Journal
    events: Events

    async def run(self, text: str | None = TASK) -> AgentResult:
        """Tell the agent something and let it run."""
        if text is not None:
            self.agent.tell(text)
        return await self.agent.run()

    def kinds(self) -> list[str]:
        """The records by their kind."""
        return [record.kind for record in self.records]

    def outputs(self) -> list[str]:
        """The texts of all outputs that the last request carried."""
        items = self.server.requests[-1]["input"]
        return [item["output"] for item in items if item["type"].endswith("_output")]


def toolbox(diary: Diary, profile: ProfileName = "openai") -> Toolbox:
    """The stage's tools."""
    names = ("look", "change", "ask_question", "report_blocked")
    tools: list[Tool[Any]] = [Look(diary), Change(diary), AskQuestion(), ReportBlocked()]
    return Toolbox(tools, Profile(profile, names))


@dataclass(frozen=True)
class Setting:
    """How a stage differs from the usual one."""

    profile: ProfileName = "openai"
    limits: Limits = field(default_factory=Limits)
    changed: bool = True
    model_name: str = "gpt-6.1-sol"
    base_url: str | None = None


def played_by(
    model: Model,
    server: ScriptedServer,
    records: Iterable[Record] = (),
    setting: Setting | None = None,
    ready: asyncio.Future[Any] | None = None,
) -> Stage:
    """A stage for a model that is connected already."""
    setting, diary, events = setting or Setting(), Diary(), Events()
    journal = Journal(records)

    async def changed() -> bool:
        return setting.changed

    agent = Agent(
        model=model,
        toolbox=toolbox(diary, setting.profile),
        transcript=Transcript(journal, assemble(journal)),
        settings=AgentSettings(
            model=setting.model_name,
            profile=setting.profile,
            instructions="Be good.",
            cache_key="task-1",
            effort="low",
            base_url=setting.base_url,
            limits=setting.limits,
        ),
        emit=events.append,
        ready=ready or _done(),
        changed=changed,
    )
    return Stage(agent, server, diary, journal, events)


@asynccontextmanager
async def connected(
    server: ScriptedServer,
    *,
    key: str = "sk-test",
    idle_seconds: float = 20,
    retry: RetryPolicy = QUICK,
) -> AsyncIterator[Model]:
    """The shipped model, connected to a scripted server."""
    endpoint = Endpoint(key, server.base_url, idle_seconds=idle_seconds, retry=retry)
    model = await connect(endpoint)
    try:
        yield model
    finally:
        await model.close()


@asynccontextmanager
async def stage(
    script: Script,
    setting: Setting | None = None,
    *,
    records: Iterable[Record] = (),
    ready: asyncio.Future[Any] | None = None,
    check: bool = True,
) -> AsyncIterator[Stage]:
    """An agent and a scripted model that must have been followed to its end."""
    compatible = setting is not None and setting.profile == "compatible"
    with scripted(script, compatible=compatible, check=check) as server:
        async with connected(server) as model:
            yield played_by(model, server, records, setting, ready)


def script(*turns: dict[str, Any]) -> dict[str, Any]:
    """A scenario of one conversation."""
    return {"conversation": [{"match": TASK, "turn": list(turns)}]}


def turn(*items: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """One answer of the model."""
    return {"item": list(items), **fields}


def call(tool: str, name: str, **fields: Any) -> dict[str, Any]:
    """A call of one of the stage's tools."""
    return {"type": "call", "name": tool, "arguments": {"name": name}, **fields}


def say(text: str, **fields: Any) -> dict[str, Any]:
    """A message."""
    return {"type": "message", "text": text, **fields}


THINK: dict[str, Any] = {"type": "reasoning"}
DONE = turn(say("Done."))


def _done() -> asyncio.Future[None]:
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    ready.set_result(None)
    return ready
