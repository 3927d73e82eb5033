#!/usr/bin/env python3
"""What counting.rs measures, with Python's tiktoken on one thread.

    pip install tiktoken==0.14.0
    python3 counting.py

For the vocabularies see ../tests/tiktoken/samples.py.
"""

import io
import pathlib
import time

import tiktoken

CHUNK = 2_000
ROUNDS = 10
FOLDERS = ["crates", "examples", "tests/src", "tests/tests", "tests/benches", "tests/golden"]


def files(folder, ending):
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            yield from files(path, ending)
        elif path.suffix == ending:
            yield path


def chunks(ending):
    root = pathlib.Path(__file__).resolve().parents[3]
    result = [b""]
    for folder in FOLDERS:
        for path in files(root / folder, ending):
            for line in io.BytesIO(path.read_bytes()):
                if len(result[-1]) + len(line) > CHUNK:
                    result.append(b"")
                result[-1] += line
    return [chunk.decode() for chunk in result]


def main():
    prompt = pathlib.Path(__file__).with_name("prompt.txt").read_text(encoding="utf-8")
    for kind, texts in [("prompt", [prompt]), ("prose", chunks(".md")), ("code", chunks(".rs"))]:
        size = sum(len(text.encode()) for text in texts)
        for name in ("o200k_base", "cl100k_base"):
            encoding = tiktoken.get_encoding(name)
            repeats = max(1, 100_000 // size)  # a round takes long enough to be timed
            rounds = []
            for _ in range(ROUNDS):
                start = time.perf_counter()
                for _ in range(repeats):
                    tokens = sum(len(encoding.encode_ordinary(text)) for text in texts)
                rounds.append((time.perf_counter() - start) / repeats)
            middle = sorted(rounds)[ROUNDS // 2]
            print(f"{kind}/{name}: {tokens} tokens in {size} bytes, {size / middle / 1e6:.1f} MB/s")


if __name__ == "__main__":
    main()
