"""Pairs of texts that should be near: mined anchors, our list, templates, ESCO titles and descriptions. By kind, with a share of each batch."""

import itertools
import random

from settings import SEED
from sources import allowed, esco, recruiting_pairs
from space import training_anchors
from templates import parallel

SHARES = {"anchors": 0.42, "list": 0.10, "templates": 0.20, "descriptions": 0.14, "titles": 0.14}
BILINGUAL = ("anchors", "list", "templates")


def skill_pieces(draw):
    """(description, piece of its glued labels) and (piece, another piece): rough, but pieces of one skill are about one thing."""
    for record in esco()[1]:
        words = record.labels[0].lower().split()
        if len(words) < 2 or len(record.description) < 20:
            continue
        for _ in range(2):
            first, second = (" ".join(words[start : start + size]) for start, size in ((draw.randint(0, max(0, len(words) - 3)), draw.randint(2, 4)) for _ in range(2)))
            yield "descriptions", record.description, first
            if first != second:
                yield "titles", first, second


def all_pairs():
    """{kind: [(text, text)]} without evaluation strings."""
    draw = random.Random(SEED + 7)
    kinds = {kind: [] for kind in SHARES}
    kinds["anchors"] = training_anchors()
    for chinese, english in recruiting_pairs():
        kinds["list"] += [*itertools.product(chinese, english), *itertools.combinations(chinese, 2), *itertools.combinations(english, 2)]
    kinds["templates"] = parallel()
    for record in esco()[0]:
        titles = record.labels
        kinds["descriptions"] += [(record.description, title) for title in titles[:6]]
        kinds["titles"] += [tuple(draw.sample(titles, 2)) for _ in titles[:8] if len(titles) > 1]
    for kind, left, right in skill_pieces(draw):
        kinds[kind].append((left, right))
    return {kind: [(left, right) for left, right in rows if allowed(left) and allowed(right)] for kind, rows in kinds.items()}
