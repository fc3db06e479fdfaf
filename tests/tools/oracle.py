#!/usr/bin/env python3
"""What a correct pipeline counts in a file of calls: the second opinion of the end-to-end tests.

usage: oracle.py [--json] [--radio-code FILE] KIND FILE

KIND is what is counted:
  total        all records
  category     per original_crime_type_name
  hour         per original_crime_type_name and 60-minute window of call_date_time (UTC): the window's start
  description  per original_crime_type_name and description, disposition joined LEFT with the radio codes

FILE is a JSON array, JSON lines or CSV. Lines are tab-separated, sorted, the count last; NULL is \\N, and tab, line
feed and backslash are escaped as in TSV. --json prints the same as one array of arrays, NULL as null. Whole numbers
only: nothing here rounds.
"""
import argparse
import collections
import csv
import datetime
import json
import os
import sys

HOUR_S = 3600
EPOCH = datetime.datetime(1970, 1, 1)
TIME_FORM = "%Y-%m-%dT%H:%M:%S.%f"
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RADIO_CODE = os.path.join(ROOT, "data", "radio_code.json")


def csv_time(text):
    for form in ("%Y-%m-%dT%H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y"):
        try:
            return datetime.datetime.strptime(text, form).strftime("%Y-%m-%dT%H:%M:%S.000")
        except ValueError:
            pass
    return text


def read_csv(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        aliases = {"original_crimetype_name": "original_crime_type_name", "call_dttm": "call_date_time"}
        names = [name.lower().replace(" ", "_") for name in next(rows)]
        names = [aliases.get(name, name) for name in names]
        for row in rows:
            record = dict(zip(names, row))
            record["call_date_time"] = csv_time(record["call_date_time"])
            yield record


def read(path):
    """The records of a file, as dictionaries."""
    if path.lower().endswith(".csv"):
        return read_csv(path)
    with open(path, encoding="utf-8-sig") as file:
        text = file.read()
    if text.lstrip().startswith("["):
        return json.loads(text)
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def window_start(text):
    """The beginning of the hour that a time falls into, or None for what is no time."""
    try:
        delta = datetime.datetime.strptime(text, TIME_FORM) - EPOCH
    except (TypeError, ValueError):
        return None
    seconds = delta.days * 86400 + delta.seconds
    start = EPOCH + datetime.timedelta(seconds=seconds - seconds % HOUR_S)
    return start.strftime("%Y-%m-%d %H:%M:%S")


def total(records):
    return {(): sum(1 for _ in records)}


def category(records):
    return collections.Counter((record.get("original_crime_type_name"),) for record in records)


def hour(records):
    counts = collections.Counter()
    for record in records:
        start = window_start(record.get("call_date_time"))
        if start is not None:  # window(NULL) is no window: the row is not counted
            counts[(record.get("original_crime_type_name"), start)] += 1
    return counts


def description(records, radio_code=RADIO_CODE):
    texts = collections.defaultdict(list)
    for row in read(radio_code):
        texts[row["disposition_code"]].append(row["description"])
    counts = collections.Counter()
    for record in records:
        for text in texts.get(record.get("disposition"), [None]):
            counts[(record.get("original_crime_type_name"), text)] += 1
    return counts


KINDS = {"total": total, "category": category, "hour": hour, "description": description}


def sorted_rows(counts):
    """Rows (key..., count), NULL first."""
    return [(*key, counts[key])
            for key in sorted(counts, key=lambda key: [(part is not None, part or "") for part in key])]


def tsv(value):
    if value is None:
        return "\\N"
    return str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="one JSON array instead of lines")
    parser.add_argument("--radio-code", default=RADIO_CODE, metavar="FILE")
    parser.add_argument("kind", choices=sorted(KINDS), metavar="KIND", help=", ".join(sorted(KINDS)))
    parser.add_argument("file", metavar="FILE")
    args = parser.parse_args()
    records = read(args.file)
    if args.kind == "description":
        counts = description(records, args.radio_code)
    else:
        counts = KINDS[args.kind](records)
    rows = sorted_rows(counts)
    if args.json:
        json.dump(rows, sys.stdout)
        print()
    else:
        for row in rows:
            print("\t".join(tsv(value) for value in row))


if __name__ == "__main__":
    main()
