"""Rules about tone: copy does not tell people that they are watched, and does not shout.

They look at the author's words alone: what a product is called, and what a customer wrote of it, is data.
"""

import re
from collections.abc import Iterator
from typing import Final

from mail.lint.finding import Finding
from mail.lint.rule import Rule
from mail.lint.subject import DATA, Mail, shortened

_YOU = r"\byou(?:['\u2019]ve| have|['\u2019]re| were)?"
_NUMBER = r"(?:\d+|twice|two|three|four|five|six|seven|eight|nine|ten|several|many)"
_ZAHL = r"(?:\d+|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|mehrere|viele)"
_SEEN = r"(?:looked|viewed|browsed|visited|clicked|opened|searched|seen|came|come|stopped by|checked|been)"
_GESEHEN = r"(?:angesehen|angeschaut|besucht|angeklickt|geklickt|geöffnet|gesucht|betrachtet|aufgerufen)"

_CREEPY: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_YOU} (?:just |recently |already |been )?(?:looked at|looking at|searched for|clicked|visited)\b",
        rf"{_YOU} (?:just |recently |already |been )?(?:viewed|viewing|browsed|browsing)\b",
        rf"{_YOU} (?:just |recently |already )?(?:opened our|spent (?:time|a while|\d))",
        r"\bwe(?:['\u2019]ve| have)?(?: also| just)? (?:noticed|saw|seen|spotted|observed|detected|tracked|watched)\b",
        r"\bwe (?:can )?(?:see|know) (?:that )?you\b",
        r"\b(?:watching|tracking|following|monitoring) (?:you\b|your (?:visits|views|clicks|activity|every))",
        r"\byour (?:browsing|viewing|click|search)(?:ing)? (?:history|activity|behaviou?r|data|pattern)",
        r"\b(?:since|on|during|from) your (?:last|latest|most recent|recent) (?:visit|session)",
        rf"\b{_NUMBER} (?:visits|views|page ?views|clicks|sessions)\b",
        rf"\byou\b[^.!?]*\b{_SEEN}\b[^.!?]*\b(?:{_NUMBER} times|twice|again and again|repeatedly)\b",
        rf"\bSie (?:haben|hatten)\b[^.!?]*\b{_GESEHEN}\b",
        rf"\bSie\b[^.!?]*\b{_GESEHEN} (?:haben|hatten)\b",
        r"\bSie (?:waren|sind)\b[^.!?]*\b(?:auf unserer Seite|in unserem Shop)\b",
        r"\bwir (?:haben|hatten)\b[^.!?]{0,30}\b(?:bemerkt|gesehen|beobachtet|festgestellt|gemerkt|verfolgt)\b",
        r"\b(?:uns ist|ist uns) (?:nicht entgangen|aufgefallen)\b",
        r"\bwir (?:sehen|sahen|wissen|bemerken|beobachten|verfolgen),? (?:dass |was |wie )?Sie\b",
        rf"\b{_ZAHL} (?:Besuche|Aufrufe|Seitenaufrufe|Ansichten|Klicks|Sitzungen)\b",
        rf"\bSie\b[^.!?]*\b{_ZAHL}[ -]?mal\b[^.!?]*\b{_GESEHEN}\b",
        r"\bIhr(?:em|en|es)? (?:Surf|Klick|Such|Nutzungs)-?verhalten\b",
        r"\b(?:seit|bei) Ihrem (?:letzten|jüngsten) Besuch\b",
    )
)
_LOUD: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:act|order|buy) now\b",
        r"\bclick here\b|\bklicken Sie hier\b",
        r"\b(?:(?<!no )hurry|don['\u2019]t miss|last chance|once in a lifetime|while (?:supplies|stocks) last)\b",
        r"\b(?:limited[- ]time|today only|only today|100 ?% (?:free|satisfied)|risk[- ]free|no obligation)\b",
        rf"{_YOU} (?:won|been selected)\b|\bcongratulations, you\b",
        r"\b(?:jetzt zugreifen|nur heute|nur noch heute|letzte Chance|beeilen Sie sich|schnell sein|nicht verpassen)\b",
        r"\b(?:solange der Vorrat reicht|100 ?% (?:gratis|kostenlos)|Sie haben gewonnen)\b",
    )
)
_CAPITALS = re.compile(r"\b[A-ZÄÖÜ]{4,}\b")
_ABBREVIATIONS: Final = {"CAPTCHA", "HTML", "HTTPS", "IBAN", "ICAL", "ISBN", "NASA", "SEPA", "UNESCO", "USPS", "VISA"}
# Without the two stars that ratings are drawn with.
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u2604\u2607-\u27bf\u2b50\u2b55\ufe0f]")


def _creepy(mail: Mail) -> Iterator[Finding]:
    for line in _lines(mail):
        for pattern in _CREEPY:
            if found := pattern.search(line):
                yield Finding(
                    about=found[0].lower(),
                    wrong=f"It says {shortened(found[0], 60)!r}: copy must not tell people what we saw them do.",
                    quoted=shortened(line),
                    remedy="Speak of the interest instead: “If you are choosing a lamp”.",
                )
                break


def _loud(mail: Mail) -> Iterator[Finding]:
    for line in _lines(mail):
        if problem := _shouts(line):
            yield Finding(
                about=problem,
                wrong=f"It shouts: {problem}.",
                quoted=shortened(line),
                remedy="Say it calmly; loud words also lead into the spam folder.",
            )


def _shouts(line: str) -> str | None:
    if "!" in line:
        return "an exclamation mark"
    if found := _EMOJI.search(line):
        return f"the emoji {found[0]}"
    capitals = [word for word in _CAPITALS.findall(line) if word not in _ABBREVIATIONS]
    if capitals:
        return f"{capitals[0]!r} in capitals"
    pushy = next((found[0] for pattern in _LOUD if (found := pattern.search(line))), None)
    return f"{pushy!r}" if pushy else None


def _lines(mail: Mail) -> tuple[str, ...]:
    subject, preheader, lines = mail.copy
    return tuple(line for line in (subject, preheader, *lines) if line.strip(DATA))


CREEPY = Rule("not-creepy", "Its words speak of interest, and never of what somebody was seen doing.", _creepy)
LOUD = Rule("no-shouting", "It does not shout: no capitals, exclamation marks, emoji or pushing words.", _loud)
