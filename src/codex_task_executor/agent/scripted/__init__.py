"""A model that plays a script: an HTTP server that speaks OpenAI's Responses API.

It lets the whole program be tried, tested and measured without a key or a network: the
client talks to it through the official SDK over real HTTP. What it says comes from a
scenario (``scenario.py`` has the format); what it is asked is held against what OpenAI's
API accepts (``validation.py``) and against what the scenario expects, and every deviation
is answered with 400 and remembered in ``ScriptedServer.failures``.
"""

from codex_task_executor.agent.scripted.mistakes import ScenarioError
from codex_task_executor.agent.scripted.scenario import Scenario
from codex_task_executor.agent.scripted.server import ScriptedServer

__all__ = ["Scenario", "ScenarioError", "ScriptedServer"]
