"""The agent half and the command line of codex-task-executor."""

__version__ = "0.1.0"
