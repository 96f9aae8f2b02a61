"""The whole job on the real source tree of a published package, its own tests in the sandbox."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.program import Program
from support.real_package import TEST_COMMAND, TESTS, real_repository
from support.scripted import scripted

WRONG = """
*** Begin Patch
*** Update File: unidiff/patch.py
@@ class PatchSet(list[PatchedFile]):
@@     def modified_files(self) -> list[PatchedFile]:
         return [f for f in self if f.is_modified_file]

+    @property
+    def renamed_files(self) -> list[PatchedFile]:
+        return [f for f in self if f.is_renamed_file]
+
*** Update File: tests/test_parser.py
@@     def test_missing_encoding(self):
             # unicode expected
             self.assertRaises(TypeError, PatchSet, diff_file)

+    def test_renamed_files(self):
+        with open(os.path.join(self.samples_dir, 'samples/git_rename.diff')) as diff_file:
+            res = PatchSet(diff_file)
+        self.assertEqual([f.path for f in res.renamed_files], [f.path for f in res])
+        self.assertTrue(res.renamed_files)
+
*** End Patch
"""

MENDED = """
*** Begin Patch
*** Update File: unidiff/patch.py
@@     def renamed_files(self) -> list[PatchedFile]:
-        return [f for f in self if f.is_renamed_file]
+        \"\"\"Return patch renamed files as a list.\"\"\"
+        return [f for f in self if f.is_rename]
*** End Patch
"""


def call(tool: str, **arguments: str) -> dict[str, object]:
    return {"type": "call", "tool": tool, "arguments": arguments}


SCRIPT = {
    "conversation": [
        {
            "match": "renamed_files",
            "turn": [
                {
                    "item": [
                        call("grep", pattern="def modified_files"),
                        call("glob", pattern="**/*.diff"),
                    ]
                },
                {
                    "expect": ["unidiff/patch.py", "git_rename.diff"],
                    "item": [{"type": "call", "tool": "apply_patch", "input": WRONG}],
                },
                {"item": [{"type": "message", "text": "Added renamed_files."}]},
                {
                    "expect": ["has no attribute 'is_renamed_file'"],
                    "item": [{"type": "call", "tool": "apply_patch", "input": MENDED}],
                },
                {
                    "item": [
                        {"type": "message", "text": "PatchSet.renamed_files lists the renames."}
                    ]
                },
            ],
        }
    ]
}


@pytest.mark.bubblewrap
def test_a_change_to_a_published_package_passes_its_own_tests_and_lands(tmp_path: Path) -> None:
    pit = real_repository(tmp_path)
    (tmp_path / "plan.md").write_text("# Plan\n\nList renames as the other kinds are listed.\n")
    with scripted(SCRIPT) as server:
        program = Program(pit, server.base_url)
        ran = program.execute(
            "real-1", "Add PatchSet.renamed_files", "../plan.md", TEST_COMMAND=TEST_COMMAND
        )
    assert ran.code == 0, ran.stdout + ran.stderr
    assert f"[TEST_RESULTS] passed: {TEST_COMMAND}" in ran.stdout
    assert ran.seen.files == [
        ("tests/test_parser.py", "modified"),
        ("unidiff/patch.py", "modified"),
    ]
    assert program.run("merge", "real-1").code == 0
    suite = subprocess.run(
        [sys.executable, *TEST_COMMAND.split()[1:]],
        cwd=pit.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"Ran {TESTS + 1} tests" in suite.stderr
    assert suite.returncode == 0
