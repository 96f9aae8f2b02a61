"""Making the model without holding up the event loop."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from codex_task_executor.agent.endpoint import Endpoint

if TYPE_CHECKING:
    from codex_task_executor.agent.openai_model import OpenAIModel


async def connect(endpoint: Endpoint) -> OpenAIModel:
    """A model for all tasks of this process; no connection is opened yet.

    Importing the SDK takes half a second: it is done in a thread, while git makes a worktree.
    """
    return await asyncio.to_thread(_open, endpoint)


def begin_import() -> None:
    """Begin the import in the background; ``connect`` waits for it, an exit does not.

    Nearly all of a start is waiting for git, which is when this runs.
    """
    threading.Thread(target=_import, name="import-openai", daemon=True).start()


def _import() -> None:
    from codex_task_executor.agent import openai_model  # noqa: F401


def _open(endpoint: Endpoint) -> OpenAIModel:
    from codex_task_executor.agent.openai_model import OpenAIModel

    return OpenAIModel(endpoint)
