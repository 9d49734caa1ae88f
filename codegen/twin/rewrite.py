"""Turn one async module into its sync twin."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from codegen.twin.lexer import Token, join, lex
from codegen.twin.rules import MODULES, NAMES, NOT_IN_TWIN, UNWRAPPED

__all__ = ["Rewriter", "async_classes"]

_ASYNC_NAME = re.compile(r"\bAsync[A-Z]\w*|\basync_\w+")
_CODE_IN_TEXT = re.compile(r"`[^`\n]+`|^[ \t]*(?:>>>|\.\.\.).*$", re.MULTILINE)
_AWAIT_IN_CODE = re.compile(r"\b(?:await|async)[ ]+(?=[\w(\[])")
_ARTICLE = re.compile(r"\b([Aa]n)(\s+`?)(Async[A-Z]\w*)")
_AWAITABLE_IMPORT = re.compile(r"^from wandkit\._core\.awaitable import awaitable_property\n", re.MULTILINE)
_PREFIX = re.compile(r"[rRbBuUfF]*")


def async_classes(source: str) -> set[str]:
    """Return the names of the classes, functions and aliases that `source` defines as `AsyncX`."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return {name for name in found if _ASYNC_NAME.fullmatch(name)}


@dataclass
class Rewriter:
    """Applies the rules and remembers which of them were used.

    Attributes:
        classes: The classes that become `X`, by their async names.
        names: The rules for names.
        modules: The rules for module paths.
    """

    classes: Mapping[str, str]
    names: Mapping[str, str] = field(default_factory=lambda: dict(NAMES))
    modules: Mapping[str, str] = field(default_factory=lambda: dict(MODULES))
    unwrapped: tuple[str, ...] = UNWRAPPED
    used: set[str] = field(default_factory=set)

    def rewrite(self, source: str) -> str:
        """Return the twin of `source`."""
        source = _AWAITABLE_IMPORT.sub("", source)
        for path, replacement in self.modules.items():
            source, count = re.subn(rf"\b{re.escape(path)}\b", replacement, source)
            if count:
                self.used.add(path)
        tokens = [self._token(token) for token in self._unwrap(_without_async(lex(source)))]
        return _with_len(join(tokens))

    def left_over(self, twin: str) -> list[str]:
        """Return the async names that no rule covered, each with its line."""
        found = []
        line = 1
        for token in lex(twin):
            if token.kind == "name" and (token.text in NOT_IN_TWIN or _ASYNC_NAME.fullmatch(token.text)):
                found.append(f"line {line}: {token.text}")
            line += token.text.count("\n")
        return found

    def unused(self) -> list[str]:
        """Return the rules that nothing used."""
        return sorted({*self.names, *self.modules, *self.unwrapped} - self.used)

    def _token(self, token: Token) -> Token:
        if token.kind == "name":
            return Token("name", self._name(token.text))
        if token.kind in ("string", "comment"):
            return Token(token.kind, self._text(token))
        return token

    def _name(self, name: str) -> str:
        if name in self.names:
            self.used.add(name)
            return self.names[name]
        return self.classes.get(name, name)

    def _text(self, token: Token) -> str:
        """Rename classes in any text; take `await` out of what is code in it."""
        text = _ARTICLE.sub(self._article, token.text)
        text = re.sub(r"\w+", lambda match: self._known(match.group()), text)
        prefix = _PREFIX.match(text)
        if prefix and "f" in prefix.group().lower():
            return _AWAIT_IN_CODE.sub("", text)
        return _CODE_IN_TEXT.sub(lambda match: _AWAIT_IN_CODE.sub("", match.group()), text)

    # before:  an `AsyncRun`
    # after:   a `Run`
    def _article(self, match: re.Match[str]) -> str:
        article, between, name = match.groups()
        return f"{article if self._name(name)[0] in 'AEIOU' else article[0]}{between}{name}"

    def _known(self, word: str) -> str:
        if word.startswith("Async") or word == "aclose":
            return self._name(word)
        return word

    # before:  job: Callable[[], Awaitable[T]]
    # after:   job: Callable[[], T]
    def _unwrap(self, tokens: list[Token]) -> list[Token]:
        found: list[Token] = []
        index = 0
        while index < len(tokens):
            name = tokens[index].text
            if name in self.unwrapped and _opens(tokens, index + 1):
                self.used.add(name)
                end = _closing(tokens, index + 1)
                found += self._unwrap(tokens[index + 2 : end])
                index = end + 1
            else:
                found.append(tokens[index])
                index += 1
        return found


# before:  async def load(self) -> Run:
#              answer = await get_run(self.gql)
# after:   def load(self) -> Run:
#              answer = get_run(self.gql)
def _without_async(tokens: list[Token]) -> list[Token]:
    found: list[Token] = []
    skip_space = False
    for token in tokens:
        if token.kind == "name" and token.text in ("async", "await"):
            skip_space = True
            continue
        if skip_space and token.kind == "space":
            continue
        skip_space = False
        found.append(token)
    return found


def _opens(tokens: list[Token], index: int) -> bool:
    return index < len(tokens) and tokens[index].text == "["


def _closing(tokens: list[Token], index: int) -> int:
    depth = 0
    for position in range(index, len(tokens)):
        depth += {"[": 1, "]": -1}.get(tokens[position].text, 0)
        if depth == 0:
            return position
    raise ValueError("a bracket is never closed")


# before:  class AsyncRuns:
#              async def count(self) -> int: ...
# after:   class Runs:
#              def count(self) -> int: ...
#
#              def __len__(self) -> int:
#                  return self.count()
def _with_len(twin: str) -> str:
    lines = twin.splitlines(keepends=True)
    for node in sorted(_counted(ast.parse(twin)), key=lambda found: -(found.end_lineno or 0)):
        indent = " " * node.col_offset
        end = node.end_lineno or 0
        lines[end:end] = [
            "\n",
            f"{indent}def __len__(self) -> int:\n",
            f'{indent}    """Return `count()`."""\n',
            f"{indent}    return self.count()\n",
        ]
    return "".join(lines)


def _counted(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """Yield the `count` methods that take nothing, of classes without a length of their own."""
    for owner in ast.walk(tree):
        if not isinstance(owner, ast.ClassDef):
            continue
        methods = {node.name: node for node in owner.body if isinstance(node, ast.FunctionDef)}
        count = methods.get("count")
        if count is not None and "__len__" not in methods and len(count.args.args) == 1:
            yield count
