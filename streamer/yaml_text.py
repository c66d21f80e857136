"""YAML that comes from outside, read with care: nothing in it can grow, nest without end, or run.

The value is built while the text is read. Anchors, aliases and tags are refused: a file of settings
needs none, and they are how a small file becomes a large one, or a program.
"""

from typing import Any, Final

import yaml

MAX_DEPTH: Final = 8
# Longer numbers take a time that grows with the square of their length.
MAX_NUMBER: Final = 1000

# The C parser, where PyYAML was built with it, reads a folder of presets ten times faster.
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVER: Final[Any] = yaml.resolver.Resolver()
_CONSTRUCTOR: Final[Any] = yaml.constructor.SafeConstructor()
_TEXT: Final = "tag:yaml.org,2002:str"
_VALUES: Final = {
    f"tag:yaml.org,2002:{kind}": _CONSTRUCTOR.yaml_constructors[f"tag:yaml.org,2002:{kind}"]
    for kind in ("null", "bool", "int", "float", "timestamp")
}


class YamlError(ValueError):
    """The text is no YAML, or holds what is refused; says the line."""


def parse_yaml(content: str) -> Any:
    """Return the value of one document: mappings with text keys, lists, texts, numbers.

    An empty text is `None`. Raises: `YamlError`, and nothing else, for any text.
    """
    builder = _Builder()
    try:
        for event in yaml.parse(content, Loader=_LOADER):
            builder.take(event)
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        line = f"line {mark.line + 1} " if mark is not None else ""
        problem = getattr(exc, "problem", None) or _first_line(exc)
        raise YamlError(f"{line}is not valid YAML: {problem}") from exc
    except YamlError:
        raise
    except (ValueError, OverflowError) as exc:  # an escape that is no character
        raise YamlError(f"is not valid YAML: {_first_line(exc)}") from exc
    return builder.document


class _Builder:
    """Takes the parser's events."""

    def __init__(self) -> None:
        self.document: Any = None
        self._documents = 0
        self._open: list[dict[str, Any] | list[Any]] = []
        self._keys: list[str | None] = []  # of each open collection: the key that waits
        self._names: dict[str, str] = {}  # a long file says the same keys again and again

    def take(self, event: Any) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise YamlError(f"line {line} is not valid YAML: a second document begins there")
        elif isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise YamlError(
                f"line {line} has an anchor or alias (& or *); write the value out, and put text "
                "that begins so in quotes"
            )
        elif getattr(event, "tag", None) is not None:
            raise YamlError(f"line {line} has a tag ({event.tag[:60]}); none is needed")
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin({} if isinstance(event, yaml.MappingStartEvent) else [], line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
            self._keys.pop()

    def _begin(self, collection: dict[str, Any] | list[Any], line: int) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise YamlError(f"line {line} is nested more than {MAX_DEPTH} deep")
        self._put(collection, line)
        self._open.append(collection)
        self._keys.append(None)

    def _scalar(self, event: Any, line: int) -> None:
        if self._open and isinstance(self._open[-1], dict) and self._keys[-1] is None:
            if event.value == "<<" and event.implicit[0]:
                raise YamlError(f"line {line}: a field's name must be plain text")
            if event.value in self._open[-1]:
                raise YamlError(f"line {line}: '{event.value[:60]}' appears twice")
            self._keys[-1] = self._names.setdefault(event.value, event.value)
        else:
            self._put(_value(event, line), line)

    def _put(self, value: Any, line: int) -> None:
        if not self._open:
            self.document = value
        elif isinstance(self._open[-1], list):
            self._open[-1].append(value)
        else:
            key = self._keys[-1]
            if key is None:
                raise YamlError(f"line {line}: a field's name must be plain text")
            self._open[-1][key] = value
            self._keys[-1] = None


def _value(event: Any, line: int) -> Any:
    """What a scalar is: a text, or what YAML takes it for when it stands without quotes."""
    tag = _RESOLVER.resolve(yaml.ScalarNode, event.value, event.implicit)
    if tag == _TEXT:
        return event.value
    if len(event.value) > MAX_NUMBER:
        raise YamlError(f"line {line}: a value cannot be read: {len(event.value)} signs long")
    construct = _VALUES.get(tag)
    if construct is None:  # = and <<, which mean something in YAML
        raise YamlError(f"line {line}: put '{event.value[:60]}' in quotes")
    try:
        return construct(_CONSTRUCTOR, yaml.ScalarNode(tag, event.value))
    except (yaml.YAMLError, ValueError, OverflowError) as exc:
        raise YamlError(f"line {line}: a value cannot be read: {_first_line(exc)}") from exc


def _first_line(exc: Exception) -> str:
    return (str(exc).splitlines() or [type(exc).__name__])[0].rstrip(".")
