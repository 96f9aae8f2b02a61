"""The git half: worktrees, snapshots, change lists, patches, merges and their undoing.

A library. It knows no model, prints nothing, reads no environment variable and
no configuration but git's own; everything it needs is handed to it.
"""
