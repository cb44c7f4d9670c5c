"""Trains the token table. Each step: (a) texts towards their teachers' vectors, loss 1 - cosine; (b) pairs towards each other, away from the other
pairs of the batch (symmetric InfoNCE, van den Oord et al., 2018), with a pull to the teacher's vector of the English side."""

import collections
import time

import numpy as np
from scipy import sparse

import vocabulary
from first_table import first_table
from settings import BATCH, CACHE, LEARNING_RATE, SEED, STEPS, TEMPERATURE, WARM_UP
from space import Space
from static_model import SparseAdam, backward, counts, forward
from texts import SETS, texts
from training_pairs import BILINGUAL, SHARES, all_pairs

# How often each text set is drawn.
MIX = {"en_words": 3, "en_ngrams": 2.5, "en_labels": 3, "en_sentences": 3, "en_lines": 1, "en_templates": 1.5, "en_pairs": 0.2,
       "zh_words": 6, "zh_phrases": 2.5, "zh_lines": 1.5, "zh_templates": 2, "zh_pairs": 0.3}
SAME, TEACHER_PULL = 0.95, 0.3

TextSet = collections.namedtuple("TextSet", "tokens targets")
PairSet = collections.namedtuple("PairSet", "left right targets bilingual")


def text_sets(tokenizer, space):
    return [TextSet(counts(tokenizer, texts(name)), space.targets(name)) for name in SETS]


def pair_sets(tokenizer, space):
    """One PairSet per kind; the target is the teacher's vector of the right side where there is one, else zero."""
    known = {text: row for name in SETS if name.startswith("en") for text, row in zip(texts(name), space.targets(name))}
    nothing = np.zeros(space.axes.shape[1], np.float32)
    sets = []
    for kind, rows in all_pairs().items():
        print(f"pairs {kind}: {len(rows)}")
        lefts, rights = zip(*rows)
        targets = np.stack([known.get(right, nothing) for right in rights])
        sets.append(PairSet(counts(tokenizer, lefts), counts(tokenizer, rights), targets, np.full((len(rows), 1), kind in BILINGUAL, np.float32)))
    return sets


def draw(random, sets, shares):
    """One batch over several sets of one kind: the same fields, with BATCH rows each."""
    picks = [(chosen, random.randint(0, chosen[0].shape[0], size)) for chosen, size in zip(sets, random.multinomial(BATCH, shares)) if size]
    columns = zip(*([field[rows] for field in chosen] for chosen, rows in picks))
    return type(sets[0])(*(sparse.vstack(column).tocsr() if sparse.issparse(column[0]) else np.concatenate(column) for column in columns))


def distil(batch, table):
    """(mean cosine, token ids, gradient of their rows)"""
    outputs, state = forward(batch.tokens, table)
    return (outputs * batch.targets).sum(1).mean(), *backward(state, -batch.targets / BATCH)


def softmax(scores, axis):
    shifted = np.exp(scores - scores.max(axis, keepdims=True))
    return shifted / shifted.sum(axis, keepdims=True)


def contrast(batch, table):
    """(loss, token ids, gradient of their rows); the gradient is of TEMPERATURE times the loss, so that its size does not hang on the temperature."""
    outputs, state = forward(sparse.vstack([batch.left, batch.right]).tocsr(), table)
    left, right = outputs[:BATCH], outputs[BATCH:]
    scores = left @ right.T / TEMPERATURE
    alike = batch.targets @ batch.targets.T > SAME  # other pairs whose English side means the same are not negatives
    np.fill_diagonal(alike, False)
    scores[alike] = -50
    weight = (softmax(scores, 1) + softmax(scores, 0)) / 2
    loss = -np.log(np.diag(weight) + 1e-9).mean()
    weight[np.diag_indices(BATCH)] -= 1
    pull = TEACHER_PULL * batch.targets * batch.bilingual
    return loss, *backward(state, np.concatenate([weight @ right - pull, weight.T @ left]) / BATCH)


def train():
    random = np.random.RandomState(SEED)
    tokenizer, scores = vocabulary.build()
    space = Space()
    table = first_table(space, [tokenizer.id_to_token(index) for index in range(len(scores))], scores)
    print(f"table {table.shape}")
    singles, pairs = text_sets(tokenizer, space), pair_sets(tokenizer, space)
    mix, shares = (np.array(values, float) / sum(values) for values in ([MIX[name] for name in SETS], list(SHARES.values())))
    optimiser, started = SparseAdam(table), time.time()
    for step in range(STEPS):
        rate = LEARNING_RATE * min(1, step / WARM_UP) * (1 - step / STEPS) + 1e-5
        cosine, used, gradient = distil(draw(random, singles, mix), table)
        optimiser.step(used, gradient, rate)
        loss, used, gradient = contrast(draw(random, pairs, shares), table)
        optimiser.step(used, gradient, rate)
        if (step + 1) % 400 == 0:
            print(f"step {step + 1}: cosine {cosine:.3f}, contrast {loss:.3f}, {time.time() - started:.0f} s", flush=True)
    np.save(CACHE / "table.npy", table)


if __name__ == "__main__":
    train()
