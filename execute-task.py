#!/usr/bin/env python3
"""A name from before there was one program for every platform; runs bin/execute-task."""

import os
import sys
from pathlib import Path

shim = Path(__file__).resolve().parent / "bin" / "execute-task"
os.execv(shim, [str(shim), *sys.argv[1:]])  # noqa: S606 - to become the shim is its only work
