"""How common a word or field value is in trade news, to choose the rarest as index key. Pure.

Only the order matters, and only for speed: a wrong guess costs evaluations, never matches. The figures are rough
shares of articles in thousandths, set by hand from reading trade news.
"""

from typing import Final

_CLASSES: Final = {
    900: (
        "the a an of to in and for on at by with from as is was it its that this be are were has have had will "
        "would not but or said says which their they he she we you i s more than after also about new over up out "
        "been who when what where all one two other some could can may into first last year years no if so there "
        "his her our us"
    ),
    300: (
        "china chinese trade government exports export company companies market world global united states "
        "american president minister country countries percent billion million week month monday tuesday wednesday "
        "thursday friday according officials official including between against under because while since told "
        "reported report supply production products industry business economic economy foreign international "
        "national state states price prices import imports goods demand policy part time day today march april "
        "june july october november"
    ),
    120: (
        "tariff tariffs ban bans controls control restrictions sanctions deal talks chips chip semiconductor "
        "technology tech washington beijing trump biden european europe eu russia russian japan korea south north "
        "taiwan india security commerce ministry department licence license rules rule list measures measure "
        "energy oil gas port ports shipping ships shipments ship plant factory workers strike law court agreement "
        "announced plan plans impose imposed military defence defense war materials mining metals steel aluminium "
        "aluminum manufacturing manufacturers suppliers supplier chain chains advanced equipment data ai "
        "artificial intelligence sale sales block halt halts cut cuts raise raises tighten eases ease lift lifts "
        "suspend suspends restrict curb curbs"
    ),
    40: (
        "rare earths earth minerals critical entity nvidia huawei tsmc asml samsung intel apple iran quota quotas "
        "shortage disruption suez canal hormuz red sea houthi nexperia lithium nickel cobalt copper battery "
        "batteries licences licenses exporters blacklist investment screening cfius smuggling indictment fire "
        "earthquake"
    ),
}
_KNOWN: Final = {word: share for share, text in reversed(_CLASSES.items()) for word in text.split()}
_FIELDS: Final = {
    "topic": 60,
    "direction": 250,
    "stage": 200,
    "severity": 200,
    "probability": 950,
    "issuer": 60,
    "target": 60,
    "goods": 15,
    "source": 20,
    "publisher": 20,
    "tier": 300,
    "publishers": 950,
    "lang": 500,
    "age": 950,
}
_DEFAULT: Final = 4  # a word that is in no class: names, numbers, codes
_ENGLISH: Final = 800  # of any hundred articles, most are in English


def commonness(key: str) -> float:
    """Return about how many of 1,000 articles carry the index key `key`."""
    name, colon, value = key.partition(":")
    if colon:
        if value == "*":
            return 700
        if name == "title":
            return commonness(value) / 5
        if key == "lang:en":
            return _ENGLISH
        return _FIELDS.get(name, 3)
    if key[:1] == "=":
        return 5
    if key[-1:] == "*":
        return {2: 500, 4: 60}.get(len(key) - 1, 15)
    if key[:1] == "~":
        return 10 if len(key) > 4 else 100
    known = _KNOWN.get(key)
    if known is not None:
        return known
    return 700 if len(key) == 1 and key.isascii() else _DEFAULT if len(key) > 1 else 30
