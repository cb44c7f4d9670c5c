"""The text sets that the student learns from. Names start with their language; no evaluation string is in any of them."""

import collections
import functools
import itertools
import random
import re

import templates
from settings import SEED
from sources import HAN, allowed, characters, chinese_words, esco, recruiting_pairs, wordpieces

STOP = frozenset(
    "a an the of to and or in on for with by from at as is are be this that these those their its it they such using use including which other etc not "
    "into also can may any all who well between within under after before during about through his her has have was were been will than then so if but".split()
)


def zh_words():
    words = [word for word, _, _ in chinese_words() if 2 <= len(word) <= 6][:150000]
    return words + [character for character, _ in characters()[:8000]]


def zh_phrases():
    """Chains of 2 to 6 frequent words: nonsense as sentences, but the teachers say what their words mean together."""
    draw = random.Random(SEED + 1)
    frequent = [(word, count) for word, count, _ in chinese_words() if 2 <= len(word) <= 4][:30000]
    words, totals = [word for word, _ in frequent], list(itertools.accumulate(count**0.5 for _, count in frequent))
    return ["".join(draw.choices(words, cum_weights=totals, k=draw.choice([2, 2, 2, 3, 3, 4, 5, 6]))) for _ in range(60000)]


@functools.cache
def esco_sentences():
    """Sentences of all ESCO descriptions, at most 300 characters each."""
    occupations, skills = esco()
    parts = (part[:300] for record in occupations + skills for part in re.split(r"(?<=[.;])\s+", record.description))
    return [part for part in parts if len(part) > 20]


def zh_lines():
    from anchors import field_words  # late, because anchors.py reads the word sets of this file

    return templates.zh_lines(field_words())


def esco_words(text):
    return re.findall(r"[a-z0-9+#'-]+", text.lower())


@functools.cache
def esco_counts():
    """How often each word occurs in ESCO's labels and descriptions."""
    occupations, skills = esco()
    return collections.Counter(word for record in occupations + skills for text in [*record.labels, record.description] for word in esco_words(text))


def en_words():
    return wordpieces()[0] + [word for word, count in esco_counts().items() if count >= 2 and re.match(r"^[a-z0-9+#'-]{2,}$", word)]


def en_ngrams():
    """Runs of 2 to 4 words that occur at least four times in ESCO and neither start nor end with a stop word."""
    occupations, skills = esco()
    counts = collections.Counter()
    for record in occupations + skills:
        for clause in [*record.labels, *re.split(r"[.;:,()]", record.description)]:
            words = esco_words(clause)
            for size in (2, 3, 4):
                for start in range(len(words) - size + 1):
                    gram = words[start : start + size]
                    if gram[0] not in STOP and gram[-1] not in STOP and len(set(gram)) == size:
                        counts[" ".join(gram)] += 1
    return [gram for gram, count in counts.most_common(45000) if count >= 4]


def en_labels():
    """Job titles of ESCO, and 40,000 pieces of 2 to 6 words of its glued skill labels."""
    draw = random.Random(SEED + 2)
    occupations, skills = esco()
    titles, pieces = {label for record in occupations for label in record.labels}, set()
    for record in skills:
        words = record.labels[0].lower().split()
        while words:
            size = draw.choice([2, 3, 3, 4, 5, 6])
            pieces.add(" ".join(words[:size]))
            words = words[size:]
    return sorted(titles) + draw.sample(sorted(pieces - titles), 40000)


SETS = {
    "zh_words": zh_words,
    "zh_phrases": zh_phrases,
    "zh_lines": zh_lines,
    "zh_templates": lambda: [zh for zh, _ in templates.parallel()],
    "zh_pairs": lambda: [zh for zhs, _ in recruiting_pairs() for zh in zhs],
    "en_words": en_words,
    "en_ngrams": en_ngrams,
    "en_labels": en_labels,
    "en_sentences": esco_sentences,
    "en_lines": lambda: templates.en_lines(en_ngrams()[:15000]),
    "en_templates": lambda: [en for _, en in templates.parallel()],
    "en_pairs": lambda: [en for _, ens in recruiting_pairs() for en in ens],
}


@functools.cache
def texts(name):
    """The set without evaluation strings; without repeats too, except for the templates, whose two languages stay row by row together."""
    kept = [text for text in SETS[name]() if allowed(text)]
    return kept if name.endswith("templates") else list(dict.fromkeys(kept))
