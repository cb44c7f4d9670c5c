"""The table before training: each token's own teacher vector, weighted by how rare the token is."""

import numpy as np

from sources import HAN
from teachers import teacher
from texts import texts

SMOOTHING = 3e-4  # a / (a + p) of smooth inverse frequency weights (Arora et al., 2017)
CHARACTER_WEIGHT = 8  # a single character is taken as this many times more common: it says less than a word


def first_table(space, tokens, scores):
    """float32 [tokens, DIM] for the tokens and log frequencies of the vocabulary; row 0, the unknown token, is zero."""
    vectors = {}
    for name in ("zh_words", "zh_pairs", "en_pairs", "en_words", "en_ngrams"):
        for text, row in zip(texts(name), space.targets(name)):
            vectors.setdefault(text, row)
    missing = [token for token in tokens[1:] if token not in vectors]
    chinese, other = [token for token in missing if HAN.match(token)], [token for token in missing if not HAN.match(token)]
    for language, rows in (("zh", chinese), ("en", other)):
        if rows:
            vectors.update(zip(rows, space(language, teacher("use")(rows), teacher(f"bge-{language}")(rows))))
    vectors[tokens[0]] = np.zeros_like(vectors[tokens[1]])
    frequency = np.exp(scores) * [CHARACTER_WEIGHT if len(token) == 1 else 1 for token in tokens]
    return (np.stack([vectors[token] for token in tokens]) * (SMOOTHING / (SMOOTHING + frequency))[:, None]).astype(np.float32)
