#!/bin/bash
# brokers: embedded
# What the producer makes of files: cut, empty, missing, CRLF, JSON lines, stdin, limits; exit 0 only when all was
# acknowledged.
. tests/e2e/lib.sh
sample=data/police-department-calls-for-service.json
broker_start 2

send=("$BIN/sf-producer" -b "$BROKERS" -t "$TOPIC")
count() { "$BIN/sf-consumer" -b "$BROKERS" -t "$TOPIC" --from-beginning --exit-on-end 2>/dev/null | wc -l; }

head -c 100000 "$sample" >"$work/cut.json"
whole=$(grep -c '^    }' "$work/cut.json")
gives 'a cut file: exit 1 with offset and line' 1 'byte [0-9,]+.*line [0-9]+|line [0-9]+.*byte [0-9,]+' "${send[@]}" "$work/cut.json"
check 'everything whole before the cut was sent' test "$(count)" -eq "$whole"

gives 'a missing file' 2 'nosuch\.json.*No such file' "${send[@]}" "$work/nosuch.json"
gives 'a directory' 2 'irectory' "${send[@]}" "$work"
: >"$work/empty.json"
gives 'an empty file: nothing sent, a warning' 0 'WARN.*empty|empty' "${send[@]}" "$work/empty.json"
echo '[]' >"$work/none.json"
gives 'an empty array: nothing sent, a warning' 0 'no record|0 records|empty' "${send[@]}" "$work/none.json"
echo '[{"a": 1}, {"a": tru}]' >"$work/bad.json"
gives 'damage names the line' 1 'line 1' "${send[@]}" "$work/bad.json"
gives 'an unknown option' 2 'unknown|unrecognized|invalid' "${send[@]}" --nosuch "$sample"
gives 'no broker' 3 '127\.0\.0\.1:1[^0-9]' "$BIN/sf-producer" -b 127.0.0.1:1 -t "$TOPIC" --conf 'sf.broker.timeout=1 second' "$sample"
gives 'missing topic names the topic' 1 'no\.such\.topic' "$BIN/sf-producer" -b "$BROKERS" -t no.such.topic --conf 'sf.broker.timeout=3 seconds' "$sample"

before=$(count)
sed 's/$/\r/' "$sample" | head -c 200000 | "$PYTHON" -c 'import sys; t = sys.stdin.read(); i = t.rindex("    },"); print(t[:i] + "    }\r\n]")' >"$work/crlf.json"
crlf=$(grep -c '^    }' "$work/crlf.json")
check 'CRLF' "${send[@]}" "$work/crlf.json"
check 'CRLF: all records' test $(($(count) - before)) -eq "$crlf"
before=$(count)
printf '{"a": 1}\n\n{"a":2}\n' >"$work/lines.jsonl"
check 'JSON lines' "${send[@]}" "$work/lines.jsonl"
check 'JSON lines: two records' test $(($(count) - before)) -eq 2
before=$(count)
check 'stdin' sh -c "'$BIN/sf-producer' -b '$BROKERS' -t '$TOPIC' - <'$work/lines.jsonl'"
check 'stdin: two records' test $(($(count) - before)) -eq 2
before=$(count)
check '--limit' "${send[@]}" --limit 5 "$sample"
check '--limit: five records' test $(($(count) - before)) -eq 5
before=$(count)
check '--dry-run' "${send[@]}" --dry-run "$sample"
check '--dry-run sends nothing' test "$(count)" -eq "$before"
first='{"crime_id": "'
check 'the wire form is the sample with ", " and ": "' sh -c "'$BIN/sf-consumer' -b '$BROKERS' -t '$TOPIC' --from-beginning --max-messages 1 2>/dev/null | grep -F -q '$first'"
