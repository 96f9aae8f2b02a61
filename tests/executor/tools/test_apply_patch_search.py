"""Where a hunk lands: levels, headers, numbers, the end of the file; and what a miss says."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.patches import apply, contents, fill, patch, patched, refusal

CLASSES = """\
class A:
    def run(self):
        return 1

    def stop(self):
        return 1

class B(Base):
    def run(self):
        return 1

    def stop(self):
        return 1
"""


def refused(folder: Path, before: str, *lines: str) -> str:
    fill(folder, {"file.txt": before})
    return refusal(folder, patch("*** Update File: file.txt", *lines))


def line_changed(folder: Path, before: str, *lines: str) -> int:
    """The number of the one line that differs afterwards."""
    after = patched(folder, before, *lines).decode().split("\n")
    pairs = enumerate(zip(before.split("\n"), after, strict=True), 1)
    (changed,) = [number for number, (old, new) in pairs if old != new]
    return changed


@pytest.mark.parametrize(
    ("kept", "removed"),
    [
        ("x = 'a-b' # c", "y"),
        ("x = 'a-b' # c   ", "y \t"),
        ("   x = 'a-b' # c ", "\ty"),
        ("x = \u2018a\u2013b\u2019\u00a0# c", "\u2003y"),
    ],
    ids=["exact", "trailing space", "surrounding space", "typography"],
)
def test_lines_are_found_at_each_level_and_context_stays(
    tmp_path: Path, kept: str, removed: str
) -> None:
    lines = ("@@", " x = 'a-b' # c", "-y", "+z")
    after = patched(tmp_path, f"start\n{kept}\n{removed}\nend\n", *lines)
    assert after.decode() == f"start\n{kept}\nz\nend\n"


def test_typography_is_folded_both_ways(tmp_path: Path) -> None:
    lines = ("@@", " \u201csaid\u201d \u2014 x", "-y", "+z")
    assert patched(tmp_path, '"said" - x\ny\n', *lines) == b'"said" - x\nz\n'


def test_a_stricter_level_wins_over_an_earlier_place(tmp_path: Path) -> None:
    assert line_changed(tmp_path, "  y\ny \ny\n", "@@", "-y", "+z") == 3


def test_a_match_without_indentation_is_pointed_out(tmp_path: Path) -> None:
    fill(tmp_path, {"file.txt": "a\n    b\n"})
    said = apply(tmp_path, patch("*** Update File: file.txt", "@@", "-b", "+c"))
    assert "file.txt, hunk 1: found at line 2 only by ignoring white space" in said


def test_of_equal_places_the_first_after_the_previous_hunk_is_taken(tmp_path: Path) -> None:
    assert patched(tmp_path, "x\nx\nx\n", "@@", "-x", "+1") == b"1\nx\nx\n"
    assert patched(tmp_path, "x\nx\nx\n", "@@", "-x", "+1", "@@", "-x", "+2") == b"1\n2\nx\n"


@pytest.mark.parametrize(
    ("headers", "line"),
    [
        ((), 3),
        (("@@ class A:",), 3),
        (("@@ class A:", "@@     def stop(self):"), 6),
        (("@@ class A:", "@@ def stop(self):"), 6),
        (("@@ class B(Base):",), 10),
        (("@@ class B",), 10),
        (("@@ class B", "@@ def stop"), 13),
        (("@@ class B(Base): @@",), 10),
        (("@@     def stop(self):",), 6),
        (("@@ -12,2 +12,2 @@",), 13),
        (("@@ -8,4 +8,4 @@ class B(Base):",), 10),
        (("@@ -99,2 +99,2 @@ class A:",), 13),
        (("@@ -1,2 +1,2 @@ no such line",), 3),
        (("@@ -3 +3 @@",), 3),
    ],
)
def test_headers_and_numbers_narrow_the_search(
    tmp_path: Path, headers: tuple[str, ...], line: int
) -> None:
    assert (
        line_changed(tmp_path, CLASSES, *headers, "-        return 1", "+        return 2") == line
    )


def test_numbers_of_a_real_diff_find_the_right_one_of_equal_places(tmp_path: Path) -> None:
    before = "".join(f"{number % 2}\n" for number in range(20))
    for number in range(2, 21, 2):
        hunk = (f"@@ -{number},1 +{number},1 @@", "-1", "+x")
        assert line_changed(tmp_path, before, *hunk) == number


@pytest.mark.parametrize(("number", "line"), [(1, 2), (4, 2), (5, 2), (6, 8), (8, 8), (99, 8)])
def test_of_equal_places_the_nearest_to_a_wrong_number_is_taken(
    tmp_path: Path, number: int, line: int
) -> None:
    before = "a\nx\nb\nc\nd\ne\nf\nx\ng\n"
    assert line_changed(tmp_path, before, f"@@ -{number},1 +{number},1 @@", "-x", "+y") == line


def test_hunks_below_one_header_never_take_the_same_line_twice(tmp_path: Path) -> None:
    lines = ("@@ f", "-a", "+1", "@@ f", "-a", "+2")
    assert patched(tmp_path, "f\na\na\n", *lines) == b"f\n1\n2\n"
    assert "hunk 2" in refused(tmp_path, "f\na\nb\n", *lines)


def test_a_header_above_the_previous_hunk_still_counts(tmp_path: Path) -> None:
    before = "def f():\n    a\n    b\n    c\n"
    lines = ("@@ def f():", "-    a", "+    1", "@@ def f():", "-    c", "+    3")
    assert patched(tmp_path, before, *lines) == b"def f():\n    1\n    b\n    3\n"


def test_a_header_repeated_as_the_first_line_is_found(tmp_path: Path) -> None:
    lines = ("@@ def f():", " def f():", "-    a", "+    1")
    assert patched(tmp_path, "x\ndef f():\n    a\n", *lines) == b"x\ndef f():\n    1\n"


def test_a_header_is_not_the_beginning_of_another_word(tmp_path: Path) -> None:
    said = refused(tmp_path, "class MenuItem:\n  x\n", "@@ class Menu", "-  x", "+  y")
    assert "no line of the file is 'class Menu'" in said
    assert "     1 | class MenuItem:" in said


def test_addition_below_a_header_goes_there(tmp_path: Path) -> None:
    lines = ("@@ class A:", "+    x = 1")
    assert patched(tmp_path, "class A:\n    y = 2\nend\n", *lines) == (
        b"class A:\n    x = 1\n    y = 2\nend\n"
    )
    stacked = ("@@ class B", "@@ def stop", "+        log()")
    assert patched(tmp_path, CLASSES, *stacked).decode().splitlines()[12] == "        log()"


def test_additions_below_one_header_stay_in_order(tmp_path: Path) -> None:
    lines = ("@@ a", "+1", "@@ a", "+2", "@@", "-b", "+3")
    assert patched(tmp_path, "a\nb\n", *lines) == b"a\n1\n2\n3\n"


def test_addition_below_a_missing_header_is_refused(tmp_path: Path) -> None:
    assert "no line of the file is 'zzz'" in refused(tmp_path, "a\n", "@@ zzz", "+1")
    numbered = ("@@ -1,2 +1,3 @@ zzz", "+1")
    assert "no line of the file is 'zzz'" in refused(tmp_path, "a\n", *numbered)


def test_addition_alone_goes_to_the_end(tmp_path: Path) -> None:
    assert patched(tmp_path, "a\nb", "@@", "+c") == b"a\nb\nc\n"
    assert patched(tmp_path, "", "@@", "+c") == b"c\n"
    assert patched(tmp_path, "a\n", "@@ a", "+c", "*** End of File") == b"a\nc\n"


def test_addition_at_the_end_does_not_hide_the_file_from_later_hunks(tmp_path: Path) -> None:
    assert patched(tmp_path, "a\nb\n", "@@", "+c", "@@", "-a", "+1") == b"1\nb\nc\n"


def test_addition_with_line_numbers_goes_after_that_line(tmp_path: Path) -> None:
    assert patched(tmp_path, "a\nb\n", "@@ -1,0 +2,1 @@", "+x") == b"a\nx\nb\n"
    assert patched(tmp_path, "a\nb\n", "@@ -0,0 +1,1 @@", "+x") == b"x\na\nb\n"
    assert patched(tmp_path, "a\nb\n", "@@ -9,0 +9,1 @@", "+x") == b"a\nb\nx\n"


def test_end_of_file_ties_a_hunk_to_the_last_lines(tmp_path: Path) -> None:
    lines = ("@@", "-x", "+y", "*** End of File")
    assert patched(tmp_path, "x\na\nx\n", *lines) == b"x\na\ny\n"
    assert patched(tmp_path, "x\na\n  x", *lines) == b"x\na\ny\n"
    said = refused(tmp_path, "x\na\n", *lines)
    assert "its lines are at line 1, not at the end of the file" in said


def test_the_end_of_the_file_is_not_taken_twice(tmp_path: Path) -> None:
    lines = ("@@", "-x", "+y", "@@", "-x", "+z", "*** End of File")
    assert "above the end of the previous hunk" in refused(tmp_path, "x\n", *lines)


@pytest.mark.parametrize("separator", ["", "   "])
def test_empty_lines_between_hunks_are_not_looked_for(tmp_path: Path, separator: str) -> None:
    lines = ("@@", "-a", "+1", separator, separator, "@@", "-b", "+2", separator)
    assert patched(tmp_path, "a\nb\n", *lines) == b"1\n2\n"


def test_empty_line_after_an_addition_is_a_separator(tmp_path: Path) -> None:
    assert patched(tmp_path, "a\n\nb\n", "@@ a", "+1", "", "@@ b", "+2", "") == b"a\n1\n\nb\n2\n"
    assert patched(tmp_path, "a\n\nb\n", "@@", "+1", "") == b"a\n\nb\n1\n"


def test_empty_context_line_that_is_not_there_is_no_separator(tmp_path: Path) -> None:
    assert "its lines are not in the file" in refused(tmp_path, "a\nb\n", "@@", "+1", " ")
    assert patched(tmp_path, "a\n\nb\n", "@@", "+1", " ") == b"a\n1\n\nb\n"


def test_hunk_of_a_separator_only_changes_nothing(tmp_path: Path) -> None:
    assert patched(tmp_path, "a\nb\n\n", "@@", "", "@@", "-a", "+1") == b"1\nb\n\n"


def test_final_newline_written_as_an_empty_line_is_not_looked_for(tmp_path: Path) -> None:
    assert patched(tmp_path, "a\nb\n", "@@", " a", "-b", "-") == b"a\n"
    assert patched(tmp_path, "a\nb\n", "@@", " a", "-b", "-", "+c", "+") == b"a\nc\n"
    assert "hunk 1" in refused(tmp_path, "a\n", "@@", "-", "+x")


def test_context_alone_moves_the_search_on(tmp_path: Path) -> None:
    assert patched(tmp_path, "x\nm\nx\n", "@@", " m", "@@", "-x", "+y") == b"x\nm\ny\n"


def test_a_miss_shows_what_was_expected_and_what_is_there(tmp_path: Path) -> None:
    before = "import os\n\ndef area(width, height):\n    return width * height\n"
    lines = ("@@", " def area(width, height):", "-    return width + height", "+    return 0")
    said = refused(tmp_path, before, *lines)
    assert said.splitlines() == [
        "Nothing was changed, in no file: the patch does not fit.",
        "",
        "file.txt, hunk 1 (line 3 of the patch): its lines are not in the file as written.",
        "The hunk expects:",
        "       | def area(width, height):",
        "       |     return width + height",
        "The most similar lines of the file are:",
        "     3 | def area(width, height):",
        "     4 |     return width * height",
        "",
        "Read what differs again, then send the whole patch, corrected, once more.",
    ]


def test_a_miss_of_one_line_shows_the_line_most_like_it(tmp_path: Path) -> None:
    before = "alpha = 1\nresult = compute(total, 3)\nomega = 9\n"
    said = refused(tmp_path, before, "@@", "-result = compute(totals, 4)", "+x")
    assert "     2 | result = compute(total, 3)" in said


def test_a_miss_in_an_empty_or_foreign_file_says_so(tmp_path: Path) -> None:
    assert "The file is empty." in refused(tmp_path, "", "@@", "-a", "+b")
    assert "The file has 1 lines, none" in refused(tmp_path, "zzz\n", "@@", "-alpha", "+b")
    assert "The file has 1 lines, none" in refused(tmp_path, "zzz\n", "@@", "-", "- ", "+b")


def test_hunks_out_of_order_are_told_apart(tmp_path: Path) -> None:
    said = refused(tmp_path, "a\nb\nc\n", "@@", "-c", "+3", "@@", "-a", "+1")
    assert "its lines are at line 1, above the end of the previous hunk at line 3" in said


def test_a_header_below_the_lines_is_told(tmp_path: Path) -> None:
    said = refused(tmp_path, "a\nb\n", "@@ b", "-a", "+1")
    assert "its lines are at line 1, above its '@@' line" in said


def test_a_hunk_that_was_applied_already_is_recognised(tmp_path: Path) -> None:
    said = refused(tmp_path, "a\n2\nc\n", "@@", " a", "-b", "+2", " c")
    assert "its result is in the file already, at line 1; leave this hunk out" in said


def test_every_failing_hunk_of_a_file_is_told_up_to_a_limit(tmp_path: Path) -> None:
    lines = [line for number in range(9) for line in ("@@", f"-gone{number}", "+x")]
    said = refused(tmp_path, "a\n", *lines)
    assert [f"hunk {number} " in said for number in range(1, 7)] == [True] * 4 + [False] * 2


def test_messages_stay_short_whatever_the_lines_are(tmp_path: Path) -> None:
    long = "x" * 5_000
    hunk = [f"-{long}{number}" for number in range(200)]
    said = refused(tmp_path, f"{long}\n" * 300, "@@", *hunk)
    assert len(said) < 6_000
    assert "... and 188 more lines" in said


def test_repetitive_files_and_hunks_are_searched_in_linear_time(tmp_path: Path) -> None:
    """Line by line this would be ten thousand million comparisons: hours."""
    lines = [" same"] * 99_000 + ["-other", "+x"]
    refused(tmp_path, "same\n" * 200_000, "@@", *lines)
    assert set(contents(tmp_path)) == {"file.txt"}
