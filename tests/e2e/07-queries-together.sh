#!/bin/bash
# brokers: embedded kafka
# Three queries in one process: each with its own batches and checkpoint, tables that do not interleave, one stop for
# all.
. tests/e2e/lib.sh
input=data/police-department-calls-for-service.json
broker_start 3
check 'produce' produce "$input"
config "$work/many.properties" "$SQL_CATEGORY" 'source.calls.maxOffsetsPerTrigger = 500'
cat >>"$work/many.properties" <<END
query.hour.sql = $SQL_HOUR
query.hour.outputMode = complete
query.hour.trigger = availableNow
query.hour.option.numRows = 1000000
query.hour.option.truncate = false
query.hour.option.title = true
query.hour.checkpointLocation = $work/hour.checkpoint
query.city.sql = SELECT city, min(call_date_time) AS first, max(crime_id) AS last, avg(CAST(agency_id AS INT)) AS mean FROM calls WHERE city <> '' GROUP BY city
query.city.outputMode = update
query.city.trigger = once
query.city.checkpointLocation = $work/city.checkpoint
END
process "$work/many.properties" --progress-file "$work/progress.jsonl" >"$work/out" 2>"$work/err" </dev/null
check 'all end well' test $? -eq 0
"$PYTHON" - "$work" >"$work/verdict" 2>&1 <<'END'
import json, re, sys
work = sys.argv[1]
rows = [json.loads(line) for line in open(work + "/progress.jsonl")]
for name in ("q", "hour", "city"):
    mine = [r for r in rows if r["name"] == name and "addBatch" in r["durationMs"]]
    assert [r["batchId"] for r in mine] == list(range(len(mine))), name
    assert sum(r["numInputRows"] for r in mine) == 2000, name
assert len([r for r in rows if r["name"] == "city"]) == 1
# Every table stands in one piece: between a head and the next there is exactly one header.
text = open(work + "/out").read()
blocks = re.split(r"-{43}\nBatch: \d+\n-{43}\n", text)[1:]
for block in blocks:
    assert block.startswith("+"), block[:80]
    lines = block.split("\n")
    width = len(lines[0])
    body = [line for line in lines if line.startswith(("|", "+"))]
    assert all(len(line) == width for line in body), block[:300]
END
check 'batches and tables stay apart' sh -c "cat '$work/verdict'; [ ! -s '$work/verdict' ]"
for dir in many hour city; do check "checkpoint $dir" test -f "$work/$dir.checkpoint/commits/0"; done
