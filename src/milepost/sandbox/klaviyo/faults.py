"""Faults on purpose: which request of which endpoint goes wrong, and how; the same seed gives the same faults."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args
from zlib import crc32

Fault = Literal[
    "throttle",
    "error_500",
    "error_502",
    "error_503",
    "cloudflare_403",
    "timeout",
    "truncated",
    "slow",
    "reset",
    "broken_json",
]
FAULTS: tuple[Fault, ...] = get_args(Fault)

HTML_502 = b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
HTML_403 = (
    b'<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title></head>'
    b"<body><h1>Checking your browser before you continue</h1><p>Ray ID: 8f00ba4</p></body></html>"
)


@dataclass(frozen=True, slots=True)
class FaultRule:
    """One kind of fault: by share of the requests (`rate`), and/or for the n-th request (from 1) of an endpoint (`at`).

    `endpoint` is a pattern over labels such as `GET /api/events`. `seconds` is how long `slow` waits, how long
    `timeout` keeps the line silent before it closes, and what a `throttle` writes into Retry-After.
    """

    kind: Fault
    rate: float = 0.0
    at: tuple[int, ...] = ()
    endpoint: str = "*"
    seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Rules in order; the first that applies to a request decides. Rates add up: 0.1 and 0.2 fail 30 of 100."""

    rules: tuple[FaultRule, ...] = ()
    seed: int = 0

    @classmethod
    def storm(cls, rate: float = 0.3, seed: int = 0, *, endpoint: str = "*", seconds: float = 0.2) -> FaultPlan:
        """All kinds of faults, evenly mixed, hitting `rate` of the requests."""
        share = rate / len(FAULTS)
        return cls(tuple(FaultRule(kind, share, (), endpoint, seconds) for kind in FAULTS), seed)

    def choose(self, endpoint: str, number: int) -> FaultRule | None:
        """What happens to the `number`-th request (from 1) of this endpoint; None: nothing."""
        if not self.rules:
            return None
        draw = crc32(f"{self.seed}|{endpoint}|{number}".encode()) / 2**32
        for rule in self.rules:
            if rule.endpoint != "*" and not fnmatchcase(endpoint, rule.endpoint):
                continue
            if number in rule.at or draw < rule.rate:
                return rule
            draw -= rule.rate
        return None

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form; `from_json` is its inverse."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> FaultPlan:
        """Rebuild a plan written by `to_json`. Raises ValueError for an unknown kind."""
        rules = tuple(FaultRule(**rule | {"at": tuple(rule.get("at", ()))}) for rule in data.get("rules", ()))
        for rule in rules:
            if rule.kind not in FAULTS:
                raise ValueError(f"fault {rule.kind!r} (expected one of {', '.join(FAULTS)})")
        return cls(rules, int(data.get("seed", 0)))
