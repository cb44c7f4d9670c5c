"""Teacher vectors of every text set, kept as float16 files."""

import hashlib
import json
import sys
import time

import numpy as np

from settings import CACHE
from teachers import teacher
from texts import SETS, texts


def digest(rows):
    """Names a list of texts: files made from it carry this, so that a changed list is worked on again."""
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]


def vectors(teacher_name, set_name, rows=None):
    """float32 [texts, width] for a set of texts.py, or for `rows` under that name."""
    rows = texts(set_name) if rows is None else rows
    file = CACHE / "vectors" / f"{teacher_name}.{set_name}.{digest(rows)}.npy"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        started = time.time()
        encoded = teacher(teacher_name)(rows).astype(np.float16)
        unfinished = file.with_suffix(".part.npy")
        np.save(unfinished, encoded)
        unfinished.rename(file)
        print(f"{teacher_name} {set_name}: {len(rows)} texts, {time.time() - started:.0f} s", flush=True)
    return np.load(file).astype(np.float32)


def own_teacher(set_name):
    """The one-language teacher of a set."""
    return "bge-" + set_name[:2]


if __name__ == "__main__":
    for name in sys.argv[1:] or SETS:
        for encoder in ("use", own_teacher(name)):
            vectors(encoder, name)
