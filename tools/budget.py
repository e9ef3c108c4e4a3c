"""Size report: lines of files and functions, methods of ports. Fails above the limits of AGENTS.md.

A waiver is `# budget: reason` on the line of the `def` or `class`, or on the first line of a file.
"""

from __future__ import annotations

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILE_LINES, FUNCTION_LINES, PORT_METHODS = 400, 60, 8
WAIVER = "# budget: "
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def function_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, without the docstring."""
    first = node.body[0]
    documented = ast.get_docstring(node, clean=False) is not None and first.end_lineno is not None
    docstring = first.end_lineno - first.lineno + 1 if documented and first.end_lineno else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - docstring


def is_port(node: ast.ClassDef) -> bool:
    """Whether the class is a Protocol."""
    return any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases)


def faults(path: Path, name: str) -> Iterator[str]:
    """What is too large in one file, as `file:line: sentence`."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()

    def waived(line: int) -> bool:
        return bool(lines) and WAIVER in lines[line - 1]

    if len(lines) > FILE_LINES and not waived(1):
        yield f"{name}:1: {len(lines)} lines (at most {FILE_LINES})"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, _FUNCTIONS) and function_lines(node) > FUNCTION_LINES and not waived(node.lineno):
            yield f"{name}:{node.lineno}: {node.name} has {function_lines(node)} lines (at most {FUNCTION_LINES})"
        if isinstance(node, ast.ClassDef) and is_port(node) and not waived(node.lineno):
            methods = sum(isinstance(member, _FUNCTIONS) for member in node.body)
            if methods > PORT_METHODS:
                yield f"{name}:{node.lineno}: port {node.name} has {methods} methods (at most {PORT_METHODS})"


def summary(label: str, sizes: list[int]) -> str:
    """One line: how many, median, ninth decile, largest, sum."""
    if not sizes:
        return f"{label:<10} none"
    p90 = sorted(sizes)[min(len(sizes) - 1, int(len(sizes) * 0.9))]
    return (
        f"{label:<10} {len(sizes):>4}  median {statistics.median(sizes):>5.0f}  p90 {p90:>4}  max {max(sizes):>4}"
        f"  total {sum(sizes):>6}"
    )


def main() -> int:
    """Print the report; 1 where something is too large."""
    sizes: dict[str, list[int]] = {}
    functions: list[int] = []
    found: list[str] = []
    for folder in ("src", "tests", "tools"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if text.strip():
                sizes.setdefault(folder, []).append(len(text.splitlines()))
            if folder != "tests":
                found += faults(path, str(path.relative_to(ROOT)))
                functions += [function_lines(n) for n in ast.walk(ast.parse(text)) if isinstance(n, _FUNCTIONS)]
    for folder, lines in sizes.items():
        print(summary(folder, lines))
    print(summary("functions", functions))
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
