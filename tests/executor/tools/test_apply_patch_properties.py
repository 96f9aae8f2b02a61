"""Random files, edits and texts: the patch gives exactly the edit, and nothing else happens."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from codex_task_executor.tools.base import ToolError
from codex_task_executor.tools.patching.parser import parse
from codex_task_executor.tools.patching.sections import PatchSyntaxError, UpdateFile
from codex_task_executor.tools.patching.update import HunksRejected, update
from support.patches import apply, contents, fill, patch

texts = st.text(
    st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=12
) | st.sampled_from(["", "}", "    return x", "*** End Patch", "@@ x", "+", "-", " ", "\ufffd"])
endings = st.sampled_from(["\n", "\r\n"])


@st.composite
def edits(draw: st.DrawFn, lines: Sequence[str]) -> list[tuple[str, str]]:
    """The lines of a file as a hunk has them: kept, removed or added."""
    hunk: list[tuple[str, str]] = []
    for line in lines:
        hunk += [("+", added) for added in draw(st.lists(texts, max_size=1))]
        hunk.append((draw(st.sampled_from("  -")), line))
    return hunk + [("+", added) for added in draw(st.lists(texts, max_size=2))]


def result(hunk: Sequence[tuple[str, str]], ending: str) -> bytes:
    return "".join(text + ending for kind, text in hunk if kind != "-").encode()


def updated(before: bytes, lines: Sequence[str]) -> bytes:
    readings = parse(patch("*** Update File: f", *lines))
    (section,) = readings[0].sections
    assert isinstance(section, UpdateFile)
    return update("f", before, section.hunks).data


@settings(max_examples=300)
@given(st.data(), st.lists(texts, min_size=1, max_size=12), endings, st.booleans())
def test_patch_of_the_whole_file_gives_the_edited_file(
    data: st.DataObject, lines: list[str], ending: str, terminated: bool
) -> None:
    lines = [*lines, "the end"]
    before = ending.join(lines) + (ending if terminated else "")
    hunk = [("+", line) for line in data.draw(st.lists(texts, max_size=2))]
    hunk += data.draw(edits(lines))
    spelled = ["@@", *(kind + text for kind, text in hunk)]
    assert updated(before.encode(), spelled) == result(hunk, ending)


def hunks_around(hunk: Sequence[tuple[str, str]], context: int) -> Iterator[str]:
    """A patch of several hunks, each change with that many lines around it, as diff makes it."""
    near = {
        beside
        for at, (kind, _) in enumerate(hunk)
        if kind != " "
        for beside in range(at - context, at + context + 1)
    }
    for at, (kind, text) in enumerate(hunk):
        if at in near:
            if at - 1 not in near:
                yield "@@"
            yield kind + text


@settings(max_examples=300)
@given(st.data(), st.integers(1, 40), endings, st.integers(1, 3))
def test_patch_of_several_hunks_gives_the_edited_file(
    data: st.DataObject, size: int, ending: str, context: int
) -> None:
    lines = [f"line {number}" for number in range(size)]
    hunk = [(" ", "the beginning"), *data.draw(edits(lines)), (" ", "the end")]
    before = "".join(text + ending for kind, text in hunk if kind != "+")
    if spelled := list(hunks_around(hunk, context)):
        assert updated(before.encode(), spelled) == result(hunk, ending)


@settings(max_examples=150)
@given(st.binary(max_size=60), st.binary(max_size=60))
def test_bytes_around_a_change_stay(above: bytes, below: bytes) -> None:
    before = above + b"\nremoved\n" + below
    after = updated(before, ["@@", "-removed", "+added"])
    missing = b"" if not below or below.endswith((b"\n", b"\r")) else b"\n"
    assert after in {
        above + b"\nadded\n" + below + missing,
        above + b"\nadded\n" + below + missing.replace(b"\n", b"\r\n"),
    } | {above + b"\nadded\r\n" + below + end for end in (b"", b"\n", b"\r\n")}


markers = st.sampled_from(
    [
        "*** Begin Patch",
        "*** End Patch",
        "*** Add File: a",
        "*** Update File: a",
        "*** Delete File: a",
        "*** Move to: b",
        "*** End of File",
        "@@",
        "@@ x",
        "@@ -1,2 +3 @@ x",
        "```",
        "apply_patch <<'EOF'",
        "EOF",
        "+x",
        "-x",
        " x",
        "",
        "*** ",
        "\ufeff",
    ]
)
patch_lines = st.lists(st.tuples(st.sampled_from(["", "", " ", "\t", "\r"]), markers | st.text()))


@settings(max_examples=500)
@given(patch_lines, st.booleans())
def test_parser_answers_any_text_with_a_patch_or_its_error(
    lines: list[tuple[str, str]], whole: bool
) -> None:
    text = "\n".join(pad + line for pad, line in lines)
    with contextlib.suppress(PatchSyntaxError):
        readings = parse(patch(text) if whole else text)
        assert 1 <= len(readings) <= 2
        assert all(reading.sections for reading in readings)


odd_names = ["a", "sub/a", "sub", "link/a", "file-link", "../a", "/etc/hostname", "..", ".", "~/a"]
odd_names += [".git/x", ".env", "sub/../../a", "a/b", "new", "x" * 300, "a\x00b", "e\u0301", "./a"]
few_lines = st.lists(st.sampled_from(["a", "b", " a", "b ", "", "a b", "\u2014"]), max_size=6)
hunk_lines = st.lists(
    st.tuples(st.sampled_from([" ", "-", "+", ""]), st.sampled_from(["a", "b", "", "  a", "a\rb"])),
    min_size=1,
    max_size=5,
).map(lambda lines: [kind + text if kind else "" for kind, text in lines])
hunk_headers = st.lists(
    st.sampled_from(["@@", "@@ a", "@@ b", "@@ -2,1 +2,1 @@", "@@ -1,0 +1 @@ a"]), min_size=1
)
ends = st.sampled_from([[], ["*** End of File"]])
hunks = st.builds(lambda head, body, end: head + body + end, hunk_headers, hunk_lines, ends)


@settings(max_examples=500)
@given(few_lines, endings, st.lists(hunks, min_size=1, max_size=3))
def test_any_hunks_on_any_file_give_a_file_or_say_why_not(
    lines: list[str], ending: str, parts: list[list[str]]
) -> None:
    spelled = [line for part in parts for line in part]
    try:
        after = updated(ending.join(lines).encode(), spelled)
    except HunksRejected as error:
        assert error.problems
    else:
        added = [line[1:] for line in spelled if line.startswith("+")]
        assert not after or after.endswith((b"\n", b"\r"))
        assert all(line.encode() in after for line in added)


names = st.sampled_from(odd_names) | st.text(max_size=8)
sections = st.one_of(
    st.builds(lambda name: [f"*** Add File: {name}", "+new"], names),
    st.builds(lambda name: [f"*** Delete File: {name}"], names),
    st.builds(lambda name: [f"*** Update File: {name}", "@@", "-one", "+two"], names),
    st.builds(lambda a, b: [f"*** Update File: {a}", f"*** Move to: {b}"], names, names),
)


def untouchable(folder: Path) -> dict[str, bytes]:
    """Everything outside the root, and what no tool may touch within it."""
    files = contents(folder)
    inside = ("root/.git/x", "root/.env")
    return {name: files[name] for name in files if name in inside or not name.startswith("root/")}


@settings(max_examples=100, deadline=None)
@given(st.lists(sections, min_size=1, max_size=4))
def test_nothing_outside_the_root_changes_and_refused_patches_change_nothing(
    parts: list[list[str]],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = folder / "root"
        inside = {
            "root/a": "one\n",
            "root/sub/a": "one\n",
            "root/.env": "k\n",
            "root/.git/x": "g\n",
        }
        fill(folder, {"a": "one\n", "out/a": "one\n", **inside})
        (root / "link").symlink_to("../out")
        (root / "file-link").symlink_to("../a")
        outside, before = untouchable(folder), contents(root)
        try:
            apply(root, patch(*(line for part in parts for line in part)))
        except ToolError:
            assert contents(root) == before
        assert untouchable(folder) == outside
        assert (root / "link").is_symlink()
        assert (root / "file-link").is_symlink()
