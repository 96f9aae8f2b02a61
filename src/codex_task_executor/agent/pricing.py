"""What tokens cost, by the offline table of genai-prices; what it does not know is unknown."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from codex_task_executor.agent.model import Usage
from codex_task_executor.agent.names import OPENAI_BASE_URL


@dataclass(eq=False)
class UnknownPrice(Exception):
    """A money limit was asked for with a model whose price nobody knows."""

    model: str

    def __str__(self) -> str:
        return f"the price of {self.model} is unknown, so a money limit cannot be kept"


@dataclass(frozen=True)
class Prices:
    """The prices of one model on one server; ``base_url`` None is OpenAI's own."""

    model: str
    base_url: str | None = None

    def of(self, usage: Usage) -> Decimal | None:
        """The price of one response in USD, or None where it is unknown.

        Ask for each response alone: long inputs have a price of their own.
        """
        import genai_prices  # 0.2 s and 3 MB: not before the first response

        try:
            found = genai_prices.calc_price(
                genai_prices.Usage(
                    input_tokens=usage.input_tokens,
                    cache_read_tokens=usage.cached_tokens,
                    cache_write_tokens=usage.cache_write_tokens,
                    output_tokens=usage.output_tokens,
                ),
                self.model,
                provider_api_url=self.base_url or OPENAI_BASE_URL,
            )
        except LookupError:
            return None
        return found.total_price

    def require(self) -> None:
        """Raise UnknownPrice unless the model has a price."""
        if self.of(Usage(input_tokens=1)) is None:
            raise UnknownPrice(self.model)
