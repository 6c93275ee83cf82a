"""Reading an edited text again: the tokens of lines that did not change are kept, and the syntax tree of what stands in them.

An editor sends the whole text with every key, and all but a line or two is what it was. The outcome is the same as that of reading all of it anew.
"""

from __future__ import annotations

from bisect import bisect_left
from operator import attrgetter

from portunus.dsl import limits
from portunus.dsl.diagnostics import Problems
from portunus.dsl.lexing import Token, scan
from portunus.dsl.tokens import check_characters, sift
from portunus.source import Source


def tokens_again(source: Source, problems: Problems, before: Source, kept: tuple[Token, ...]) -> list[Token] | None:
    """The tokens of a text as `tokens.lex` gives them; None where only `lex` can say.

    Args:
        source: The text. problems: Takes the findings.
        before: The text it was before, in which nothing was found.
        kept: The tokens of that.
    """
    old, new = before.text.split("\n"), source.text.split("\n")
    shortest = min(len(old), len(new))
    same = next((number for number in range(shortest) if old[number] != new[number]), shortest)
    tail = next((number for number in range(shortest - same) if old[-1 - number] != new[-1 - number]), shortest - same)
    shift = len(new) - len(old)
    # What stands before: whole lines, but the break after them may now be longer.
    first = bisect_left(kept, same + 1, key=attrgetter("line"))
    if first and kept[first - 1].type == "NEWLINE":
        first -= 1
    # What stands after: from the first token of a line on.
    last = bisect_left(kept, len(old) - tail + 1, lo=first, key=attrgetter("line"))
    if last < len(kept) and kept[last].type == "NEWLINE":
        last += 1
    line, column = 1, 1
    if first:
        line, column = kept[first - 1].line, kept[first - 1].end_column
    after = list(kept[last:])
    end = None
    if after:
        if shift:
            after = [Token(token.type, token, token.line + shift, token.column) for token in after]
        end = source.offset(after[0].line, after[0].column)
    check_characters(source, problems)
    middle = sift(scan(source.text, source.offset(line, column), end, line=line, column=column), source, problems)
    tokens = [*kept[:first], *middle, *after]
    return tokens if len(tokens) <= limits.TOKENS else None
