#!/usr/bin/env python3
"""Records what Go's regexp and RE2 say of patterns and texts: `record.py [--random N] [--seed S]`.

Prints a table of pattern, text (JSON strings) and verdict: `invalid` where one of the two refuses
the pattern, else `match` or `other` for the whole text, on which both must agree. Needs Go, and
google-re2 from PyPI, which is put into a virtual environment under target/ on the first run.
"""
import argparse
import json
import os
import random
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
VENV = os.path.join(ROOT, "target", "re2-witness")
WHEEL = "google-re2==1.1.20251105"

PATTERNS = r"""
/public
/public/.*
/public(\?.*)?
/api/v[0-9]+/users/[^/]+
.*public$
^/a$
GET|POST
GET
(GET|HEAD)
foo.com
foo\.com
foo\.com(:[0-9]+)?
\Qa.b*c\E
\Qa.b
\Q\E*
a\Q\E*
\Qab\E+
\E
\C
\z
\Z
a\z
\Aa
a\b
\bab\b
\Bab
a\Bb
(?m)^a$
(?m)a$
(?s).
.
(?s)a.b
a.b
[^a]
(?i)k
(?i)[k]
(?i)[^k]
(?i)s
(?i)\w
(?i)\W
(?i)[[:lower:]]
(?i)[[:^lower:]]
(?i)straße
(?i)é
(?i)Σ
(?-i)a
(?i-)a
(?i-s:a.)b
(?i)a(?-i)b
(?i:a)b
(?i:a|B)c
(?U)a+?
(?x)a
(?)a
(?:)
()
(|a)
(a|)
a||b
|
||
a|*
*
+a
?
a*
a**
a*?
a*??
a+*
a?+
a++
a{2}
a{2,}
a{2,3}
a{,3}
a{3,2}
a{0}
a{0,0}
a{1000}
a{1001}
a{02}
a{2
a{2,x}
a{99999999999}
a{2}{3}
(?:a{2}){3}
(?:a{10}){100}
(?:a{10}){101}
(?:(?:a{10}){10}){10}
(?:a*){1000}
^*
$+
\b*
(?i)*
a(?i)*
(?:
(
)
a)
(a
((a)
[
[]
[]a]
[^]a]
[a-]
[-a]
[a-b-c]
[b-a]
[a-\d]
[\d-z]
[\w.-]+
[[:alpha:]]
[[:word:]]+
[[:^digit:]]
[[:foo:]]
[:alpha:]
[[:alpha:
[a[:digit:]_]+
[\Q]\E]
[\]]
[\b]
[\x41-\x43]
[^\n]
[\s]
[\S]
[a&&b]
[a~~b]
[a--b]
[[a]]
[a[b]
\d+
\D
\s
\S
\w+
\W
\h
\R
\X
\G
\K
\a
\f\n\r\t\v
\_
\-
\/
\ 
\"
\8
\1
(a)\1
\0
\07
\012
\101
\1234
\x41
\x{41}
\x{1F600}
\x{110000}
\x{D800}
\x4
\x{}
\x{4g}
\x{0000000041}
\u0041
\N{DIGIT ONE}
\pN
\pN+
\PN
\p{Greek}
\P{Greek}
\p{^Greek}
\P{^Greek}
\p{greek}
\p{Grek}
\p{Letter}
\p{L}
\p{Lu}
\p{L&}
\p{Any}
\p{Cs}
\p{C}
\p{Cn}
\p{ASCII}
\p{Han}+
\p
\p{
\p{}
\p{L
\pZ
(?i)\p{Lu}
(?i)\P{Lu}
[\p{Lu}\d]+
[^\pL]
(?P<n>a)
(?<n>a)
(?P<n>a)(?P<n>b)
(?P<1>a)
(?P<>a)
(?P<n a>a)
(?P=n)
(?P<n
(?=a)
(?!a)
(?<=a)
(?<!a)
(?>a)
(?#a)
(?|a)
(?R)
a(?:b|c)d
(a+)+b
(a*)*b
(?:a|ab)(?:c|bcd)
\.
a.c
\\
x{0,2}y
日本
[日本]+
.*日.*
(?i)ǆ
\x{212A}
é
e\x{301}
/a%2Fb
/a/[^/]*/c
(/[a-z]+)+
[0-9a-f]{8}-[0-9a-f]{4}
\$
$a
a$b
^^a
a$$
(^a)
(a$)
(a|^b)c
a^b
""".strip("\n").split("\n")

TEXTS = [
    "", "a", "b", "c", "ab", "abc", "aa", "aaa", "aab", "A", "B", "K", "k", "\u212a", "s", "\u017f",
    "S", "\u00e9", "\u00c9", "e\u0301", "stra\u00dfe", "STRA\u1e9eE", "\u03c3", "\u03c2", "\u03a3",
    "\n", "a\n", "\na", "a\nb", " ", "\t", "\u000b", "_", "-", ".", "/", "\\", "$", "]", "[", ":",
    "0", "9", "12", "\u0661", "\u0391", "\u03b1", "\u65e5", "\u65e5\u672c", "\U0001f600", "\u01c5",
    "/public", "/public/", "/public/x", "/public?x=1", "/publicly", "/a", "/a/b", "/a%2Fb",
    "/api/v1/users/7", "/api/v1/users/7/x", "GET", "POST", "get", "GETX", "HEAD", "foo.com",
    "fooXcom", "foo.com:8080", "a.b*c", "a{,3}", "a{2", "a{2,x}", "a{02}", "E", "a\x00b", "\x00",
    "\x07", "\x0c\n\r\t\x0b", "abcd", "y", "xy", "xxy", "xxxy", "acd", "ad", "deadbeef-0123", "\ue000",
    "\u0378", "\u00ad", '"', "maybe/public", "a1", "1a", "^", "ac",
]

ATOMS = [
    "a", "b", "ab", ".", "\\.", "/", "[ab]", "[^a]", "[a-c]", "\\d", "\\w", "\\W", "\\s", "\\pL", "\\PL",
    "[[:alpha:]]", "[[:^alpha:]]", "(?i)", "(?s)", "(?m)", "(?i:a)", "(?-i)", "^", "$", "\\b", "\\B",
    "\\A", "\\z", "(a|b)", "(?:a|)", "()", "|", "\\x41", "\\101", "\\Qa.\\E", "é", "K", "[K-S]", "{", "}",
    "]", "-", "\\-", "[\\w-]", "[^\\d]", "\\p{Greek}", "[\\PLa]", "(", ")", "[", "\\",
]
REPEATS = ["", "", "", "", "*", "+", "?", "*?", "+?", "{2}", "{0,2}", "{1,}", "{0}", "{,2}", "**", "{3}?"]


def random_pattern(chance):
    parts = [chance.choice(ATOMS) + chance.choice(REPEATS) for _ in range(chance.randint(1, 6))]
    pattern = "".join(parts)
    return f"(?:{pattern}){chance.choice(REPEATS)}" if chance.random() < 0.3 else pattern


def random_text(chance):
    if chance.random() < 0.3:
        return chance.choice(TEXTS)
    return "".join(chance.choice("aabbcAK\u212a\u017f.\n/é1_ \u03b1-") for _ in range(chance.randint(0, 7)))


def pairs(arguments):
    if not arguments.random:
        chance = random.Random(1)
        for pattern in PATTERNS:
            for text in chance.sample(TEXTS, 10):
                yield pattern, text
        # Each pattern also meets the texts that it was written for.
        for pattern in PATTERNS:
            for text in TEXTS:
                yield pattern, text
        return
    chance = random.Random(arguments.seed)
    for _ in range(arguments.random):
        pattern = random_pattern(chance)
        for _ in range(5):
            yield pattern, random_text(chance)


def witness():
    """The module of RE2, from its own virtual environment."""
    python = os.path.join(VENV, "bin", "python")
    if not os.path.exists(python):
        run = dict(check=True, stdout=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", VENV], **run)
        subprocess.run([python, "-m", "pip", "install", "--quiet", WHEEL], **run)
    if os.path.realpath(sys.prefix) != os.path.realpath(VENV):
        os.execv(python, [python, os.path.abspath(__file__), *sys.argv[1:]])
    import re2

    return re2


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--random", type=int, default=0, help="so many random patterns")
    options.add_argument("--seed", type=int, default=1)
    arguments = options.parse_args()
    re2 = witness()
    quiet = re2.Options()
    quiet.log_errors = False
    asked = list(dict.fromkeys(pairs(arguments)))
    lines = "".join(json.dumps(pair) + "\n" for pair in asked)
    go = subprocess.run(
        ["go", "run", "."], cwd=HERE, input=lines, stdout=subprocess.PIPE, text=True, check=True
    ).stdout.split()
    assert len(go) == len(asked), "an answer for each pair"
    kept = {}
    print("# pattern, text, verdict of Go's regexp and RE2; written by tools/re2/record.py")
    for (pattern, text), of_go in zip(asked, go):
        try:
            compiled = re2.compile(pattern, quiet)
            verdict = "match" if compiled.fullmatch(text) else "other"
        except re2.error:
            verdict = "invalid"
        if of_go == "invalid" or verdict == "invalid":
            verdict = "invalid"
        elif verdict != of_go:
            print(f"differ: {pattern!r} {text!r}: RE2 {verdict}, Go {of_go}", file=sys.stderr)
            continue
        # Of the fixed list, all matches and a few others of each pattern are enough.
        seen = kept.setdefault((pattern, verdict), 0)
        if not arguments.random and seen >= {"match": 12, "other": 4, "invalid": 1}[verdict]:
            continue
        kept[(pattern, verdict)] = seen + 1
        print(json.dumps(pattern), json.dumps(text), verdict, sep="\t")


if __name__ == "__main__":
    main()
