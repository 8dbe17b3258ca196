"""Say in the chat's language why an article was flagged or not: the assessment keeps its reason in English. Pure."""

import re

from bot.telegram.markup import one_line
from bot.telegram.strings import N_, Translator

_FAMILIES = {  # what a headline resembles, as `rules/gazetteer/vetoes.yaml` names it
    "sport": N_("sport"),
    "software supply chain": N_("software supply chain"),
    "software feature": N_("software"),
    "food chips": N_("food"),
    "strike other": N_("other strikes"),
    "stock tip": N_("stock tips"),
    "earnings": N_("company earnings"),
    "job advert": N_("job adverts"),
    "explainer": N_("explainers"),
    "opinion": N_("opinion"),
    "promotion": N_("advertising"),
    "consumer": N_("consumer news"),
    "statistics": N_("statistics"),
    "personal": N_("personal news"),
    "war": N_("war reports"),
    "crime": N_("crime reports"),
}
_CLAUSES = (  # as `bot.analysis.assessment.decide_flag` words them
    (re.compile(r"looks like (?P<what>.+)"), N_("it looks like {what}")),
    (re.compile(r"official instrument from a tier-1 source"), N_("official instrument from a tier-1 source")),
    (re.compile(r"the classifier is sure"), N_("the classifier is sure")),
    (re.compile(r"rule “(?P<rule>.+)” supports it"), N_("rule “{rule}” supports it")),
    (
        re.compile(r"probability (?P<percent>\S+) is below the threshold of (?P<threshold>\S+)"),
        N_("probability {percent} is below the threshold of {threshold}"),
    ),
    (re.compile(r"probability (?P<percent>\S+)"), N_("probability {percent}")),
)


def reason_words(reason: str, words: Translator, limit: int = 200) -> str:
    """Give an assessment's reason in the language of `words`; a clause that is not known stays as it is."""
    return one_line("; ".join(_clause(clause, words) for clause in reason.split("; ")), limit)


def _clause(clause: str, words: Translator) -> str:
    for pattern, text in _CLAUSES:
        found = pattern.fullmatch(clause)
        if found is not None:
            values = found.groupdict()
            if "what" in values:
                values["what"] = words.t(_FAMILIES.get(values["what"], values["what"]))
            return words.t(text, **values) if values else words.t(text)
    return clause
