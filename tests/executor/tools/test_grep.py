"""Finding lines: expressions that cannot hang, literal text, limits that are said."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codex_task_executor.events import ToolUsed
from codex_task_executor.sandbox.paths import READ_LIMIT, Root
from codex_task_executor.tools.base import ToolError, ToolOutput
from codex_task_executor.tools.grep import MOST_MATCHES, Grep, GrepArguments
from codex_task_executor.tools.matching import SECONDS
from codex_task_executor.tools.truncate import OUTPUT_LIMIT


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    with Root.open(tmp_path) as opened:
        yield opened


def make(root: Root, **files: bytes) -> None:
    write(root, {name.replace("__", "/").replace("_", "."): data for name, data in files.items()})


def write(root: Root, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = root.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


async def grep(root: Root, pattern: str, **options: Any) -> ToolOutput:
    return await Grep(root).run(GrepArguments(pattern=pattern, **options))


async def lines(root: Root, pattern: str, **options: Any) -> list[str]:
    found = await grep(root, pattern, **options)
    return found.text.split("\n") if found.ok else []


async def test_matching_lines_come_with_path_and_number(root: Root) -> None:
    make(root, src__a_py=b"import os\n\ndef main():\n    pass\n", b_py=b"def other():\r\n")
    assert await lines(root, r"^def \w+\(") == ["b.py:1: def other():", "src/a.py:3: def main():"]
    assert (await lines(root, r"def \w+\(\):$", path="b.py")) == ["b.py:1: def other():"]


async def test_literal_text_is_not_an_expression(root: Root) -> None:
    make(root, a=b"f(x)[0]\nfx0\n")
    assert await lines(root, "(x)[", literal=True) == ["a:1: f(x)[0]"]
    with pytest.raises(ToolError, match=r"Not a regular expression.*literal to true"):
        await grep(root, "(x)[")


@pytest.mark.parametrize("literal", [True, False])
async def test_case_can_be_ignored(root: Root, literal: bool) -> None:
    make(root, a="Straße\nÄrger\n".encode())
    assert await lines(root, "äRGER", literal=literal) == []
    assert await lines(root, "äRGER", literal=literal, ignore_case=True) == ["a:2: Ärger"]


async def test_a_glob_chooses_files(root: Root) -> None:
    write(root, {"a.py": b"x", "src/b.py": b"x", "src/x/c.ts": b"x", "d.txt": b"x"})
    assert await lines(root, "x", glob="*.py") == ["a.py:1: x", "src/b.py:1: x"]
    assert await lines(root, "x", glob="src/**/*.{ts,py}") == ["src/b.py:1: x", "src/x/c.ts:1: x"]
    assert await lines(root, "x", path="src", glob="x/*.ts") == ["src/x/c.ts:1: x"]
    with pytest.raises(ToolError, match="glob cannot be used"):
        await grep(root, "x", glob="{a,b}" * 60)


async def test_context_lines_are_marked_and_groups_parted(root: Root) -> None:
    make(root, a=b"1\n2\nhit\n4\n5\n6\n7\nhit\nhit\n10\n", b=b"hit\n")
    assert await lines(root, "hit", context=1) == [
        "a-2- 2", "a:3: hit", "a-4- 4", "--", "a-7- 7", "a:8: hit", "a:9: hit", "a-10- 10",
        "--", "b:1: hit",
    ]  # fmt: skip
    with pytest.raises(ToolError, match="context must be 0 to 20"):
        await grep(root, "hit", context=21)


async def test_binary_large_and_special_files_are_skipped_and_counted(root: Root) -> None:
    make(root, a=b"needle\n", b=b"needle\0", c=b"needle\0")
    (root.path / "big").write_bytes(b"needle\n" + b"x" * READ_LIMIT)
    os.mkfifo(root.path / "fifo")
    assert await lines(root, "needle") == [
        "a:1: needle", "(2 files skipped: binary)", "(1 file skipped: too large)",
    ]  # fmt: skip


async def test_secrets_git_and_ignored_files_are_not_searched(root: Root) -> None:
    write(root, {".env": b"needle", ".git/config": b"needle", "id_rsa": b"needle"})
    write(root, {"x/.GIT/a": b"needle", ".codex-task-tmp-0": b"needle", "b.log": b"needle"})
    write(root, {".gitignore": b"*.log\nnode_modules/\n", "node_modules/m/i.js": b"needle"})
    found = await grep(root, "needle")
    assert not found.ok
    assert "(2 ignored files or folders left out: .gitignore)" in found.text
    for path in (".env", ".git", "x/.git/a"):
        with pytest.raises(ToolError, match="off limits"):
            await grep(root, "needle", path=path)


async def test_an_ignored_place_that_is_named_is_searched(root: Root) -> None:
    write(root, {".gitignore": b"*.log\nnode_modules/\n", "node_modules/m/i.js": b"needle"})
    write(root, {"b.log": b"needle"})
    assert await lines(root, "needle", path="b.log") == ["b.log:1: needle"]
    assert await lines(root, "needle", path="node_modules/m") == ["node_modules/m/i.js:1: needle"]


async def test_links_are_not_followed(root: Root) -> None:
    write(root, {"real/a": b"needle"})
    (root.path / "link").symlink_to("real")
    assert await lines(root, "needle") == ["real/a:1: needle"]
    with pytest.raises(ToolError, match="symbolic link to real"):
        await grep(root, "needle", path="link")


async def test_what_is_not_there_says_what_to_do(root: Root) -> None:
    with pytest.raises(ToolError, match=r"does not exist\. Use glob"):
        await grep(root, "x", path="missing")
    nothing = await grep(root, "x")
    assert not nothing.ok
    assert nothing.text == "No line matches x."


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("", "1 to 1,000 characters"),
        ("x" * 1001, "1 to 1,000 characters"),
        ("a\nb", "line by line"),
        ("(" * 900, "Not a regular expression"),
        ("a{1,99999999999999999999}", "Not a regular expression"),
        ("(?P<a>x)(?P<a>y)", "Not a regular expression"),
    ],
)
async def test_patterns_that_cannot_be_searched_are_refused(
    root: Root, pattern: str, reason: str
) -> None:
    with pytest.raises(ToolError, match=reason):
        await grep(root, pattern)


async def test_a_catastrophic_expression_is_stopped_by_the_kernel(root: Root) -> None:
    make(root, a=b"a" * 60 + b"!\n", b=b"b\n")
    with pytest.raises(ToolError, match="takes too long"):
        await Grep(root, seconds=1).run(GrepArguments(pattern=r"^(a+)+$"))


async def test_what_was_found_before_the_time_ran_out_is_kept(root: Root) -> None:
    make(root, a=b"aaa\n", b=b"a" * 60 + b"!\n")
    found = await Grep(root, seconds=1).run(GrepArguments(pattern=r"^(a+)+$"))
    assert found.text.startswith("a:1: aaa\n(The expression takes too long.")


async def test_a_cancelled_search_ends_with_its_process(root: Root) -> None:
    make(root, a=b"a" * 60 + b"!\n")
    search = asyncio.create_task(Grep(root).run(GrepArguments(pattern=r"^(a+)+$")))
    await asyncio.sleep(0)
    search.cancel()
    async with asyncio.timeout(SECONDS - 1):  # the expression alone would take all of them
        with pytest.raises(asyncio.CancelledError):
            await search


async def test_long_lines_show_the_part_around_the_match(root: Root) -> None:
    make(root, a=b"x" * 3000 + b"needle" + b"y" * 3000 + b"\n")
    (line,) = await lines(root, "needle")
    assert line.startswith("a:1: [2,900 characters] xxx")
    assert "needley" in line
    assert line.endswith("y [2,606 characters]")


async def test_only_the_first_ten_thousand_characters_of_a_line_are_searched(root: Root) -> None:
    make(root, a=b"x" * 10_000 + b"needle\n", b=b"x" * 9_994 + b"needle\n")
    assert [line[:2] for line in await lines(root, "needle")] == ["b:"]


async def test_many_matches_are_cut_and_say_so(root: Root) -> None:
    make(root, a=b"x\n" * (MOST_MATCHES - 1), b=b"x\nx\n")
    found = await lines(root, "x")
    assert len(found) == MOST_MATCHES + 1
    assert found[-1] == "(there are more matches; narrow the pattern, the path or the glob)"
    make(root, b=b"x\n")
    assert len(await lines(root, "x")) == MOST_MATCHES


async def test_the_answer_stays_within_the_output_limit(root: Root) -> None:
    make(root, a=("ü" * 400 + "\n").encode() * 400)
    text = (await grep(root, "ü", context=2)).text
    assert len(text.encode()) <= OUTPUT_LIMIT
    assert text.endswith("narrow the pattern, the path or the glob)")


async def test_bytes_that_are_not_utf8_and_odd_names_do_no_harm(root: Root) -> None:
    (root.path / "\udcff").write_bytes(b"caf\xe9\n")
    (root.path / "a\nb").write_bytes(b"caf\n")
    assert await lines(root, "caf") == ['"\\377":1: caf\ufffd', "(1 file skipped: unreadable)"]


def test_the_line_to_show_names_pattern_and_place(root: Root) -> None:
    tool = Grep(root)
    assert not tool.exclusive
    arguments = GrepArguments(pattern="x", path="src", glob="*.py")
    assert tool.lines(arguments) == (ToolUsed("Grep", "x in src *.py"),)
    assert tool.lines(GrepArguments(pattern=r"\w+\(")) == (ToolUsed("Grep", r"\w+\("),)
    (odd,) = tool.lines(GrepArguments(pattern="a\n" * 1_000_000))
    assert odd.target.isprintable()
    assert len(odd.target) < 1000
