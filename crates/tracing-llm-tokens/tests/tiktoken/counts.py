#!/usr/bin/env python3
"""Writes counts.json: what Python's tiktoken counts.

    pip install tiktoken==0.14.0
    python3 counts.py > counts.json

It downloads the vocabularies, or takes them from the folder in
TIKTOKEN_CACHE_DIR; it verifies their SHA-256 in either case.

Ordinary encoding: what looks like a special token is text. `repeat` stands for
a text that is too long to write down: [unit, times].
"""

import json
import sys

import tiktoken

# The first four are the examples of OpenAI's cookbook, "How to count tokens with tiktoken".
TEXTS = [
    "tiktoken is great!",
    "antidisestablishmentarianism",
    "2 + 2 = 4",
    "お誕生日おめでとう",
    "",
    " ",
    "\n",
    "\r\n\r\n",
    "Say hello to the world",
    "Hello world",
    "user: Say hello to the world",
    "A span is a period of time; an event is a moment in time.",
    "It's we'll they've I'd you're don't IT'S WE'LL",
    "snake_case camelCase PascalCase SCREAMING_CASE kebab-case HTTPServer2Go",
    "fn main() {\n    println!(\"{:?}\", vec![1, 2, 3]);\n}\n",
    "def f(x):\n\treturn x ** 2  # square\n\n\n",
    "<div class=\"row\">\n        <p>&nbsp;</p>\n</div>",
    '{"name": "search", "arguments": {"query": "span", "top_k": 10}}',
    "SELECT id, name FROM users WHERE created_at > '2026-11-22T10:00:00Z';",
    "0 1 12 123 1234 12345 1234567890 3.14159 1e-9 0xdeadbeef 1,234,567.89",
    "https://docs.rs/tracing/latest/tracing/struct.Span.html#method.in_scope",
    "你好，世界。今天天气怎么样？",
    "人工智能正在改变我们的生活方式",
    "한국어 텍스트를 토큰으로 나눕니다.",
    "Съешь же ещё этих мягких французских булок, да выпей чаю",
    "नमस्ते दुनिया",
    "مرحبا بالعالم",
    "שלום עולם",
    "สวัสดีชาวโลก",
    "Příliš žluťoučký kůň úpěl ďábelské ódy",
    "🙂👍🏽👨‍👩‍👧‍👦🇩🇪",
    "e\u0301 vs \u00e9, \ufb01 ligature, zero\u200bwidth, nbsp\u00a0here, ideographic\u3000space",
    "<|endoftext|>",
    "before <|im_start|>system<|im_sep|> after <|fim_prefix|>",
    "trailing spaces   \n   leading spaces\t\ttabs \r\n mixed \n\n\n",
    "!!! ... --- === /// \\\\\\ ~~~ ``` '''",
    "dGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZw==",
    "\x00\x01\x1b[31mred\x1b[0m\x7f",
]

REPEATS = [
    [" ", 1000],
    ["a", 1000],
    ["\n", 1000],
    ["ab1 ", 500],
    ["The quick brown fox jumps over the lazy dog. ", 200],
    ["你好，世界。", 300],
    ["=", 1000],
    # Longer than one piece: cut, and counted as the whole.
    ["The quick brown fox jumps over the lazy dog.\n", 20_000],
    ["你好，世界。", 20_000],
    ["0123456789abcdef", 20_000],
]


def main():
    encodings = {name: tiktoken.get_encoding(name) for name in ("o200k_base", "cl100k_base")}

    def counts(text):
        return {name: len(encoding.encode_ordinary(text)) for name, encoding in encodings.items()}

    cases = [{"text": text, **counts(text)} for text in TEXTS]
    cases += [{"repeat": repeat, **counts(repeat[0] * repeat[1])} for repeat in REPEATS]
    lines = ",\n".join("  " + json.dumps(case) for case in cases)
    print(f"[\n{lines}\n]")
    print(f"tiktoken {tiktoken.__version__}, {len(cases)} cases", file=sys.stderr)


if __name__ == "__main__":
    main()
