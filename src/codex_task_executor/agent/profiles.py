"""What of a request goes on the wire, for each profile.

``openai`` is stateless use of OpenAI's own API: nothing is stored there, encrypted reasoning
comes back with each request, the input is replayed word for word.

``compatible`` is what vLLM, Ollama, llama.cpp and LM Studio all take. Their validators differ:
vLLM wants id, status and annotations on a message of the model (openai/codex#12669),
llama.cpp refuses such a message with a string as content, and vLLM and Ollama fail on
arguments that are not a JSON object, although the model wrote them.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from codex_task_executor.agent.items import call_id, is_message, is_reasoning, text_of
from codex_task_executor.agent.model import Item, Request

LONGEST_CACHE_KEY = 64
"""Characters; the API refuses a longer ``prompt_cache_key`` (string_above_max_length)."""


def body(request: Request) -> dict[str, Any]:
    """The JSON body of ``POST /responses``."""
    return _compatible(request) if request.profile == "compatible" else _openai(request)


def _openai(request: Request) -> dict[str, Any]:
    fields = _common(request) | {
        "input": request.input,
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": _cache_key(request.cache_key),
        "parallel_tool_calls": True,
    }
    return fields | ({"reasoning": {"effort": request.effort}} if request.effort else {})


def _cache_key(key: str) -> str:
    return key if len(key) <= LONGEST_CACHE_KEY else hashlib.sha256(key.encode()).hexdigest()


def _compatible(request: Request) -> dict[str, Any]:
    kept = (item for item in request.input if not is_reasoning(item))
    return _common(request) | {"input": [_reduced(item) for item in kept]}


def _common(request: Request) -> dict[str, Any]:
    return {
        "model": request.model,
        "instructions": request.instructions,
        "tools": request.tools,
        "stream": True,
    }


def _reduced(item: Item) -> Item:
    if is_message(item):
        return _message(item) if item.get("role") == "assistant" else item
    if item.get("type") == "function_call":
        return {
            "type": "function_call",
            "call_id": call_id(item),
            "name": item.get("name"),
            "arguments": _object(item.get("arguments")),
        }
    return item


def _message(item: Item) -> Item:
    return {
        "type": "message",
        "id": item.get("id") or "msg",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": text_of(item), "annotations": []}],
    }


def _object(arguments: Any) -> str:
    try:
        return arguments if isinstance(json.loads(arguments), dict) else "{}"
    except (TypeError, ValueError):
        return "{}"
