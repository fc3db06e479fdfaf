#!/usr/bin/env python3
"""Print src/sql/unicode_table.inc: Unicode's full case mappings and what the final sigma rule needs, as ranges.

    usage: scripts/make-unicode-tables.py > src/sql/unicode_table.inc

The mappings are Python's own str.upper, str.lower and str.title of one character (SpecialCasing.txt without its
conditional rows); the file says which Unicode version that is (15.1 is that of Python 3.13). Run it again only to move
to a newer one.
"""
import sys
import unicodedata

POINTS = [c for c in range(0x80, 0x110000) if not 0xD800 <= c <= 0xDFFF]


def ranges(mapping):
    """{point: delta} -> [first, last, step, delta]: neighbours with one delta, every one or every second point."""
    out = []
    for c in sorted(mapping):
        if out:
            first, last, step, delta = out[-1]
            gap = c - last
            if delta == mapping[c] and gap in (1, 2) and (step == 0 or step == gap):
                out[-1] = [first, c, gap, delta]
                continue
        out.append([c, c, 0, mapping[c]])
    return [[f, l, s or 1, d] for f, l, s, d in out]


def spans(points):
    out = []
    for c in points:
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def emit(name, kind, rows, form):
    print("static const struct %s %s[] = {" % (kind, name))
    line = "   "
    for row in rows:
        cell = " " + form(row) + ","
        if len(line) + len(cell) > 118:
            print(line)
            line = "   "
        line += cell
    print(line)
    print("};\n")


def mapping(name, convert):
    one, many = {}, []
    for c in POINTS:
        text = convert(chr(c))
        if len(text) > 1:
            many.append([c] + [ord(x) for x in text] + [0] * (3 - len(text)))
        elif ord(text) != c:
            one[c] = ord(text) - c
    emit(name + "_ranges", "case_range", ranges(one), lambda r: "{0x%X, 0x%X, %d, %d}" % tuple(r))
    emit(name + "_special", "case_special", many, lambda r: "{0x%X, {0x%X, 0x%X, 0x%X}}" % tuple(r))


def main():
    print("/* Made by scripts/make-unicode-tables.py from Unicode %s: do not edit. */" % unicodedata.unidata_version)
    print("/* clang-format off */\n")
    mapping("upper", str.upper)
    mapping("lower", str.lower)
    mapping("title", str.title)
    # Python applies the final sigma rule itself: ask it which characters count as cased and which it skips.
    sigma = "\u03A3"
    everything = [c for c in range(1, 0x110000) if not 0xD800 <= c <= 0xDFFF]
    cased = [c for c in everything if (chr(c) + sigma).lower()[-1] == "\u03C2"]
    known = set(cased)
    ignorable = [c for c in everything if c not in known and ("a" + chr(c) + sigma).lower()[-1] == "\u03C2"]
    emit("cased", "point_span", spans(cased), lambda r: "{0x%X, 0x%X}" % tuple(r))
    emit("case_ignorable", "point_span", spans(ignorable), lambda r: "{0x%X, 0x%X}" % tuple(r))
    sys.stdout.write("/* clang-format on */\n")


main()
