"""Upper reference: the teachers themselves, and the space the student learns, on the sets of eval/embed. Same tasks and measures as eval/embed.ts.

Usage: compare.py [--fresh]. The fresh set is left out unless asked for, because settings must not be chosen by it.
"""

import sys

import numpy as np

from settings import EVALUATION
from sources import HAN
from space import Space
from teachers import teacher


def rows(name):
    return [line.split("\t") for line in (EVALUATION / f"{name}.tsv").read_text("utf8").splitlines()]


def tasks(fresh):
    """(name, queries, pool): query i should find pool[i]."""
    for language in ("en", "zh"):
        left, right = zip(*rows(f"synonyms.{language}"))
        yield f"synonyms {language}", left, right
    zh, en = zip(*rows("crosslingual"))
    yield "cross zh>en", zh, en
    yield "cross en>zh", en, zh
    line_zh, line_en, title_zh, title_en, rivals_zh, rivals_en = zip(*rows("lines"))
    pool_zh, pool_en = (list(titles) + [text for cell in cells for text in cell.split(";")] for titles, cells in ((title_zh, rivals_zh), (title_en, rivals_en)))
    for name, lines, pool in (("zh", line_zh, pool_zh), ("en", line_en, pool_en), ("zh>en", line_zh, pool_en), ("en>zh", line_en, pool_zh)):
        yield f"line {name}", lines, pool
    if fresh:
        new_zh, new_en = zip(*rows("fresh"))
        yield "fresh zh>en", new_zh, [*new_en, *en]
        yield "fresh en>zh", new_en, [*new_zh, *zh]


def mean_reciprocal_rank(queries, pool):
    scores = queries @ pool.T
    gold = np.diag(scores)[:, None]
    above, equal = (scores > gold).sum(1), (scores == gold).sum(1) - 1
    return (1 / (1 + above + equal / 2)).mean()


def common_space(space, texts):
    """Texts of either language in the learnt space: a text with a Chinese character is Chinese."""
    languages = np.array(["zh" if any(HAN.match(character) for character in text) else "en" for text in texts])
    found = np.zeros((len(texts), space.axes.shape[1]), np.float32)
    for language in set(languages):
        chosen = np.flatnonzero(languages == language)
        part = [texts[index] for index in chosen]
        found[chosen] = space(str(language), teacher("use")(part), teacher(f"bge-{language}")(part))
    return found


if __name__ == "__main__":
    learnt = Space()
    encoders = {name: teacher(name) for name in ("use", "bge-en", "bge-zh")} | {"learnt space": lambda texts: common_space(learnt, texts)}
    print("MRR".ljust(14), *(name.rjust(12) for name in encoders))
    for name, queries, pool in tasks("--fresh" in sys.argv):
        print(name.ljust(14), *(f"{mean_reciprocal_rank(encode(list(queries)), encode(list(pool))):12.3f}" for encode in encoders.values()))
