"""The scripted model as a program: serves until it is told to stop.

``python -m codex_task_executor.agent.scripted SCENARIO... [--compatible] [--port-file FILE]``
prints its base URL on stdout. On SIGTERM or SIGINT it prints what went wrong and which
turns were not played on stderr, and exits with 1 if anything went wrong.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from codex_task_executor.agent.scripted import Scenario, ScenarioError, ScriptedServer

STOP = {signal.SIGTERM, signal.SIGINT}


def main(arguments: list[str] | None = None) -> int:
    """Serve the scenarios named on the command line; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        scenario = Scenario.load(*options.scenario)
    except ScenarioError as error:
        print(f"scripted model: {error}", file=sys.stderr)
        return 2
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP)  # before any thread: sigwait needs it
    with ScriptedServer(scenario, options.compatible, holds=options.holds) as server:
        _announce(server, options.port_file)
        signal.sigwait(STOP)
    for line in [*server.failures, *server.unfinished()]:
        print(line, file=sys.stderr)
    return 1 if server.failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m codex_task_executor.agent.scripted",
        description="A scripted model that speaks OpenAI's Responses API on loopback.",
    )
    parser.add_argument("scenario", type=Path, nargs="+", help="scenario files (TOML)")
    parser.add_argument(
        "--compatible", action="store_true", help="refuse what only OpenAI's servers know"
    )
    parser.add_argument("--port-file", type=Path, help="write the port number to this file")
    parser.add_argument("--holds", type=Path, help="folder for NAME.reached and NAME.release")
    return parser


def _announce(server: ScriptedServer, port_file: Path | None) -> None:
    if port_file is not None:
        unfinished = port_file.with_name(f"{port_file.name}.new")
        unfinished.write_text(f"{server.port}\n", encoding="ascii")
        unfinished.replace(port_file)
    print(server.base_url, flush=True)


if __name__ == "__main__":
    sys.exit(main())
