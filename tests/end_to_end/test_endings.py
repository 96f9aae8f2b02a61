"""Every way in which a run can end by itself: exit code, last block, what is shown of the work."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.program import Ran
from support.repositories import Sandpit
from support.scenes import DONE, GREETING, WORDS, add, ask, played, say, scene, turn

WHERE = ask("Where are tokens kept?", "localStorage", "sessionStorage")
HOW_LONG = ask("For how long?", assumption="a day")
NO_END = turn(say("Still looking.", phase="commentary"))
GOODBYE = add({"greet.py": "print('goodbye')\n"})


def check_partial(ran: Ran, code: int, *reasons: str) -> None:
    """It ended with this code and one [BLOCKED] for these reasons, its work shown all the same."""
    assert ran.code == code, ran.stdout + ran.stderr
    assert ran.seen.markers[-1] == "BLOCKED"
    assert len(ran.seen.blocked) == 1
    for reason in reasons:
        assert reason in ran.seen.blocked[0]
    assert ran.seen.files == [("greet.py", "created")]
    assert {"PATCH", "MERGE_RESULT"} <= set(ran.seen.markers)
    assert ran.seen.complete == []
    assert ran.stderr == ""


def line(ran: Ran, marker: str) -> str:
    """The last line of a marker."""
    return [line for line in ran.stdout.splitlines() if line.startswith(marker)][-1]


def test_a_question_waits_for_its_answer(pit: Sandpit) -> None:
    asked = turn(WHERE, GREETING)
    answered = turn(say("Done."), expect=["^Use localStorage$"], reject=[WORDS])
    with played(pit, scene(asked, turn(say("I wait.")), answered)) as play:
        ran = play.execute()
        assert (ran.code, ran.seen.markers[-1]) == (4, "QUESTION")
        assert ran.seen.files == [("greet.py", "created")]
        last_block = ran.stdout.rstrip("\n").split("\n\n")[-1]
        assert last_block == (
            "[QUESTION] Where are tokens kept?\nOptions:\n1. localStorage\n2. sessionStorage"
        )
        again = play.execute()
        assert again.code == 4
        assert again.stdout.rstrip("\n").split("\n\n")[-1] == last_block
        assert len(play.server.requests) == 2
        play.completed(f"{WORDS}. Use localStorage".replace(". ", "\n"))


def test_several_questions_end_with_the_first_and_name_the_others(pit: Sandpit) -> None:
    asked = turn(WHERE, HOW_LONG)
    with played(pit, scene(asked, turn(say("I wait.")))) as play:
        ran = play.execute()
    assert ran.code == 4
    assert ran.seen.questions[-1] == "Where are tokens kept? (also open: For how long?)"
    assert ran.seen.options[-2:] == ["localStorage", "sessionStorage"]
    assert ran.seen.files == []
    assert line(ran, "[MERGE_RESULT]") == "[MERGE_RESULT] nothing to merge"


def test_a_blocked_task_says_what_it_needs_and_goes_on_later(pit: Sandpit) -> None:
    reported = {
        "type": "call",
        "tool": "report_blocked",
        "arguments": {"reason": "API_BASE_URL is not defined", "needs": "its value"},
    }
    go_on = turn(say("Done."), expect=["Go on with the task"])
    with played(pit, scene(turn(GREETING), turn(reported), go_on)) as play:
        ran = play.execute()
        check_partial(ran, 3, "API_BASE_URL is not defined (needs: its value)")
        play.completed()


def test_limits_of_iterations_and_time_keep_the_work(pit: Sandpit) -> None:
    slow = turn(say("Done.", hold="slow"))
    with played(pit, scene(turn(GREETING), slow)) as play:
        check_partial(play.execute(MAX_ITERS="1"), 3, "MAX_ITERS reached: 1", "same id again")
        late = play.execute(CLAUDECODE="1", TIME_LIMIT="1")
        check_partial(late, 3, "TIME_LIMIT reached: 1", "same id again")
        play.server.holds.release("slow")
        play.completed()


def test_a_limit_of_tokens_keeps_the_work(pit: Sandpit) -> None:
    usage = {"input_tokens": 900, "output_tokens": 50}
    with played(pit, scene(turn(GREETING, usage=usage))) as play:
        check_partial(play.execute(MAX_TOKENS="1000"), 3, "MAX_TOKENS reached: 950 of 1000")


def test_malformed_calls_in_a_row_end_the_run(pit: Sandpit) -> None:
    malformed = {"type": "call", "tool": "read", "raw_arguments": '{"path": '}
    with played(pit, scene(turn(GREETING, *[malformed] * 5))) as play:
        check_partial(play.execute(), 3, "5 malformed calls in a row")


def test_a_model_that_stops_without_finishing_is_nudged_twice(pit: Sandpit) -> None:
    with played(pit, scene(turn(GREETING), NO_END, NO_END, NO_END)) as play:
        check_partial(play.execute(), 3, "the model stopped without finishing")
        assert len(play.server.requests) == 4


@pytest.mark.bubblewrap
def test_a_test_command_that_passes_is_named_with_its_time(pit: Sandpit) -> None:
    with played(pit, scene(turn(GREETING), DONE)) as play:
        ran = play.completed(TEST_COMMAND="grep hello greet.py")
    assert line(ran, "[TEST_RESULTS]").startswith("[TEST_RESULTS] passed: grep hello greet.py (")


@pytest.mark.bubblewrap
def test_failures_of_the_test_command_go_back_to_the_model(pit: Sandpit) -> None:
    mended = turn(GREETING, expect=["`grep hello greet.py` fails"])
    with played(pit, scene(turn(GOODBYE), DONE, mended, DONE)) as play:
        ran = play.completed(TEST_COMMAND="grep hello greet.py")
    assert line(ran, "[TEST_RESULTS]").startswith("[TEST_RESULTS] passed: grep")


@pytest.mark.bubblewrap
def test_a_test_command_that_fails_after_two_rounds_is_the_end(pit: Sandpit) -> None:
    with played(pit, scene(turn(GREETING), DONE, DONE, DONE)) as play:
        ran = play.execute(TEST_COMMAND="echo never; exit 3")
        check_partial(ran, 6, "the test command still fails: echo never; exit 3")
        assert len(play.server.requests) == 4
    assert line(ran, "[TEST_RESULTS]").startswith("[TEST_RESULTS] failed: echo never; exit 3 (")


@pytest.mark.bubblewrap
def test_the_time_limit_holds_for_the_test_command(pit: Sandpit) -> None:
    with played(pit, scene(turn(GREETING), DONE)) as play:
        play.execute(MAX_ITERS="1")
        ran = play.execute(TEST_COMMAND="while :; do :; done", TIME_LIMIT="1")
        check_partial(ran, 3, "TIME_LIMIT reached: 1")
        assert line(ran, "[TEST_RESULTS]") == "[TEST_RESULTS] not run: TIME_LIMIT was reached"


def test_without_a_sandbox_no_command_runs_and_the_output_says_so(
    pit: Sandpit, tmp_path: Path
) -> None:
    git = shutil.which("git")
    assert git is not None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").symlink_to(git)
    with played(pit, scene(turn(GREETING), DONE), PATH=str(tmp_path / "bin")) as play:
        ran = play.completed(TEST_COMMAND="true")
        declared = {tool["name"] for tool in play.server.requests[0]["tools"]}
        assert "shell_command" not in declared
        assert "There is no tool for commands here" in play.server.requests[0]["instructions"]
    assert line(ran, "[TEST_RESULTS]") == "[TEST_RESULTS] not run: no sandbox"
    assert "no sandbox for commands (level C): bubblewrap is not installed" in ran.seen.progress
