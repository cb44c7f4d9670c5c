"""The student: one vector per token; a text is the L2-normalised sum of its tokens' vectors. Forward, gradient and optimiser, by hand."""

import numpy as np
from scipy import sparse


def counts(tokenizer, texts):
    """Sparse [texts, vocabulary]: how often each token is in each text; unknown tokens (id 0) do not count."""
    ids = [[token for token in row.ids if token] for row in tokenizer.encode_batch(list(texts), add_special_tokens=False)]
    starts = np.cumsum([0, *map(len, ids)])
    flat = np.fromiter((token for row in ids for token in row), np.int64, starts[-1])
    matrix = sparse.csr_matrix((np.ones(len(flat), np.float32), flat, starts), shape=(len(ids), tokenizer.get_vocab_size()))
    matrix.sum_duplicates()
    return matrix


def forward(rows, table):
    """(unit text vectors, what `backward` needs)."""
    used = np.unique(rows.indices)
    rows = rows[:, used]
    sums = rows @ table[used]
    norms = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-6)
    return sums / norms, (used, rows, sums / norms, norms)


def backward(state, gradient):
    """(token ids, gradient of their rows) from the gradient of the unit text vectors."""
    used, rows, outputs, norms = state
    inner = (gradient - outputs * (gradient * outputs).sum(1, keepdims=True)) / norms
    return used, rows.T @ inner


class SparseAdam:
    """Adam (Kingma and Ba, 2015) that touches only the rows of the step."""

    def __init__(self, table):
        self.table, self.first, self.second, self.step_number = table, np.zeros_like(table), np.zeros_like(table), 0

    def step(self, used, gradient, rate):
        self.step_number += 1
        first = self.first[used] = 0.9 * self.first[used] + 0.1 * gradient
        second = self.second[used] = 0.999 * self.second[used] + 0.001 * gradient**2
        self.table[used] -= rate * (first / (1 - 0.9**self.step_number)) / (np.sqrt(second / (1 - 0.999**self.step_number)) + 1e-8)
