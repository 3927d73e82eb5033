#!/usr/bin/env python3
"""Writes samples.json: what Python's tiktoken counts in 4,200 texts.

    pip install tiktoken==0.14.0
    python3 samples.py > samples.json

It downloads the vocabularies, or takes them from the folder in TIKTOKEN_CACHE_DIR; it verifies
their SHA-256 in either case. There a vocabulary is a file named by the SHA-1 of its address:

    printf https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken | sha1sum

The texts are not in the file: they are put together from parts.json by chance, and `texts` below
stands once more in src/tiktoken/samples.rs. `checksum` shows that both make the same texts.
"""

import json
import pathlib
import sys

PER_KIND = 420
# The kind of a text, and how many parts it has at most.
KINDS = [
    ("prose", 150),
    ("code", 100),
    ("cjk", 100),
    ("scripts", 60),
    ("emoji", 60),
    ("special", 30),
    ("runs", 3),
    ("numbers", 100),
    ("letters", 200),
    ("ranges", 80),
]
MASK = (1 << 64) - 1


class Chance:
    """SplitMix64."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return (z ^ (z >> 31)) % limit

    def of(self, items):
        return items[self.below(len(items))]


def text(parts, kind, longest, chance):
    length = 1 + chance.below(longest)
    out = []
    for _ in range(length):
        if kind == "runs":
            out.append(chance.of(parts["runs"]) * (1 + chance.below(700)))
        elif kind == "ranges":
            low, high = chance.of(parts["ranges"])
            out.append(chr(low + chance.below(high - low + 1)))
        elif kind == "prose":
            out.append(chance.of(parts["words"]) + chance.of(parts["punctuation"]))
        elif kind == "code":
            out.append(chance.of(parts["code"]) + chance.of(parts["gaps"]))
        elif kind == "cjk":
            out.append(chance.of(parts["cjk"]) + chance.of(parts["cjk_gaps"]))
        elif kind == "scripts":
            out.append(chance.of(parts["scripts"]) + chance.of(parts["script_gaps"]))
        else:
            out.append(chance.of(parts[kind]))
    return "".join(out)


def texts(parts):
    for seed in range(PER_KIND * len(KINDS)):
        kind, longest = KINDS[seed % len(KINDS)]
        yield kind, text(parts, kind, longest, Chance(seed))


def fnv(hash, data):
    for byte in data:
        hash = ((hash ^ byte) * 0x100000001B3) & MASK
    return hash


def main():
    import tiktoken

    parts = json.loads(pathlib.Path(__file__).with_name("parts.json").read_text("utf-8"))
    samples = list(texts(parts))
    checksum = 0xCBF29CE484222325
    for _, sample in samples:
        checksum = fnv(checksum, sample.encode() + b"\xff")
    result = {"checksum": checksum}
    for name in ("o200k_base", "cl100k_base"):
        encoding = tiktoken.get_encoding(name)
        result[name] = [len(encoding.encode_ordinary(sample)) for _, sample in samples]
        special = [sample for kind, sample in samples if kind == "special"]
        result[name + "_special"] = [
            len(encoding.encode(sample, allowed_special="all")) for sample in special
        ]
    lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in result.items())
    print("{\n" + lines + "\n}")
    size = sum(len(sample.encode()) for _, sample in samples)
    print(f"tiktoken {tiktoken.__version__}, {len(samples)} texts, {size:,} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
