"""Prices, and where a run stops."""

from __future__ import annotations

from decimal import Decimal

import pytest

from codex_task_executor.agent.limits import MALFORMED_IN_A_ROW, Budget, Limits
from codex_task_executor.agent.model import Usage
from codex_task_executor.agent.pricing import Prices, UnknownPrice
from codex_task_executor.agent.result import Ended

PRICES = Prices("gpt-6.1-sol")
NO_PRICES = Prices("gpt-6.1-sol", "http://127.0.0.1:1/v1")


def budget(limits: Limits, prices: Prices = PRICES) -> Budget:
    return Budget(limits, prices)


def test_cached_input_costs_less_and_output_more() -> None:
    plain = PRICES.of(Usage(100_000, 0, 0)) or 0
    cached = PRICES.of(Usage(100_000, 100_000, 0)) or 0
    output = PRICES.of(Usage(0, 0, 100_000)) or 0
    assert 0 < cached < plain < output
    assert plain == Decimal("0.2")  # $2 per million


@pytest.mark.parametrize("prices", [NO_PRICES, Prices("a-model-of-nobody")])
def test_what_has_no_price_is_unknown_and_never_zero(prices: Prices) -> None:
    assert prices.of(Usage(1000, 0, 1000)) is None


def test_a_money_limit_without_a_price_is_refused_by_the_models_name() -> None:
    with pytest.raises(UnknownPrice, match="a-model-of-nobody"):
        budget(Limits(cost_usd=Decimal(1)), Prices("a-model-of-nobody"))
    budget(Limits(), Prices("a-model-of-nobody"))


def test_the_iterations_are_counted() -> None:
    spent = budget(Limits(iterations=2))
    for _ in range(2):
        assert spent.exhausted() is None
        spent.spend(Usage(1, 0, 1), complete=True)
    assert spent.exhausted() == Ended("limit", "MAX_ITERS reached: 2 iterations", "MAX_ITERS")


def test_no_request_is_sent_that_would_pass_the_token_limit() -> None:
    spent = budget(Limits(tokens=2_000))
    spent.spend(Usage(900, 0, 150), complete=True)
    assert spent.exhausted() is None  # 1,050 used, at least 900 come again
    spent.spend(Usage(940, 900, 10), complete=True)
    reason = "MAX_TOKENS reached: 2000 of 2000 tokens used"
    assert spent.exhausted() == Ended("limit", reason, "MAX_TOKENS")


def test_no_request_is_sent_that_would_pass_the_money_limit() -> None:
    spent = budget(Limits(cost_usd=Decimal("0.30")))
    spent.spend(Usage(100_000, 0, 0), complete=True)
    assert spent.exhausted() is None  # $0.20, and $0.01 at least to come
    spent.spend(Usage(100_000, 0, 0), complete=True)
    ended = spent.exhausted()
    assert ended is not None
    assert (ended.limit, ended.reason) == (
        "MAX_COST_USD",
        "MAX_COST_USD reached: $0.4000 of $0.30 used",
    )


def test_the_cost_of_a_cut_answer_is_unknown() -> None:
    spent = budget(Limits())
    assert spent.spend(Usage(1000, 0, 10), complete=True) is not None
    assert spent.cost_known
    assert spent.spend(Usage(), complete=False) is None
    assert not spent.cost_known


def test_malformed_calls_in_a_row_end_the_run() -> None:
    spent = budget(Limits())
    for _ in range(MALFORMED_IN_A_ROW - 1):
        spent.called(well_formed=False)
    spent.called(well_formed=True)
    for _ in range(MALFORMED_IN_A_ROW):
        assert spent.exhausted() is None
        spent.called(well_formed=False)
    ended = spent.exhausted()
    assert ended is not None
    assert ended.status == "failed"
