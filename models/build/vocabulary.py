"""Builds the tokenizer: a Hugging Face Unigram model whose scores are log frequencies, so that the most likely split into known words wins.

Text is NFKC-normalised and lower-cased; runs of Chinese characters and of [a-z0-9+#] are words, everything else is dropped. Id 0 is [UNK].
"""

import collections
import math

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

import templates
from settings import CACHE, CHARACTERS, CHINESE_WORDS, ENGLISH_WORDS, TAILS
from sources import HAN, LATIN_WORD, characters, chinese_words, recruiting_pairs, wordpieces
from texts import esco_counts

CHARACTER_PENALTY = -2.5  # one word beats its characters
RARE_TERM = math.log(1e-7)  # a term of our list that the dictionary lacks
TAIL, LATIN_CHARACTER = -17.0, -12.0  # last resorts for unknown Latin words


def chinese_scores():
    scores = {}
    total = sum(count for _, count in characters())
    for character, count in characters()[:CHARACTERS]:
        scores[character] = math.log(count / total) + CHARACTER_PENALTY
    words = [(word, count) for word, count, _ in chinese_words() if len(word) > 1]
    total = sum(count for _, count in words)
    for word, count in [row for row in words if len(row[0]) <= 4][:CHINESE_WORDS]:
        scores[word] = math.log(count / total)
    for term in (term for terms, _ in recruiting_pairs() for term in terms if HAN.match(term)):
        scores.setdefault(term, RARE_TERM)
    return scores


def english_shares():
    """Word -> share, half general (WordPiece ids are in frequency order: Zipf's law instead of counts), half from our field (ESCO, list, templates)."""
    field = collections.Counter({word: count for word, count in esco_counts().items() if LATIN_WORD.fullmatch(word)})
    for terms, weight in [(english, 20) for _, english in recruiting_pairs()] + [([english], 1) for _, english in templates.parallel()]:
        for word in (word for term in terms for word in LATIN_WORD.findall(term.lower())):
            field[word] += weight
    shares = collections.Counter()
    words, _ = wordpieces()
    harmonic = sum(1 / (rank + 2.7) for rank in range(len(words)))
    for rank, word in enumerate(words):
        shares[word] += 0.5 / (rank + 2.7) / harmonic
    total = sum(field.values())
    for word, count in field.items():
        if count >= 4:
            shares[word] += 0.5 * count / total
    return shares


def english_scores():
    scores = {word: math.log(share) for word, share in sorted(english_shares().items(), key=lambda row: (-row[1], row[0]))[:ENGLISH_WORDS]}
    for tail in [tail for tail in wordpieces()[1] if tail not in scores][:TAILS]:
        scores[tail] = TAIL
    return scores | {character: LATIN_CHARACTER for character in "abcdefghijklmnopqrstuvwxyz0123456789+#"}


def build():
    """The tokenizer, also saved in the cache folder."""
    scores = chinese_scores() | english_scores()
    rows = [(token, round(score, 2)) for token, score in sorted(scores.items(), key=lambda row: (-row[1], row[0]))]
    tokenizer = Tokenizer(models.Unigram([("[UNK]", 0.0), *rows], 0, False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("[一-鿿]+|[a-z0-9+#]+"), "removed", invert=True)
    tokenizer.save(str(CACHE / "tokenizer.json"), pretty=False)
    return tokenizer, [0.0, *(score for _, score in rows)]
