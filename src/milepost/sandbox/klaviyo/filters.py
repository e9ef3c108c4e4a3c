"""The filter grammar: text to nodes and back, the whitelist of operators per field, and evaluation on plain facts."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from milepost.sandbox.klaviyo.errors import Refusal, invalid

Value = str | float | bool | None | datetime | list[Any]
_TOKEN = re.compile(
    r"""\s*(?:(?P<word>[A-Za-z_$][\w$.\-]*)(?=\s*\()|(?P<punct>[()\[\],])|"(?P<dq>(?:[^"\\]|\\.)*)"|'(?P<sq>(?:[^'\\]|\\.)*)'|(?P<bare>[^\s()\[\],"']+(?:\ \d\d:\d\d[^\s()\[\],"']*)?))"""
)
_NUMBER = re.compile(r"-?\d+(\.\d+)?$")
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$")
_LITERALS: dict[str, Value] = {"true": True, "false": False, "null": None}
RANGES = ("greater-or-equal", "greater-than", "less-or-equal", "less-than")
OPERATORS = frozenset(
    {"equals", "any", "contains", "contains-any", "contains-all", "starts-with", "ends-with", "has", *RANGES}
)


@dataclass(frozen=True, slots=True)
class Clause:
    """`op(field,value)`; `has(field)` has the value None."""

    op: str
    field: str
    value: Value = None


@dataclass(frozen=True, slots=True)
class Not:
    """`not(node)`."""

    node: Node


@dataclass(frozen=True, slots=True)
class And:
    """`and(a,b)` or `a,b`."""

    nodes: tuple[Node, ...]


Node = Clause | Not | And


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a field takes: operators with one value, with a list, or without (`has`); `kind` of the value."""

    single: tuple[str, ...] = ()
    many: tuple[str, ...] = ()
    kind: str = "string"
    choices: tuple[str, ...] = ()

    @property
    def operators(self) -> tuple[str, ...]:
        """All operators, in the order errors name them."""
        return tuple(sorted({*self.single, *self.many}))


Whitelist = Mapping[str, Allowed]


def _bad(detail: str) -> Refusal:
    return invalid(detail, parameter="filter")


@dataclass(slots=True)
class _Parser:
    text: str
    tokens: list[tuple[str, str]] = field(default_factory=list)
    at: int = 0

    def __post_init__(self) -> None:
        place = 0
        text = self.text.rstrip()
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None or match.lastgroup is None:
                raise _bad(f"Invalid filter: unexpected text at position {place}.")
            self.tokens.append((match.lastgroup, match.group(match.lastgroup)))
            place = match.end()

    def _next(self, punct: str | None = None) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise _bad("Invalid filter: it ends too soon.")
        token = self.tokens[self.at]
        if punct is not None and token != ("punct", punct):
            raise _bad(f"Invalid filter: {token[1]!r} (expected {punct!r}).")
        self.at += 1
        return token

    def _comma(self) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at] == ("punct", ","):
            self.at += 1
            return True
        return False

    def all(self) -> Node:
        nodes = [self.node()]
        while self._comma():
            nodes.append(self.node())
        if self.at != len(self.tokens):
            raise _bad(f"Invalid filter: {self.tokens[self.at][1]!r} after its end.")
        return nodes[0] if len(nodes) == 1 else And(tuple(nodes))

    def node(self) -> Node:
        kind, word = self._next()
        if kind != "word":
            raise _bad(f"Invalid filter: {word!r} (expected an operator).")
        self._next("(")
        if word == "and":
            nodes = [self.node()]
            while self._comma():
                nodes.append(self.node())
            self._next(")")
            return And(tuple(nodes))
        if word == "not":
            inner = Not(self.node())
            self._next(")")
            return inner
        return self._clause(word)

    def _clause(self, word: str) -> Clause:
        if word not in OPERATORS:
            raise _bad(f"'{word}' is not a valid filter operator.")
        kind, name = self._next()
        if kind not in ("bare", "dq", "sq"):
            raise _bad(f"Invalid filter: {name!r} (expected a field).")
        if word == "has":
            self._next(")")
            return Clause(word, name)
        self._next(",")
        value = self._value()
        self._next(")")
        return Clause(word, name, value)

    def _value(self) -> Value:
        kind, text = self._next()
        if kind in ("dq", "sq"):
            return re.sub(r"\\(.)", r"\1", text)
        if (kind, text) == ("punct", "["):
            values: list[Any] = []
            while self.at < len(self.tokens) and self.tokens[self.at] != ("punct", "]"):
                values.append(self._value())
                if not self._comma():
                    break
            self._next("]")
            return values
        if kind == "bare":
            return _literal(text)
        raise _bad(f"Invalid filter: {text!r} (expected a value).")


def _literal(text: str) -> Value:
    if text.lower() in _LITERALS:
        return _LITERALS[text.lower()]
    if _NUMBER.match(text):
        return float(text) if "." in text else int(text)
    if _DATE.match(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError as error:
            raise _bad(f"'{text}' is not a valid date.") from error
    raise _bad(f"Invalid filter: '{text}' (expected a quoted string, number, boolean or datetime).")


def parse(text: str) -> Node:
    """Text to node. Raises a 400 refusal with `source.parameter = filter`."""
    return _Parser(text).all()


def _write_value(value: Value) -> str:
    match value:
        case bool() | None:
            return {True: "true", False: "false", None: "null"}[value]
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case list():
            return "[" + ",".join(_write_value(v) for v in value) + "]"
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case _:
            return repr(value)


def write(node: Node) -> str:
    """Node to text; `parse` is its inverse."""
    match node:
        case And(nodes):
            return "and(" + ",".join(write(n) for n in nodes) + ")"
        case Not(inner):
            return f"not({write(inner)})"
        case Clause("has", name):
            return f"has({name})"
        case Clause(op, name, value):
            return f"{op}({name},{_write_value(value)})"


def clauses(node: Node | None) -> list[Clause]:
    """All clauses of a conjunction; `not` is refused."""
    match node:
        case None:
            return []
        case Clause():
            return [node]
        case And(nodes):
            return [c for n in nodes for c in clauses(n)]
        case Not():
            raise _bad("'not' is not supported for this resource.")


def check(node: Node, allowed: Whitelist) -> None:
    """Refuse fields, operators and values that the endpoint does not take."""
    match node:
        case And(nodes):
            for inner in nodes:
                check(inner, allowed)
        case Not(inner):
            check(inner, allowed)
        case Clause():
            _check_clause(node, allowed)


def _check_clause(clause: Clause, allowed: Whitelist) -> None:
    rule = allowed.get(clause.field)
    if rule is None:
        names = ", ".join(sorted(allowed)) or "none"
        raise _bad(f"'{clause.field}' is not a filterable field for this resource. Allowed fields are {names}.")
    several = isinstance(clause.value, list)
    if clause.op not in (rule.many if several else rule.single):
        names = ", ".join(rule.operators)
        raise _bad(f"Invalid filter operator '{clause.op}' for field '{clause.field}'. Allowed operators are {names}.")
    if clause.op != "has":
        for value in clause.value if isinstance(clause.value, list) else [clause.value]:
            _check_value(clause.field, value, rule)


def _check_value(name: str, value: Value, rule: Allowed) -> None:
    wanted: dict[str, tuple[type, ...]] = {
        "string": (str,), "boolean": (bool,), "date-time": (datetime,), "number": (int, float),
    }  # fmt: skip
    fits = isinstance(value, wanted[rule.kind]) and (rule.kind == "boolean" or not isinstance(value, bool))
    if not fits:
        raise _bad(f"Invalid value for filter field '{name}': expected a {rule.kind}.")
    if rule.choices and value not in rule.choices:
        raise _bad(f"'{value}' is not a valid value for '{name}'. Allowed values are {', '.join(rule.choices)}.")


def matches(node: Node | None, facts: Mapping[str, Any]) -> bool:
    """Whether a resource with these facts (datetimes as epoch seconds) passes the filter."""
    match node:
        case None:
            return True
        case And(nodes):
            return all(matches(n, facts) for n in nodes)
        case Not(inner):
            return not matches(inner, facts)
        case Clause(op, name, value):
            return _holds(op, facts.get(name), _plain(value))


def _plain(value: Value) -> Any:
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return utc(value).timestamp() if isinstance(value, datetime) else value


def utc(moment: datetime) -> datetime:
    """A datetime without an offset is UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _holds(op: str, fact: Any, value: Any) -> bool:  # noqa: PLR0911 - one line per operator
    if op == "has" or fact is None:
        return fact is not None
    match op:
        case "equals" | "any":
            return fact in value if isinstance(value, list) else bool(fact == value)
        case "contains":
            return str(value).lower() in str(fact).lower()
        case "starts-with":
            return str(fact).lower().startswith(str(value).lower())
        case "ends-with":
            return str(fact).lower().endswith(str(value).lower())
        case "contains-any":
            return any(v in fact for v in value)
        case "contains-all":
            return all(v in fact for v in value)
        case _:
            return bool(compare(op, fact, value))


_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "less-than": operator.lt,
    "less-or-equal": operator.le,
    "greater-than": operator.gt,
    "greater-or-equal": operator.ge,
}


def compare(op: str, fact: Any, value: float) -> Any:
    """One of the four range operators, on a number or on an array of them."""
    return _COMPARE[op](fact, value)
