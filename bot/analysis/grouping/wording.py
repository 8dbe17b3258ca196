"""Words of a headline as the grouping compares them: folded, stemmed, synonyms made one. Pure.

Two desks report one event in different words ("Beijing curbs", "China restricts"). A small lexicon of the field maps
both to one concept, so that the comparison sees actor, action and object rather than spelling.
"""

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+(?:[.,]\d+)*")
_ABBREVIATION = re.compile(r"\b(?:[A-Za-z]\.\s?){2,4}")
_POSSESSIVE = re.compile(r"['’`]s\b|(?<=s)['’](?=\s|$)|['’](?=[a-z])")
_PRONOUN = re.compile(r"\b[Uu]s\b")  # or every "let us" would name the United States
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3})")
_SITE = re.compile(r"\s+[|–—-]\s+[^|–—-]{2,30}$")  # " - Site name" at the end of a headline

# One concept a line; the first word names it. Stems, since they are compared after stemming.
_ACTORS = """
china chinese beijing prc xi mofcom
us usa american america washington biden trump pentagon ofac
russia russian moscow kremlin putin
uk british britain london
eu european brussels europe bloc
iran iranian tehran irgc
japan japanese tokyo
ukraine ukrainian kyiv kiev zelensky zelenskyy zelenskiy
korea korean seoul
pyongyang dprk
india indian delhi modi
taiwan taiwanese taipei
israel israeli netanyahu
gaza palestinian hamas
yemen yemeni houthi huthi
germany german berlin
france french paris macron
netherlands dutch hague
italy italian rome
spain spanish madrid
poland polish warsaw
hungary hungarian budapest orban
sweden swedish
finland finnish
norway norwegian
denmark danish
switzerland swiss
canada canadian ottawa
mexico mexican
brazil brazilian brasilia lula
argentina argentine
chile chilean
peru peruvian
colombia colombian
panama panamanian
venezuela venezuelan caracas maduro
cuba cuban
australia australian canberra
indonesia indonesian jakarta
malaysia malaysian
vietnam vietnamese hanoi
thailand thai
philippines philippine filipino manila
myanmar burma burmese
bangladesh bangladeshi
pakistan pakistani islamabad
turkey turkish ankara turkiye erdogan
egypt egyptian cairo
saudi riyadh
qatar qatari doha
uae emirati dubai
iraq iraqi baghdad
syria syrian damascus
lebanon lebanese
afghanistan afghan kabul
kazakhstan kazakh
belarus belarusian minsk lukashenko
nigeria nigerian
congo congolese drc
niger nigerien
gabon gabonese
guinea guinean
zimbabwe zimbabwean
kenya kenyan
ethiopia ethiopian
nato
opec
"""
_ACTIONS = """
halt suspend pause stop cease freeze avoid shun skip
restrict curb limit ban bar block prohibit control restriction embargo crackdown clampdown tighten outlaw curtail
ease lift relax waive exempt exemption waiver loosen remove rescind revoke repeal unblock unfreeze
sanction blacklist designate
attack target missile shell
seize capture hijack confiscate impound
purchase buy acquire acquisition takeover
agree deal agreement accord pact truce
talk negotiate negotiation
announce unveil declare launch
plan consider weigh mull propose proposal prepare
probe investigate investigation inquiry
sentence jail prison convict
arrest detain
charge indict indictment
raise hike increase boost
lower cut reduce slash
extend extension prolong renew
expand widen broaden
delay postpone defer
strike walkout stoppage
worker docker dockworker longshore longshoremen employee
shortage scarce shortfall
fire blaze inferno burn
explosion blast explode
quake earthquake
flood flooding
coalition force taskforce armada operation
reroute divert detour
close shut closure shutdown
reopen restart resume
derail derailment
collapse collide collision crash
tariff levy duty
fine penalty
approve adopt pass
reject refuse oppose veto
warn threaten threat vow
retaliate retaliation countermeasure
sue lawsuit
"""
_THINGS = """
ship vessel tanker boat freighter
shipping shipper carrier
firm company business giant
chip semiconductor chipmaker chipmaking
metal mineral
gas lng
oil crude barrel
ev
grain wheat corn
port terminal harbor harbour dock
rail railway railroad train freight
factory plant
law bill legislation
lawmaker senator congressman congress
licence license permit
import importer
export exporter
drone uav
truck lorry trucker
medicine drug pharmaceutical
fertiliser fertilizer
aluminium aluminum
"""
_STOP_WORDS = """
a about after again against all also amid among an and any are as at be because been before being between both but
by can could did do does down during each even ever every for from get give go had has have he her here him his
how i if in into is it its just keep know last latest let like make many may might more most much must my new
news next no not now of off old on one only or other our out over own per report reuters s said same say see set
she should since so some still such take than that the their them then there these they this those through to
today told too top toward under until up upon use update very via was way we week well were what when where
which while who whom whose why will with without would year yet you your month day monday tuesday wednesday
thursday friday saturday sunday january february march april june july august september october november december
"""
_COUNTING = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen twenty
"""
_RANKING = """
zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth
fifteenth sixteenth seventeenth eighteenth nineteenth twentieth
"""
_STOP = frozenset(_STOP_WORDS.split())
# "One" and "first" count nothing in a headline, "second" is a time; from two and third on they do.
_NUMBERS = {word: str(number) for number, word in enumerate(_COUNTING.split()) if number > 1}
_ORDINALS = {word: f"{number}th" for number, word in enumerate(_RANKING.split()) if number > 2}
_ORDINAL = re.compile(r"^(\d+)(?:st|nd|rd|th)$")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")  # scripts that run words together, and Korean
_DOUBLED = re.compile(r"(bb|dd|gg|mm|nn|pp|rr|tt)$")


def stem(word: str) -> str:
    """Cut English inflection off: good enough to compare, not to read. Never raises."""
    if len(word) <= 3 or not word.isascii() or not word.isalpha():
        return word
    for ending, least in (("ies", 4), ("ing", 5), ("ed", 4), ("es", 4), ("s", 3)):
        if word.endswith(ending) and len(word) - len(ending) >= least - 1 and not word.endswith(("ss", "us", "is")):
            word = word[: -len(ending)] + ("y" if ending == "ies" else "")
            break
    if _DOUBLED.search(word):
        word = word[:-1]
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


def _concepts(lexicon: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lexicon.strip().splitlines():
        first, *others = line.split()
        for word in (first, *others):
            found[stem(word)] = stem(first)
    return found


ACTORS = _concepts(_ACTORS)
ACTIONS = _concepts(_ACTIONS)
CONCEPTS = {**_concepts(_THINGS), **ACTORS, **ACTIONS}
ACTOR_NAMES = frozenset(ACTORS.values())
ACTION_NAMES = frozenset(ACTIONS.values())


def fold(text: str) -> str:
    """Bring a text to plain lower case: compatibility forms, accents, possessives and dotted abbreviations undone."""
    text = unicodedata.normalize("NFKC", text)
    text = _ABBREVIATION.sub(lambda hit: hit.group().replace(".", "").replace(" ", "").upper() + " ", text)
    text = _PRONOUN.sub(" ", text)
    text = _THOUSANDS.sub("", _POSSESSIVE.sub("", text))
    spread = unicodedata.normalize("NFKD", text.lower())
    return "".join(sign for sign in spread if not unicodedata.combining(sign))


def words(text: str) -> list[str]:
    """Give the concepts of a text in order; stop words are left out, numbers written as digits.

    Chinese, Japanese and Korean text gives pairs of characters.
    """
    found: list[str] = []
    for word in _WORD.findall(fold(text)):
        if word in _STOP:
            continue
        if _UNSPACED.search(word):
            found.extend(word[start : start + 2] for start in range(max(1, len(word) - 1)))
            continue
        if word in _NUMBERS or word in _ORDINALS:
            found.append(_NUMBERS.get(word) or _ORDINALS[word])
            continue
        ordinal = _ORDINAL.match(word)
        if ordinal:
            found.append(f"{ordinal[1]}th")
            continue
        short = stem(word)
        found.append(CONCEPTS.get(short, short))
    return found


def bare(text: str) -> str:
    """Give the text as a key for near-identical copies: folded words only, without the site's name at the end."""
    return " ".join(_WORD.findall(fold(_SITE.sub("", text))))
