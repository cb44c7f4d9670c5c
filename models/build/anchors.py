"""Mines translation pairs: words of the two languages that are nearest to each other in the multilingual teacher's space.

Score: cross-domain similarity local scaling (Conneau et al., 2018, 'Word translation without parallel data'), 2 cos(z, e) - r(z) - r(e), where r is the mean
cosine to the nearest neighbours on the other side; it keeps a few words that are near to everything from winning everywhere.
"""

import functools
import json

import numpy as np

from encode import digest, vectors
from settings import CACHE, SEED
from sources import HAN, chinese_words
from teachers import unit
from texts import STOP, esco_counts, texts

CHINESE, WIDTH, BLOCK = 60000, 256, 2048
SAMPLE, NEAREST = 6000, 4


def first_vectors(names, limit=None):
    """{text: row} over several sets; the first set that has a text gives its vector."""
    found = {}
    for name in names:
        for text, row in zip(texts(name)[:limit], vectors("use", name)[:limit]):
            found.setdefault(text, row)
    return found


def crowding(rows, others):
    """Mean cosine of each row to its nearest few in a sample of the other side."""
    return np.concatenate([np.sort(np.partition(block @ others.T, -NEAREST, axis=1)[:, -NEAREST:], axis=1).mean(1) for block in np.array_split(rows, 16)])


def mine():
    """[(Chinese, English, cosine, mutual)]: the best partner of every word of either side."""
    chinese = {text: row for text, row in first_vectors(["zh_pairs", "zh_words"], CHINESE).items() if len(text) > 1 and HAN.match(text)}
    english = first_vectors(["en_pairs", "en_words", "en_ngrams"])
    z, e = np.stack(list(chinese.values())), np.stack(list(english.values()))
    z, e = z - z.mean(0), e - e.mean(0)
    _, axes = np.linalg.eigh(np.cov(np.concatenate([z, e]).T))
    z, e = unit(z @ axes[:, -WIDTH:].astype(np.float32)), unit(e @ axes[:, -WIDTH:].astype(np.float32))
    draw = np.random.RandomState(SEED)
    crowd_z = crowding(z, e[draw.choice(len(e), SAMPLE, replace=False)])
    crowd_e = crowding(e, z[draw.choice(len(z), SAMPLE, replace=False)])
    to_english, to_chinese, best = np.zeros(len(z), np.int64), np.zeros(len(e), np.int64), np.full(len(e), -np.inf, np.float32)
    for start in range(0, len(z), BLOCK):
        score = 2 * z[start : start + BLOCK] @ e.T - crowd_z[start : start + BLOCK, None] - crowd_e
        to_english[start : start + BLOCK] = score.argmax(1)
        row = score.argmax(0)
        top = score[row, np.arange(len(e))]
        better = top > best
        best[better], to_chinese[better] = top[better], row[better] + start
    pairs = {(i, j) for i, j in enumerate(to_english)} | {(i, j) for j, i in enumerate(to_chinese)}
    names_z, names_e = list(chinese), list(english)
    return [(names_z[i], names_e[j], round(float(z[i] @ e[j]), 4), bool(to_english[i] == j and to_chinese[j] == i)) for i, j in sorted(pairs)]


@functools.cache
def mined():
    names = [texts(name) for name in ("zh_pairs", "zh_words", "en_pairs", "en_words", "en_ngrams")]
    file = CACHE / f"anchors.{digest(names)}.json"
    if not file.exists():
        file.write_text(json.dumps(mine(), ensure_ascii=False), "utf8")
    return json.loads(file.read_text("utf8"))


def anchors(least):
    """[(Chinese, English)]: mutual partners with cosine of at least `least`, one-sided ones 0.15 above it."""
    return [(chinese, english) for chinese, english, cosine, mutual in mined() if cosine >= least + (0 if mutual else 0.15)]


def field_words():
    """jieba rows of Chinese words whose English partner is made of words frequent in ESCO: the vocabulary of work, without any dictionary."""
    common = {word for word, count in esco_counts().items() if count >= 20} | STOP
    field = {chinese for chinese, english in anchors(0.55) if common.issuperset(english.split())}
    return [row for row in chinese_words() if row[0] in field and 2 <= len(row[0]) <= 4]


if __name__ == "__main__":
    rows = anchors(0.55)
    print(len(rows), "anchors, for example", rows[:: len(rows) // 12])
