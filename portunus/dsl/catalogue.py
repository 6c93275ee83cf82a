"""Every code of the front end: what it says in short, a page for who wants to know more, a bad example and a good one.

Examples are tested: the bad one gives the code, the good one does not. `inside` says where an example stands: in the spec of `SAMPLE`,
or as a file of its own. Examples too large to print are abridged (`abridged`); the tests build them in full.
"""

from __future__ import annotations

from portunus.dsl import limits
from portunus.dsl.records import dataclass

# A small but complete specialisation; `%EXAMPLE%` takes the lines of an example.
SAMPLE = """\
ruleset small "A small ruleset" {
  gcd 1.5s floor 1s
  race human { spirit 1 }
  stat spell_power bonus.spell_power
  let spell_miss 4%
  let spell_hit 0
  let spell_crit 10%
  let spell_crit_suppression 0
  let resist_full 1
  let resist_tenth 0
  let spell_haste 1
  resource mana "Mana" {
    base 1000
    maximum 5000
    tick 2s casting 10 resting 20 rest_after 5s
  }
}
class wizard "Wizard" {
  ruleset small
  resource mana
  talents fire { ignite 5 }
  glyph bolt 10
  option armor 1
}
spec sample "Sample" {
  class wizard
  behaviour 1
  spell bolt "Bolt" {
    id 1   school fire   additive 5% * glyph.bolt * option.armor
    cast 2s   cost 10% * base_mana   cooldown 3s
    on cast { damage 10..20 + spell_power }
  }
  spell blaze "Blaze" {
    id 2   school fire
    on cast { strike { apply burn } }
  }
  aura burn on target "Burn" {
    id 3   school fire   ticks 4   every 3s
    tick_damage 5
  }
  aura rage "Rage" {
    id 4   duration 10s
  }
  on hit of bolt { chance 10% { apply rage } }
  rotation default {
    blaze if dot.burn.down
    bolt
  }
%EXAMPLE%
}
"""


@dataclass(frozen=True)
class Rule:
    """A code of the front end.

    Attributes:
        code: `PT` and three digits. 0xx text, 1xx lines, 2xx files, 3xx words, 4xx names, 5xx values, 6xx warnings.
        short: What it says, in one line.
        page: Why it is so, and what to do.
        bad: An example that has it.
        good: The example, mended.
        inside: "spec" or "file".
        abridged: The examples only hint at what the tests build in full.
        safe: `portunus check --fix` may do its repairs, see `repair.py`.
    """

    code: str
    short: str
    page: str
    bad: str
    good: str
    inside: str = "spec"
    abridged: bool = False
    safe: bool = False

    @property
    def severity(self) -> str:
        """"error", or "warning" for the 6xx codes."""
        return "warning" if self.code.startswith("PT6") else "error"


_LIMITS = "A spec may come from a stranger, so its size is limited before any work is done on it."

RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in (
        Rule("PT001", "The file cannot be read.", "The path is wrong, or the file may not be read by you.", "portunus check nowhere.spec", "portunus check specs/wotlk/mage_fire.spec", "file", True),
        Rule("PT002", "The file is not UTF-8 text.", "Specs are UTF-8. Save the file with that encoding.", "# caf\\xe9 in Latin-1", "# café in UTF-8", "file", True),
        Rule("PT003", f"The file is larger than {limits.FILE_BYTES} bytes.", _LIMITS + " Split the file and join the parts with `use`.", "# two million characters", 'use "part.spec"', "file", True),
        Rule("PT004", f"The file has more than {limits.TOKENS} tokens.", _LIMITS + " Split the file and join the parts with `use`.", "a a a a a a ...", 'use "part.spec"', "file", True),
        Rule("PT005", f"Brackets, blocks or branches are nested more than {limits.NESTING} deep.", _LIMITS + " Name inner parts with `let`.", "let x ((((((((...1))))))))", "  let x (1 + 2)", "spec", True),
        Rule("PT006", f"A name has more than {limits.NAME_CHARACTERS} characters.", "Names appear in reports, in the addon and on the overlay; shorten it.", f"  let {'a' * 65} 1", "  let short 1"),
        Rule("PT007", f"A number has more than {limits.NUMBER_DIGITS} digits.", "No quantity of the game needs that many; more could not be computed exactly.", "  let x 1234567890123456789", "  let x 123456789"),
        Rule("PT008", "An invisible character.", "Control characters, direction marks and the like can make a text look other than it is. Delete it.", "  let x 1 # a\u202eb", "  let x 1 # ab", safe=True),
        Rule("PT009", "A character that means nothing here.", "The language uses letters, digits, `+ - * / ( ) { } , . ..`, comparisons, straight double quotes and `#`. Signs of other languages and of typesetting are named with what to write instead.", "  let x 1;", "  let x 1", safe=True),
        Rule("PT010", "A text has no closing quote.", "A text begins and ends with `\"` on one line.", '  spell ice "Ice {\n    id 5\n  }', '  spell ice "Ice" {\n    id 5\n  }', safe=True),
        Rule("PT011", f"A line has more than {limits.OPERATORS} operators.", _LIMITS + " Name parts of the expression with `let`.", "let x 1 + 1 + 1 + 1 + ...", "  let x 1 + 1", "spec", True),
        Rule("PT012", f"More than {limits.SPELLS} spells, {limits.AURAS} auras, or {limits.LINES} lines in a rotation.", "A state of the fight holds all spells and auras, and each line is compared with those above it; more would be too slow.", "spell a1 { ... } spell a2 { ... } ...", '  spell a1 "A" { id 1 }', "spec", True),
        Rule("PT013", f"More than {limits.INCLUDES} files are used.", _LIMITS, 'use "1.spec" use "2.spec" ...', 'use "1.spec"', "file", True),
        Rule("PT014", "There is no such unit.", "Units stand directly after the number: `%`, `ms`, `s`, `min`, `h`, `yd`, `yd/s`.", "  let x 3sec", "  let x 3s", safe=True),
        Rule("PT015", "A name has capital letters.", "Names are lower case with underscores, so that nobody must remember which way they are written.", "  let Power 1", "  let power 1", safe=True),
        Rule("PT016", f"A text has more than {limits.TEXT_CHARACTERS} characters.", "Texts are names for readers. Longer explanations are comments.", f'  property "{"a" * 201}" mana >= 0', '  property "a" mana >= 0'),
        Rule("PT017", f"More than {limits.ERRORS} errors.", "Only the first are shown; later ones often follow from them.", "( \\n ( \\n ( ...", "  let x (1)", "spec", True),
        Rule("PT018", f"An encounter changes more than {limits.SCENES} times.", _LIMITS + " Each time at which enemies come or go, or a window opens or closes, is a change.", 'encounter a "A" {\n  duration 600s   enemies 1\n  movement from 1s to 2s every 2s\n}', 'encounter a "A" {\n  duration 600s   enemies 1\n  movement from 1s to 2s every 10s\n}', "file"),
        Rule("PT101", "Something unexpected.", "A line is words and values side by side, perhaps `if` and a condition, perhaps a block in braces.", "  let x 1 +", "  let x 1 + 1", safe=True),
        Rule("PT102", "A bracket is never closed.", "Each `{` needs a `}`, each `(` a `)`. The indentation shows which one was probably meant.", "  let x (1 + 2", "  let x (1 + 2)"),
        Rule("PT103", "A bracket closes nothing.", "There is a `}` or `)` too many, or its partner is missing before it.", "  let x 1 + 2)", "  let x (1 + 2)"),
        Rule("PT201", "A used file cannot be read.", "`use` names a file relative to the file it stands in.", 'use "nowhere.spec"', "# nothing used", "file"),
        Rule("PT202", "`use` leaves the folder of the specs.", "A spec may come from a stranger; it reads only files below the folder `specs` (or its own folder).", 'use "/etc/passwd"', "# nothing used", "file"),
        Rule("PT203", "Files use each other.", "A file cannot be read before itself. Move what both need into a third file.", 'use "main.spec"', "# nothing used", "file", True),
        Rule("PT301", "There is no such word here.", "Each kind of block knows its own words; `docs/language.md` lists them.", "  spell ice { id 5   csat 2s }", "  spell ice { id 5   cast 2s }", safe=True),
        Rule("PT302", "A word lacks something it needs.", "Each word takes certain arguments in a certain order; `docs/language.md` lists them.", "  add 5 spell_power", "  add 5 to spell_power", safe=True),
        Rule("PT303", "Something is given twice.", "Two values for one thing contradict each other. Keep one.", "  spell ice { id 5   cast 2s   cast 3s }", "  spell ice { id 5   cast 2s }", safe=True),
        Rule("PT304", "A name is defined twice, or has a meaning of its own.", "Spells, auras, groups and pets share one set of names; so do statistics.", "  aura bolt { id 5   duration 3s }", "  aura bolted { id 5   duration 3s }"),
        Rule("PT305", "Something necessary is missing.", "The message says what is needed and why.", "  spell ice { cast 2s }", "  spell ice { id 5   cast 2s }"),
        Rule("PT306", "A block is missing, or stands where none can.", "Words such as `spell`, `aura`, `on`, `chance` and `rotation` need a block in braces; others take none.", '  spell ice "Ice"', '  spell ice "Ice" { id 5 }', safe=True),
        Rule("PT307", "A condition stands where none can.", "Lines of a rotation, `modify`, `autocast` and `tick_crits` may end in `if`. Effects are put into an `if` block instead.", "  spell ice { id 5   cast 2s if mana > 5 }", "  spell ice { id 5   cast 2s   requires mana > 5 }", safe=True),
        Rule("PT308", "A value is out of range.", "A chance lies between 0% and 100%, a range begins with its smaller bound, ids are positive.", "  on hit of blaze { chance 50 { apply rage } }", "  on hit of blaze { chance 50% { apply rage } }"),
        Rule("PT309", "Two durations contradict each other.", "A periodic aura lasts `ticks` times `every`: leave `duration` out, or make it agree. In an encounter, what begins ends later, and not after the fight; a global cooldown is not below its floor.", "  aura frost on target { id 5   school frost   ticks 4   every 3s   tick_damage 1   duration 10s }", "  aura frost on target { id 5   school frost   ticks 4   every 3s   tick_damage 1   duration 12s }"),
        Rule("PT310", "The ruleset lacks a statistic.", "The engine reads some statistics by name: chances to miss and crit, partial resists, haste.", 'ruleset tiny "Tiny" {\n  gcd 1.5s\n}', "# no ruleset", "file"),
        Rule("PT311", "A section is missing or given twice.", "A model has one ruleset, one class and one spec.", 'encounter a "A" { duration 9s   enemies 1 }\nencounter b "B" { duration 9s   enemies 1 }', 'encounter a "A" { duration 9s   enemies 1 }', "file"),
        Rule("PT312", "A `let` cannot be added to.", "`stat` defines what talents and gear may change, `let` what nobody may.", "  add 1% to spell_hit", "  add 1 to spell_power"),
        Rule("PT401", "There is no such name.", "The nearest name is suggested. Names must be defined in the spec or a file it uses; resources of the ruleset must be named by the class or the spec.", "  property \"a\" talent.ignit >= 0", "  property \"a\" talent.ignite >= 0"),
        Rule("PT402", "A name of the wrong kind.", "A spell stands where an aura belongs, or the other way round, or a word is none of those that fit.", "  on cast of bolt { apply blaze }", "  on cast of bolt { apply burn }"),
        Rule("PT403", "The wrong prefix for this aura.", "`buff` is for auras on the player, `dot` for ticking ones on an enemy, `debuff` for others on an enemy.", '  property "a" not buff.burn.up', '  property "a" not dot.burn.up', safe=True),
        Rule("PT404", "It has no such part.", "What can be asked depends on the thing: only stacking auras have `stacks`, only limited spells `uses_left`.", '  property "a" buff.rage.stacks >= 0', '  property "a" buff.rage.remains >= 0s'),
        Rule("PT405", "Not known at this place.", "`damage`, `crit` and `spell.cost` are known while a hit is handled; `target.health` only in comparisons; attacks are rolled by spells.", '  property "a" crit', "  on hit of blaze { if crit { apply rage } }", safe=True),
        Rule("PT406", "Definitions need each other.", "Statistics are computed one after another; none may need itself, directly or through others.", "  let a b + 1\n  let b a + 1", "  let a 1\n  let b a + 1"),
        Rule("PT407", "Spells trigger each other without end.", "A triggered spell happens at once, so a circle of them would never stop.", "  spell a { id 5   triggered   on cast { trigger b } }\n  spell b { id 6   triggered   on cast { trigger a } }", "  spell a { id 5   triggered   on cast { trigger b } }\n  spell b { id 6   triggered }"),
        Rule("PT408", "A spell that could be cast without end at one instant.", "A spell without global cooldown and cast time is held back by its cost, its cooldown, its number of uses or a condition; else a fight never goes on.", "  spell free { id 5   gcd none }", "  spell free { id 5   gcd none   cooldown 60s }"),
        Rule("PT501", "Two values that do not go together.", "Times, numbers, distances and conditions are different things: add times to times, compare numbers with numbers.", '  property "a" fight.time >= 5', '  property "a" fight.time >= 5s'),
        Rule("PT502", "A value of the wrong kind.", "Each place takes one kind of value: `cast` a time, `cost` a number, `if` a condition.", "  spell ice { id 5   cast 2 }", "  spell ice { id 5   cast 2s }", safe=True),
        Rule("PT503", "A function has too few or too many arguments.", "The message shows how it is called.", "  let x sqrt(1, 2)", "  let x sqrt(2)"),
        Rule("PT504", "There is no such function.", "There are min, max, sqrt, choose, pick and by_level.", "  let x squareroot(2)", "  let x sqrt(2)"),
        Rule("PT505", "A range cannot stand here.", "A roll `a..b` is made when damage is dealt or a resource gained; elsewhere a fixed value is needed.", "  let x 1..2", "  let x 1.5"),
        Rule("PT506", "Comparisons do not chain.", "`a <= b <= c` is read as comparing a condition with `c`. Say `a <= b and b <= c`.", '  property "a" 0 <= mana <= max_mana', '  property "a" 0 <= mana and mana <= max_mana', safe=True),
        Rule("PT507", "It depends on the fight, but must be fixed before.", "Statistics are computed once, before the fight: from talents, glyphs, options, race and gear.", "  let x 5 * mana", "  let x 5 * max_talent\n  let max_talent talent.ignite"),
        Rule("PT601", "Nothing uses it.", "A spell nobody casts, an aura nobody applies or a statistic nobody reads is often a misspelt name elsewhere.", "  aura calm { id 5   duration 5s }", "  aura calm { id 5   duration 5s }\n  on cast of bolt { apply calm }"),
        Rule("PT603", "A school that may be misspelt.", "Any name is a school; one that a single spell has, spelled almost like one that others have, is probably a slip.", "  spell ice { id 5   school fier   cast 2s   on cast { damage 1 } }", "  spell ice { id 5   school fire   cast 2s   on cast { damage 1 } }"),
        Rule("PT604", "A condition that can never hold, or always does.", "Its parts contradict each other, as in `a and not a`, or it asks for what there cannot be: more stacks than an aura can have, a health below the last phase. Phases begin at 35%, 25% and 20% of the health.", "  rotation other {\n    bolt if mana > 500 and mana < 300\n  }", "  rotation other {\n    bolt if mana > 300 and mana < 500\n  }"),
        Rule("PT602", "A line of a rotation is never reached.", "A line above it always wins, or its condition cannot hold, so it does nothing.", "  rotation other {\n    bolt\n    bolt if mana > 100\n  }", "  rotation other {\n    bolt if mana > 100\n    blaze\n  }"),
    )
}  # fmt: skip


def example_text(rule: Rule, example: str) -> str:
    """An example as a whole file."""
    return example if rule.inside == "file" else SAMPLE.replace("%EXAMPLE%", example)


def page(code: str) -> str:
    """The page of a code, for a terminal."""
    rule = RULES[code]
    mending = "\n`portunus check --fix` mends it where that cannot change what the text means.\n" if rule.safe else ""
    bad, good = ("\n".join("    " + line.removeprefix("  ") for line in text.split("\n")) for text in (rule.bad, rule.good))
    return f"{code} ({rule.severity}): {rule.short}\n\n{rule.page}\n\nThis has it:\n\n{bad}\n\nThis does not:\n\n{good}\n{mending}"
