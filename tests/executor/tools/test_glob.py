"""Finding paths by pattern: real ``**``, braces, .gitignore, nothing secret."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_task_executor.events import ToolUsed
from codex_task_executor.sandbox.paths import Root
from codex_task_executor.tools.base import ToolError, ToolOutput
from codex_task_executor.tools.glob import MOST_PATHS, Glob, GlobArguments
from codex_task_executor.tools.ignoring import Ignores, parsed
from codex_task_executor.tools.patterns import BadPattern, Pattern, alternatives
from codex_task_executor.tools.truncate import OUTPUT_LIMIT
from support.repositories import Sandpit


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    with Root.open(tmp_path) as opened:
        yield opened


def make(root: Root, *names: str) -> None:
    for name in names:
        path = root.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")


async def output(root: Root, pattern: str, path: str | None = None) -> ToolOutput:
    return await Glob(root).run(GlobArguments(pattern=pattern, path=path))


async def glob(root: Root, pattern: str, path: str | None = None) -> list[str]:
    found = await output(root, pattern, path)
    return found.text.split("\n") if found.ok else []


async def test_double_stars_are_any_number_of_folders(root: Root) -> None:
    make(root, "a.py", "src/a.py", "src/x/a.py", "src/x/y/a.py", "src/x/y/b.txt", "lib/a.py")
    assert await glob(root, "**/*.py") == [
        "a.py", "lib/a.py", "src/a.py", "src/x/a.py", "src/x/y/a.py",
    ]  # fmt: skip
    assert await glob(root, "src/**/a.py") == ["src/a.py", "src/x/a.py", "src/x/y/a.py"]
    assert await glob(root, "src/**/y/*.py") == ["src/x/y/a.py"]
    assert await glob(root, "src/x/**") == ["src/x/a.py", "src/x/y/a.py", "src/x/y/b.txt"]
    assert await glob(root, "*.py") == ["a.py"]
    assert await glob(root, "src/*.py") == ["src/a.py"]


async def test_braces_classes_and_hidden_names(root: Root) -> None:
    make(root, "a.ts", "a.tsx", "a.js", "b1.ts", "c/.eslintrc", ".github/x.yml", "{z}.ts")
    assert await glob(root, "*.{ts,tsx}") == ["a.ts", "a.tsx", "b1.ts", "{z}.ts"]
    assert await glob(root, "[ab]?.t*") == ["b1.ts"]
    assert await glob(root, "[!a]*.ts") == ["b1.ts", "{z}.ts"]
    assert await glob(root, "{c,.github}/*") == [".github/x.yml", "c/.eslintrc"]
    assert await glob(root, "{z}.ts") == ["{z}.ts"]


async def test_a_name_with_brackets_finds_itself(root: Root) -> None:
    make(root, "app/[id]/page.tsx", "app/i/page.tsx")
    assert "app/[id]/page.tsx" in await glob(root, "app/[id]/page.tsx")


async def test_patterns_start_at_a_folder_or_an_absolute_path(root: Root) -> None:
    make(root, "src/a.py", "src/x/b.py")
    assert await glob(root, "*.py", "src") == ["src/a.py"]
    assert await glob(root, "../src/*.py", "src") == ["src/a.py"]
    assert await glob(root, f"{root.path}/src/**/*.py") == ["src/a.py", "src/x/b.py"]
    assert await glob(root, "./src//*.py") == ["src/a.py"]
    assert await glob(root, "src/a.py") == ["src/a.py"]
    assert await glob(root, "nothing/here/*") == []
    assert await glob(root, "src/a.py/*") == []


async def test_a_slash_at_the_end_finds_folders(root: Root) -> None:
    make(root, "src/a.py", "lib/x/b.py")
    assert await glob(root, "*/") == ["lib/", "src/"]
    assert await glob(root, "**/") == ["lib/", "lib/x/", "src/"]


async def test_gitignore_is_respected_and_what_is_left_out_counted(root: Root) -> None:
    make(root, "a.log", "keep.log", "node_modules/x/i.js", "sub/b.log", "sub/c.tmp", "d.tmp")
    (root.path / ".gitignore").write_text("*.log\n!keep.log\nnode_modules/\n")
    (root.path / "sub" / ".gitignore").write_text("!b.log\n*.tmp\n")
    assert await glob(root, "**/*.{log,js,tmp}") == [
        "d.tmp", "keep.log", "sub/b.log",
        "(3 ignored files or folders left out: .gitignore)",
    ]  # fmt: skip
    hidden = await output(root, "node_modules/x/*.js")
    assert not hidden.ok
    assert "(1 ignored file or folder left out: .gitignore)" in hidden.text
    assert "1 ignored" in (await output(root, "a.log")).text


async def test_links_are_named_and_not_followed(root: Root) -> None:
    make(root, "real/a.py")
    (root.path / "link").symlink_to("real")
    assert await glob(root, "**/*") == ["link (symbolic link)", "real/a.py"]
    with pytest.raises(ToolError, match="symbolic link to real"):
        await glob(root, "link/*")


async def test_secrets_git_and_leftovers_are_never_found(root: Root) -> None:
    make(root, ".git/config", "sub/.GIT/x", ".env", ".env.example", "k/id_rsa", "s.pem", "ok")
    make(root, ".codex-task-tmp-1234", ".ssh/known_hosts", "SERVER.KEY")
    assert await glob(root, "**/*") == [".env.example", "ok"]
    assert await glob(root, "**/.*") == [".env.example"]
    for pattern in (".env", ".git/*", "k/id_rsa", ".ssh/*"):
        with pytest.raises(ToolError, match="off limits"):
            await glob(root, pattern)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("../*", "outside"),
        ("/etc/*", "outside"),
        ("*/../../x", r"'\.\.' after a wildcard"),
        ("", "empty"),
        ("/", "empty"),
        ("a\nb/*", "control character"),
        ("{a,b}" * 60, "more than 200 patterns"),
        ("x" * 501, "at most 500 characters"),
    ],
)
async def test_patterns_that_cannot_be_used_are_refused(
    root: Root, pattern: str, reason: str
) -> None:
    with pytest.raises(ToolError, match=reason):
        await glob(root, pattern)


async def test_nothing_found_suggests_all_folders(root: Root) -> None:
    found = await output(root, "*.rs")
    assert not found.ok
    assert found.text == "Nothing matches *.rs. To search all folders use **/*.rs."


async def test_long_answers_are_cut_and_say_so(root: Root) -> None:
    make(root, *(f"f/{number:05}" for number in range(MOST_PATHS + 5)))
    found = await glob(root, "**/*")
    assert len(found) == MOST_PATHS + 1
    assert found[-1] == "(the first 1,000 of 1,005; use a narrower pattern)"
    make(root, *(f"g/{'x' * 200}{number:05}" for number in range(400)))
    text = (await output(root, "g/*")).text
    assert len(text.encode()) <= OUTPUT_LIMIT
    assert "of 400; use a narrower pattern" in text


async def test_odd_names_come_on_one_line(root: Root) -> None:
    make(root, "a\nb", "c\u202ed")
    (root.path / "\udcff").write_text("")
    assert await glob(root, "*") == ['"a\\nb"', '"c\\342\\200\\256d"', '"\\377"']


def test_the_line_to_show_names_pattern_and_folder(root: Root) -> None:
    tool = Glob(root)
    assert not tool.exclusive
    assert tool.lines(GlobArguments(pattern="*.py", path="src")) == (
        ToolUsed("Glob", "*.py in src"),
    )


def test_a_hostile_pattern_takes_no_time_to_speak_of() -> None:
    assert not Pattern.of("*a" * 100 + "b").matches("a" * 250)
    assert not Pattern.of("**/a/" * 60 + "b").matches("a/" * 400 + "c")
    for rule in parsed("*a" * 100 + "b\n" + "**/a/" * 60 + "b"):
        assert not rule.says("a/" * 100 + "a" * 250, is_folder=False)


def test_braces_that_are_none_stay() -> None:
    assert alternatives("{a}{b,c") == ["{a}{b,c"]
    assert alternatives("a{b,{c,d}e,}f") == ["abf", "acef", "adef", "af"]
    with pytest.raises(BadPattern):
        alternatives("{a,b}" * 12)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(["a", "b", "*", "**", "?", "a*"]), min_size=1, max_size=5),
    st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=5),
)
def test_patterns_mean_what_their_definition_says(segments: list[str], names: list[str]) -> None:
    pattern, path = Pattern(tuple(segments)), "/".join(names)
    assert pattern.matches(path) == by_definition(segments, names)
    if pattern.matches(path):
        above = ["/".join(names[:end]) or "." for end in range(len(names))]
        assert all(map(pattern.reaches, above))


def by_definition(segments: list[str], names: list[str]) -> bool:
    if not segments:
        return not names
    first, rest = segments[0], segments[1:]
    if first == "**":
        return any(by_definition(rest, names[skip:]) for skip in range(len(names) + 1))
    fits = {"*": True, "?": len(names[0]) == 1, "a*": names[0][0] == "a"} if names else {}
    return bool(names) and fits.get(first, first == names[0]) and by_definition(rest, names[1:])


NAMES = st.sampled_from(["a", "b", "a.log", "b.log", "c d", "#", "!b", "]", "^", "-", "\\"])
RULES = st.sampled_from(
    ["*.log", "a", "/a", "b/", "a/b", "!a.log", "!b", "**/b", "a/**", "c\\ d", "# a", "", "!/a/b/",
     "*", "/*", "!*/", "**", "/**", "**/", "a/**/b", "a/*", "a//b", "/", "!", "b ", "b\\ ", "a\\",
     "\\#", "\\!b", "[ab]", "[!a]", "[^a]*", "[]-]", "[^]-]", "[b-a]", "[[:alpha:]]", "[[:punct:]]",
     "[\\]]", "?", "a**", "**.log", "*.*", "?.l*g", "a/**/", "a\r", "\\\\", "[a-", "a/b/",
     "!a/**"]
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(NAMES, min_size=1, max_size=3), min_size=1, max_size=6),
    st.lists(RULES, max_size=5),
    st.lists(RULES, max_size=3),
)
def test_ignoring_agrees_with_git(
    tmp_path_factory: pytest.TempPathFactory,
    paths: list[list[str]],
    rules: list[str],
    nested: list[str],
) -> None:
    pit = Sandpit.create(tmp_path_factory.mktemp("ignored"))
    with Root.open(pit.root) as root:
        for names in paths:
            if not any((pit.root / "/".join(names[:end])).is_file() for end in range(len(names))):
                (pit.root / "/".join(names[:-1])).mkdir(parents=True, exist_ok=True)
                if not (pit.root / "/".join(names)).is_dir():
                    (pit.root / "/".join(names)).write_text("")
        (pit.root / ".gitignore").write_text("\n".join(rules))
        if (pit.root / "a").is_dir():
            (pit.root / "a" / ".gitignore").write_text("\n".join(nested))
        ignores, hidden = Ignores(root), set[str]()
        for entry in root.walk(enter=lambda folder: folder.path not in hidden):
            if ignores.hide(entry.path, entry.is_dir):
                hidden.add(entry.path)
        shown = {
            entry.path
            for entry in root.walk(enter=lambda folder: folder.path not in hidden)
            if entry.is_file and entry.path not in hidden
        }
    listed = pit.git("ls-files", "-z", "--others", "--exclude-standard")
    assert shown == set(filter(None, listed.split("\0")))
