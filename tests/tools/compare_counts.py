#!/usr/bin/env python3
"""Hold the last table that sf-processor printed (or GET /api/v1/table gave) against the oracle.

usage: compare_counts.py KIND INPUT OUTPUT

KIND: category, hour, description as in oracle.py; inner: per description, joined INNER. Console tables must be
untruncated (truncate=false, so cells are padded on the right). Exit status 0 when all groups and counts agree.
"""
import collections
import json
import re
import sys

import oracle


def console_rows(text):
    """The rows of the last table. Column edges come from the rule above the header, so that a '|' inside a value does
    no harm."""
    blocks = re.split(r"-{43}\nBatch: \d+\n-{43}\n", text)
    if len(blocks) < 2:
        return None
    lines = blocks[-1].split("\n")
    edges = [i for i, c in enumerate(lines[0]) if c == "+"]
    rows = []
    for line in lines[3:]:
        if not line.startswith("|"):
            break
        rows.append([line[a + 1:b].rstrip(" ") for a, b in zip(edges, edges[1:])])
    return rows


def main():
    kind, path, output = sys.argv[1:]
    records = oracle.read(path)
    if kind == "inner":
        wanted = collections.Counter()
        for (_, text), n in oracle.description(records).items():
            if text is not None:
                wanted[(text,)] += n
    else:
        wanted = oracle.KINDS[kind](records)
    with open(output, encoding="utf-8", errors="surrogateescape", newline="") as file:
        text = file.read()
    if text.startswith("{"):
        rows = [["NULL" if v is None else str(v) for v in row] for row in json.loads(text)["rows"]]
    else:
        rows = console_rows(text)
    if rows is None:
        sys.exit(f"{output} holds no table")
    # The console cannot tell the text NULL from NULL, nor blanks at the end of a value.
    shown = collections.Counter()
    for key, n in wanted.items():
        shown[tuple("NULL" if part is None else part.rstrip(" ") for part in key)] += n
    have = collections.Counter()
    for row in rows:
        have[tuple(row[:-1])] += int(row[-1])
    wrong = [(key, shown[key], have[key]) for key in sorted(set(shown) | set(have)) if shown[key] != have[key]]
    for key, w, h in wrong[:5]:
        print(f"{key}: {h}, wanted {w}")
    if wrong or len(rows) != len(set(map(tuple, (r[:-1] for r in rows)))):
        sys.exit(f"{len(wrong)} of {len(shown)} groups differ")
    if not shown:
        sys.exit("nothing was counted: the comparison proves nothing")


if __name__ == "__main__":
    main()
