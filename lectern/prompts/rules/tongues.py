"""Which language a text is in, and the small words of each, which say nothing of what it is about."""

import re
from collections import Counter

from ..languages import script_language

CHINESE = ("中文", "繁體中文")
_LOOKED_AT = 4000  # characters that tell the language
_TRADITIONAL = frozenset(
    "們這個說對時會國來為與學業開關點書長門馬車東風電話見現過還進運動員實發經濟產體萬義無線網術試驗觀歷"
)

_SMALL = {
    "English": (
        "the a an and or but if then than of to in on at by for from with without into over under about as is are was"
        " were be been being it its this that these those there here he she they we you i his her their our your my"
        " me us them who whom which what when where why how not no nor so too very can could will would shall should"
        " may might must do does did done has have had having all any each every both few more most other some such"
        " only own same just also between through during before after above below up down out off again further once"
        ""
        " within ago yet ever never always still well many much one two three four five because while until"
        " although though since per via vs etc am let lets get gets got"
    ),
    "Deutsch": (
        "der die das den dem des ein eine einen einem einer eines und oder aber wenn dann als von zu im in am an auf"
        " bei für aus mit ohne über unter um ist sind war waren sein seine ihr ihre ihren es er sie wir ihr man ich du"
        " nicht kein keine so auch sehr kann können wird werden wurde soll muss hat haben hatte alle jede mehr nur"
        " noch schon durch nach vor zwischen während weil dass wie was wer wo warum zum zur vom beim unser unsere"
        " unseren dieser diese dieses sich bis"
    ),
    "Français": (
        "le la les un une des du de et ou mais si que qui quoi dont où à au aux en dans sur sous par pour avec sans"
        " est sont était être a ont avait il elle ils elles nous vous je tu on ce cet cette ces son sa ses leur leurs"
        " notre nos votre vos mon ma mes ne pas plus très aussi comme plus moins tout tous toute toutes entre pendant"
        " avant après comment pourquoi quand se y l d c s n qu"
    ),
    "Español": (
        "el la los las un una unos unas de del y o pero si que quien cual donde a al en con sin por para sobre bajo"
        " entre es son era ser fue está están ha han había él ella ellos nosotros usted yo tú se su sus nuestro"
        " nuestra nuestros mi mis este esta estos estas eso no ni más muy también como todo todos toda cuando cómo"
        " qué porque desde hasta lo le les ya"
    ),
    "Italiano": (
        "il lo la i gli le un uno una di del della dei delle e o ma se che chi dove a al alla in nel nella con senza"
        " per su sul tra fra è sono era essere ha hanno non più molto anche come questo questa questi queste suo sua"
        " nostro nostra si ci da dal dalla perché quando"
    ),
    "Português": (
        "o a os as um uma uns umas de do da dos das e ou mas se que quem onde ao à em no na nos nas com sem por para"
        " sobre entre é são era ser foi está tem têm não mais muito também como este esta isso seu sua nosso nossa"
        " quando porque até já pelo pela"
    ),
    "Nederlands": (
        "de het een en of maar als dan van naar in op bij voor uit met zonder over onder is zijn was waren wordt"
        " worden niet geen ook zeer kan kunnen moet heeft hebben hij zij wij we je u ik dit dat deze die hun ons onze"
        " door na tussen omdat hoe wat wie waar waarom te er nog"
    ),
}
STOPWORDS = {language: frozenset(words.split()) for language, words in _SMALL.items()}
_ENGLISH_TOO = {"man", "war", "hat", "den", "bald", "art", "son", "plus", "pour", "sans", "main", "come", "sole"}
_TELLING = {  # small words that are none in English, and that a letter behind an apostrophe is not taken for
    language: frozenset(word for word in words - STOPWORDS["English"] - _ENGLISH_TOO if len(word) > 1)
    for language, words in STOPWORDS.items()
} | {"English": STOPWORDS["English"]}
ALL_STOPWORDS = frozenset().union(*STOPWORDS.values())
_LETTERS = {
    "Deutsch": "äöüß",
    "Français": "éèêëàâçîïôœùû",
    "Español": "ñ¿¡áíóú",
    "Português": "ãõçâêá",
    "Italiano": "òùì",
}


def language_of(text: str) -> str:
    """A name of LANGUAGES: by the script, then by small words and special letters; English where nothing tells."""
    start = text[:_LOOKED_AT]
    script = script_language(start)
    if script == "中文" and _is_traditional(start):
        return "繁體中文"
    return script or _of_latin(start.casefold())


def _is_traditional(text: str) -> bool:
    return sum(character in _TRADITIONAL for character in text) * 20 > len(re.findall(r"[\u3400-\u9fff]", text))


def _of_latin(text: str) -> str:
    counts = Counter(re.findall(r"[^\W\d_]+", text))
    scores = {language: sum(counts[word] for word in words) for language, words in _TELLING.items()}
    for language, letters in _LETTERS.items():
        scores[language] += sum(text.count(letter) for letter in letters)
    best = max(scores, key=lambda language: scores[language])  # the first of equals: English
    return best if scores[best] else "English"
