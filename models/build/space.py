"""The common space that the student learns: [multilingual teacher ; English teacher, or Chinese teacher turned onto it], reduced to DIM axes.

The Chinese teacher is turned by an orthogonal map (Schönemann, 1966) fitted on mined anchors, our pair list and half of the templates.
"""

import functools

import numpy as np

from anchors import anchors
from encode import own_teacher, vectors
from settings import ANCHOR_COSINE, DIM, USE_WEIGHT
from sources import recruiting_pairs
from teachers import unit
from texts import SETS, texts

FIT_COSINE = 0.55  # for the map, many rough anchors beat few good ones


def bge_by_text(names):
    found = {}
    for name in names:
        for text, row in zip(texts(name), vectors(own_teacher(name), name)):
            found.setdefault(text, row)
    return found


class Space:
    def __init__(self):
        english = np.concatenate([vectors("bge-en", name)[::2] for name in ("en_words", "en_ngrams", "en_labels", "en_sentences", "en_pairs")])
        self.english_mean = english.mean(0)
        self.fit_map()
        sample = np.concatenate([self.joined(name[:2], vectors("use", name)[::4], vectors(own_teacher(name), name)[::4]) for name in SETS])
        strength, axes = np.linalg.eigh(sample.T @ sample)
        self.axes = axes[:, ::-1][:, :DIM].astype(np.float32)
        print(f"space: {DIM} axes hold {strength[::-1][:DIM].sum() / strength.sum():.3f} of the variance")

    def fit_map(self):
        chinese, english = bge_by_text(["zh_pairs", "zh_words"]), bge_by_text(["en_pairs", "en_words", "en_ngrams"])
        rows = [(chinese[zh], english[en], 1.0) for zh, en in anchors(FIT_COSINE)]
        rows += [(chinese[zhs[0]], unit(sum(english[en] for en in ens)), 5.0) for zhs, ens in recruiting_pairs()]
        rows += [(zh, en, 1.0) for zh, en in zip(vectors("bge-zh", "zh_templates")[::2], vectors("bge-en", "en_templates")[::2])]
        source, target, weight = np.stack([row[0] for row in rows]), np.stack([row[1] for row in rows]), np.float32([row[2] for row in rows])[:, None]
        self.chinese_mean = (source * weight).sum(0) / weight.sum()
        left, _, right = np.linalg.svd((unit(source - self.chinese_mean) * weight).T @ unit(target - self.english_mean), full_matrices=False)
        self.turn = (left @ right).astype(np.float32)

    def joined(self, language, use, bge):
        """[n, 512 + 384] before reduction."""
        own = unit(bge - self.english_mean) if language == "en" else unit((bge - self.chinese_mean) @ self.turn)
        return np.concatenate([USE_WEIGHT * unit(use), own], axis=1)

    def __call__(self, language, use, bge):
        """Unit target vectors [n, DIM] from the two teachers' vectors of n texts of one language ('zh' or 'en')."""
        return unit(self.joined(language, use, bge) @ self.axes)

    @functools.cache
    def targets(self, name):
        return self(name[:2], vectors("use", name), vectors(own_teacher(name), name))


def training_anchors():
    """The cleaner part of the mined anchors, good enough to be pairs in training."""
    return anchors(ANCHOR_COSINE)
