"""Broken specs made from good ones: tokens dropped, doubled, swapped, lines moved, bytes and odd characters put in."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

ODD = ["\x00", "\u202e", "\ud800", "\ufeff", "\u2028", "ß", "ſ", "\r", "\t", "\x1b[31m", "{", "}", "(", ")", '"', "#", ",", "..", "-", "- ", " -3", "%", "yd/s", "1e9",
       "999999999999999999999", "if ", "else ", "not ", "and ", "or ", "==", "=", "<", "\n", "\n\n", "{\n", "}\n", "use \"mage.spec\"\n", "stacks", "owner.", "buff.", "0"]  # fmt: skip
TOKEN = re.compile(r"\w[\w.]*|\"[^\"\n]*\"|\s+|\S")


def mutated(texts: list[str], *, count: int, seed: int) -> Iterator[str]:
    """`count` mutations of the texts, the same for the same seed."""
    rng = random.Random(seed)
    parts = [TOKEN.findall(text) for text in texts]
    for _ in range(count):
        tokens = list(rng.choice(parts))
        start = rng.randrange(len(tokens))
        tokens = tokens[start : start + rng.choice((40, 200, 2000))] if rng.random() < 0.5 else tokens
        for _ in range(rng.choice((1, 1, 2, 5, 20))):
            if not tokens:
                break
            at = rng.randrange(len(tokens))
            kind = rng.randrange(7)
            if kind == 0:
                del tokens[at : at + rng.choice((1, 1, 3, 30))]
            elif kind == 1:
                tokens.insert(at, rng.choice(ODD))
            elif kind == 2:
                tokens[at] = rng.choice(rng.choice(parts))
            elif kind == 3:
                other = rng.randrange(len(tokens))
                tokens[at], tokens[other] = tokens[other], tokens[at]
            elif kind == 4:
                tokens[at:at] = tokens[at : at + rng.choice((1, 5, 50))]
            elif kind == 5:
                word = tokens[at]
                place = rng.randrange(len(word) + 1)
                tokens[at] = word[:place] + chr(rng.choice((rng.randrange(32, 127), rng.randrange(0x3000)))) + word[place + rng.randrange(2) :]
            else:
                source = rng.choice(parts)
                begin = rng.randrange(len(source))
                tokens[at:at] = source[begin : begin + rng.choice((3, 20, 100))]
        yield "".join(tokens)
