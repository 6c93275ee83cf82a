"""How large a spec may be. A spec is data from a stranger: each limit is checked before the work it bounds."""

from __future__ import annotations

FILE_BYTES = 1 << 20
TOKENS = 100_000
NESTING = 64  # braces and parentheses together; also the branches of one `if` ... `else if` chain
OPERATORS = 100  # in one line
NAME_CHARACTERS = 64  # of each part of a dotted name
NUMBER_DIGITS = 18
TEXT_CHARACTERS = 200
ERRORS = 100
SPELLS = 256
AURAS = 512
LINES = 1000  # in one rotation
INCLUDES = 64
SCENES = 256  # of an encounter: how often anything changes in it
PROFILE_BYTES = 256 * 1024
PROFILE_NESTING = 8
PROFILE_DOTS = 16  # dots in one line of a profile outside strings
OPTION_VALUE = 1e6  # of an option of a profile that does not say `up_to`
