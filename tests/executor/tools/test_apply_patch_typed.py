"""A patch typed into the shell is recognised, and nothing else is."""

from __future__ import annotations

import pytest

from codex_task_executor.tools.apply_patch import TypedPatch, intercept
from codex_task_executor.tools.base import ToolError
from support.patches import patch

PLAIN = patch("*** Add File: a.txt", "+price: $5 `x` \\n 'y' \"z\"")


@pytest.mark.parametrize(
    ("line", "folder"),
    [
        (f"apply_patch <<'EOF'\n{PLAIN}EOF", "."),
        (f"apply_patch <<'EOF'\n{PLAIN}EOF\n\n", "."),
        (f"  applypatch <<EOF\n{PLAIN}EOF\n", "."),
        (f'apply_patch << "PATCH"\n{PLAIN}PATCH\n', "."),
        (f"apply_patch <<'EOF'\n{PLAIN}", "."),
        (f"cd web && apply_patch <<'EOF'\n{PLAIN}EOF\n", "web"),
        (f"cd 'my web' && apply_patch <<'EOF'\n{PLAIN}EOF\n", "my web"),
        (f'cd "my web"  &&\n apply_patch <<EOF\n{PLAIN}EOF\n', "my web"),
    ],
)
def test_here_document_is_taken_word_for_word(line: str, folder: str) -> None:
    typed = intercept(line)
    assert typed is not None
    assert (typed.text.strip(), typed.folder) == (PLAIN.strip(), folder)


def test_here_document_with_a_dash_loses_its_tabs() -> None:
    typed = intercept("apply_patch <<-EOF\n\t*** Begin Patch\n\t+x\n\tEOF\n")
    assert typed == TypedPatch("*** Begin Patch\n+x", ".")


def test_quoted_argument_is_taken() -> None:
    text = patch("*** Add File: a.txt", "+x y")
    assert intercept(f"apply_patch '{text}'") == TypedPatch(text, ".")
    assert intercept(f'cd a && apply_patch "{text}"') == TypedPatch(text, "a")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "ls -l",
        "apply_patch",
        "apply_patch --help",
        "apply_patch < fix.patch",
        "apply_patch_all <<'EOF'\nEOF",
        "echo apply_patch <<'EOF'\n*** Begin Patch\nEOF",
        "cat > x <<'EOF'\n*** Begin Patch\n*** End Patch\nEOF",
        "grep -rn '*** Begin Patch' .",
        "cd $HOME && ls",
        "cd a; ls",
        "git apply <<'EOF'\nEOF",
    ],
)
def test_other_commands_are_left_to_the_shell(line: str) -> None:
    assert intercept(line) is None


@pytest.mark.parametrize(
    "line",
    [
        f"apply_patch <<'EOF'\n{PLAIN}EOF\npytest -q",
        f"apply_patch <<'EOF' && pytest\n{PLAIN}EOF\n",
        f"cd web && apply_patch <<'EOF' | tee log\n{PLAIN}EOF\n",
        "apply_patch '*** Begin Patch\n*** End Patch' && ls",
        "apply_patch '*** Begin Patch\n*** End Patch",
    ],
)
def test_patch_among_other_commands_is_answered_with_what_to_do(line: str) -> None:
    with pytest.raises(ToolError, match="Call the tool apply_patch with the patch alone"):
        intercept(line)
