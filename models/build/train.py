"""Trains the token table. Each step: (a) texts towards their teachers' vectors, loss 1 - cosine; (b) pairs towards each other, away from the other
pairs of the batch (symmetric InfoNCE, van den Oord et al., 2018), with a pull to the teacher's vector of the English side."""

import time

import numpy as np
from scipy import sparse

import vocabulary
from settings import BATCH, CACHE, LEARNING_RATE, SEED, STEPS, TEMPERATURE, WARM_UP
from space import Space
from sources import HAN
from static_model import SparseAdam, backward, counts, forward
from teachers import teacher
from texts import SETS, texts
from training_pairs import BILINGUAL, SHARES, all_pairs

MIX = {"en_words": 3, "en_ngrams": 2.5, "en_labels": 3, "en_sentences": 2, "en_windows": 1.5, "en_lines": 1, "en_templates": 1.5, "en_pairs": 0.2,
       "zh_words": 6, "zh_phrases": 2.5, "zh_lines": 1.5, "zh_templates": 2, "zh_pairs": 0.3}
SMOOTHING = 3e-4  # a / (a + p) of smooth inverse frequency weights (Arora et al., 2017)
CHARACTER_WEIGHT = 8  # a single character is taken as this many times more common: it says less than a word
SAME, TEACHER_PULL = 0.95, 0.3


def first_table(space, tokenizer, scores):
    """[vocabulary, DIM]: each token's own teacher vector times its frequency weight."""
    tokens = [tokenizer.id_to_token(index) for index in range(len(scores))]
    known = {}
    for name in ("zh_words", "zh_pairs", "en_pairs", "en_words", "en_ngrams"):
        for text, row in zip(texts(name), space.targets(name)):
            known.setdefault(text, row)
    missing = [token for token in tokens[1:] if token not in known]
    for language, rows in (("zh", [token for token in missing if HAN.match(token)]), ("en", [token for token in missing if not HAN.match(token)])):
        if rows:
            known.update(zip(rows, space(language, teacher("use")(rows), teacher(f"bge-{language}")(rows))))
    frequency = np.exp(scores) * [CHARACTER_WEIGHT if len(token) == 1 else 1 for token in tokens]
    table = np.stack([known.get(token, 0 * known[tokens[1]]) for token in tokens]) * (SMOOTHING / (SMOOTHING + frequency))[:, None]
    table[0] = 0
    return table.astype(np.float32)


def draw_rows(random, shares, sources):
    """Rows of several sources in one batch, each source by its share: [(source, row numbers)]."""
    sizes = random.multinomial(BATCH, shares)
    return [(source, random.randint(0, source[0].shape[0], size)) for source, size in zip(sources, sizes) if size]


def softmax(scores, axis):
    shifted = np.exp(scores - scores.max(axis, keepdims=True))
    return shifted / shifted.sum(axis, keepdims=True)


def contrast(left, right, target, bilingual):
    """Gradients of TEMPERATURE x symmetric InfoNCE and of the teacher's pull, for unit vectors [BATCH, DIM] of both sides."""
    scores = left @ right.T / TEMPERATURE
    alike = target @ target.T > SAME  # other pairs whose English side means the same are not negatives
    np.fill_diagonal(alike, False)
    scores[alike] = -50
    weight = (softmax(scores, 1) + softmax(scores, 0)) / 2
    loss = -np.log(np.diag(weight) + 1e-9).mean()
    weight[np.diag_indices(BATCH)] -= 1
    weight /= BATCH
    return loss, np.concatenate([weight @ right - TEACHER_PULL * target * bilingual / BATCH, weight.T @ left])


def train():
    random = np.random.RandomState(SEED)
    tokenizer, scores = vocabulary.build()
    space = Space()
    table = first_table(space, tokenizer, np.array(scores))
    print(f"table {table.shape}")
    sets = [(counts(tokenizer, texts(name)), space.targets(name)) for name in SETS]
    mix = np.array([MIX[name] for name in SETS], float) / sum(MIX.values())

    known = {text: row for name in SETS if name.startswith("en") for text, row in zip(texts(name), space.targets(name))}
    nothing = np.zeros(table.shape[1], np.float32)
    pairs = []
    for kind, rows in all_pairs().items():
        print(f"pairs {kind}: {len(rows)}")
        target = np.stack([known.get(right, nothing) for _, right in rows])
        pairs.append((counts(tokenizer, [left for left, _ in rows]), counts(tokenizer, [right for _, right in rows]), target, float(kind in BILINGUAL)))
    shares = np.array(list(SHARES.values()))

    optimiser, started, sums = SparseAdam(table), time.time(), np.zeros(2)
    for step in range(STEPS):
        rate = LEARNING_RATE * min(1, step / WARM_UP) * (1 - step / STEPS) + 1e-5
        batch = draw_rows(random, mix, sets)
        target = np.concatenate([source[1][rows] for source, rows in batch])
        output, state = forward(sparse.vstack([source[0][rows] for source, rows in batch]).tocsr(), table)
        optimiser.step(*backward(state, -target / BATCH), rate)
        cosine = (output * target).sum(1).mean()

        batch = draw_rows(random, shares, pairs)
        sides = [sparse.vstack([source[side][rows] for source, rows in batch]) for side in (0, 1)]
        target = np.concatenate([source[2][rows] for source, rows in batch])
        bilingual = np.concatenate([np.full((len(rows), 1), source[3], np.float32) for source, rows in batch])
        both, pair_state = forward(sparse.vstack(sides).tocsr(), table)
        loss, gradient = contrast(both[:BATCH], both[BATCH:], target, bilingual)
        optimiser.step(*backward(pair_state, gradient), rate)

        sums += cosine, loss
        if (step + 1) % 400 == 0:
            print(f"step {step + 1}: cosine {sums[0] / 400:.3f}, contrast {sums[1] / 400:.3f}, {time.time() - started:.0f} s", flush=True)
            sums[:] = 0
    np.save(CACHE / "table.npy", table)


if __name__ == "__main__":
    train()
