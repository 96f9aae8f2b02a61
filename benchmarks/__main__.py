"""Prints each figure beside its peer, measured in this run."""

from __future__ import annotations

from benchmarks.runs import figures

if __name__ == "__main__":
    for figure in figures():
        print(figure.line, flush=True)
