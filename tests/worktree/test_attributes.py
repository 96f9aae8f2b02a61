from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from codex_worktree import attributes, shadow
from codex_worktree.tree_attributes import values
from support.repositories import Sandpit
from support.tasks import TASK, Task

FOLDERS = ("", "a", "a/b", "od[d", 'q "x"')
NAMES = ("x.txt", "y.bin", "a", "z")
PATTERNS = (
    *("*", "*.txt", "x.txt", "/x.txt", "a/x.txt", "b/*.txt", "**/x.txt", "a/**", "b/"),
    *(r"\x.txt", '"x.txt"', r'"\170.txt"', "[xy].*", "?.bin", "**/b/*", r"a\/x.txt"),
)
STATES = ("text", "-text", "!text", "eol=crlf", "text=auto", "binary", "lossy", "filter=f -eol")

lines = st.builds(
    lambda pattern, state: f"{pattern} {state}", st.sampled_from(PATTERNS), st.sampled_from(STATES)
)
comments = st.sampled_from(["# comment", "", "  ", "[attr]lossy -diff text", "!x.txt text"])
contents = st.lists(lines | comments, max_size=4).map("\n".join)


@settings(max_examples=12, deadline=None)
@given(
    tree=st.dictionaries(st.sampled_from(FOLDERS), contents, max_size=4),
    user=contents,
    own=contents,
)
def test_the_shadow_gives_each_path_the_attributes_that_git_gives_it(
    tree: dict[str, str], user: str, own: str
) -> None:
    with TemporaryDirectory() as folder:
        pit = Sandpit.create(Path(folder))
        files: dict[str, str | bytes] = {
            f"{d}/{n}".lstrip("/"): "" for d in FOLDERS[1:] for n in NAMES[:2]
        }
        pit.commit(files | {f"{d}/.gitattributes".lstrip("/"): text for d, text in tree.items()})
        (Path(folder) / "home/.config/git").mkdir(parents=True)
        (Path(folder) / "home/.config/git/attributes").write_text(user)
        (pit.root / ".git/info/attributes").write_text(own)
        task = Task.create(pit)
        git = shadow.git(task.repository, TASK, task.path)
        listed = "".join(f"{path}\0" for path in files).encode()
        plain = pit.git("check-attr", "-z", "-a", "--stdin", stdin=listed)
        ours = git.run("check-attr", "-z", "-a", "--stdin", stdin=listed).text
        assert triples(ours) == triples(plain)


def triples(output: str) -> set[tuple[str, ...]]:
    fields = output.split("\0")
    return set(zip(fields[::3], fields[1::3], fields[2::3], strict=False))


def changed_attributes(pit: Sandpit, before: str, after: str) -> dict[str, str]:
    pit.commit({".gitattributes": before, "x.txt": "x\n"})
    task = Task.create(pit)
    (task.path / ".gitattributes").write_text(after)
    (task.path / "new").mkdir()
    (task.path / "new/.gitattributes").write_text(after)
    git = shadow.git(task.repository, TASK, task.path)
    return {
        f"{path} {name}": values(git, name, [path])[path]
        for path in ("x.txt", "new/y.txt")
        for name in ("text", "eol", "filter")
    }


def test_attributes_that_the_task_adds_do_not_count(pit: Sandpit) -> None:
    found = changed_attributes(pit, "*.txt text\n", "*.txt -text eol=crlf filter=evil\n")
    assert found == {
        "x.txt text": "set",
        "x.txt eol": "unspecified",
        "x.txt filter": "unspecified",
        "new/y.txt text": "set",
        "new/y.txt eol": "unspecified",
        "new/y.txt filter": "unspecified",
    }


def test_a_macro_that_the_task_makes_of_an_attribute_does_not_count(pit: Sandpit) -> None:
    after = "[attr]lossy eol=crlf filter=evil\n[attr]text filter=evil\n[attr]binary eol=crlf\n"
    found = changed_attributes(pit, "*.txt text lossy\n*.bin binary\n", after)
    assert found["x.txt eol"] == found["x.txt filter"] == "unspecified"


def test_lines_that_git_ignores_stay_ignored() -> None:
    text = attributes.compose(b"", {b"sub": b"[attr]m text\n# c\n\n\xff\xfe bad\n"}, b"")
    assert b"[attr]m " not in text
    assert text.count(b"sub/**/") == 1


def test_control_characters_in_a_folder_survive(pit: Sandpit) -> None:
    pit.commit({"odd\n\t\\f/.gitattributes": "*.txt eol=crlf\n", "odd\n\t\\f/x.txt": "x\n"})
    task = Task.create(pit)
    assert (task.path / "odd\n\t\\f/x.txt").read_bytes() == b"x\r\n"
