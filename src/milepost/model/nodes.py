"""Reads YAML nodes as what they should be and collects a fault, with its place, for each that is something else.

Nothing here knows what an ecosystem is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import yaml

from milepost.model.faults import Fault, did_you_mean

_T = TypeVar("_T")
_NULL = "tag:yaml.org,2002:null"


@dataclass(slots=True)
class Nodes:
    """The nodes of one file, and the faults found so far. A reader returns an empty value where it finds a fault."""

    file: str
    faults: list[Fault] = field(default_factory=list)

    def fault(self, node: yaml.Node | None, message: str) -> None:
        """Remember a fault at the node, at the file's beginning where there is none."""
        line, column = (node.start_mark.line + 1, node.start_mark.column + 1) if node else (1, 1)
        self.faults.append(Fault(self.file, line, column, message))

    def compose(self, text: str) -> yaml.Node | None:
        """The document's root; None where the text is empty or no YAML."""
        try:
            return yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as wrong:
            mark = wrong.problem_mark or wrong.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            self.faults.append(Fault(self.file, line, column, f"not YAML: {wrong.problem or wrong.context}"))
        except yaml.reader.ReaderError as wrong:
            line = text.count("\n", 0, wrong.position) + 1
            column = wrong.position - (text.rfind("\n", 0, wrong.position) + 1) + 1
            self.faults.append(Fault(self.file, line, column, f"not YAML: {wrong.reason}"))
        return None

    def entries(self, node: yaml.Node | None, what: str) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        """The (key node, value node) of a mapping by key; `what` names the mapping. A key that stands twice is a fault."""
        found: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        if node is None or node.tag == _NULL:
            return found
        if not isinstance(node, yaml.MappingNode):
            self.fault(node, f"{what} must be a mapping (name: value)")
            return found
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == _NULL:
                self.fault(key, f"{what}: a name must be text")
            elif key.value in found:
                first = found[key.value][0].start_mark.line + 1
                self.fault(key, f"{what} has {key.value!r} twice (first in line {first})")
            else:
                found[key.value] = (key, value)
        return found

    def fields(self, node: yaml.Node | None, what: str, known: Collection[str]) -> dict[str, yaml.Node]:
        """The values of a mapping whose keys are known."""
        return self.known(self.entries(node, what), what, known)

    def known(
        self, entries: Mapping[str, tuple[yaml.Node, yaml.Node]], what: str, names: Collection[str]
    ) -> dict[str, yaml.Node]:
        """The values by key; a key that is not among `names` is a fault, an empty value is left out."""
        for name, (key, _) in entries.items():
            if name not in names:
                meant = did_you_mean(name, names) or (f" (known: {', '.join(names)})" if names else "")
                self.fault(key, f"{what} has no {name!r}{meant}")
        return {name: value for name, (_, value) in entries.items() if name in names and value.tag != _NULL}

    def text(self, node: yaml.Node | None, what: str) -> str:
        """Text; `no`, `1.0` and the like count as the text that was written."""
        if node is None:
            return ""
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            self.fault(node, f"{what} must be text")
            return ""
        return str(node.value)

    def texts(self, node: yaml.Node | None, what: str) -> tuple[str, ...]:
        """A list of different texts; one text stands for a list of one."""
        if node is None:
            return ()
        if isinstance(node, yaml.ScalarNode):
            return tuple(filter(None, [self.text(node, what)]))
        if not isinstance(node, yaml.SequenceNode):
            self.fault(node, f"{what} must be a list of names")
            return ()
        found: list[str] = []
        for item in node.value:
            name = self.text(item, f"each of {what}")
            if name and name in found:
                self.fault(item, f"{what} has {name!r} twice")
            elif name:
                found.append(name)
        return tuple(found)

    def choice(self, node: yaml.Node | None, what: str, choices: Mapping[str, _T]) -> _T | None:
        """The value that a text stands for."""
        text = self.text(node, what)
        if node is None or not text:
            return None
        if text not in choices:
            self.fault(node, f"{what} cannot be {text!r}{did_you_mean(text, choices)}; one of: {', '.join(choices)}")
            return None
        return choices[text]

    def checked(self, node: yaml.Node | None, what: str, right: Callable[[str], object], rule: str) -> str:
        """Text that `right` holds of; `rule` says what that is."""
        text = self.text(node, what)
        if node is not None and text and not right(text):
            self.fault(node, f"{what} {rule}")
            return ""
        return text
