#!/bin/bash
# brokers: kafka
# More records than librdkafka queues, and many small batches: every record is counted once, and no batch waits for one
# of librdkafka's own timers (a queue that was full is looked at once a second in 2.0.2). Times are printed, not judged:
# the machine may be busy. With SF_LONG set it takes 2,000,000 records in 10,000 batches.
. tests/e2e/lib.sh
tool() { "$TOOLS/kafka_tool" -b "$BROKERS" "$@"; }
broker_start 1

# runs NAME TOPIC RECORDS LIMIT: a query over all records; LIMIT offsets a batch, 0: no limit.
runs() {
    local name=$1 topic=$2 records=$3 limit=$4 conf=$work/$1.properties status
    {
        echo "kafka.bootstrap.servers = $BROKERS"
        echo "spark.ui.port = 0"
        echo "source.calls.subscribe = $topic"
        echo "source.calls.startingOffsets = earliest"
        [ "$limit" = 0 ] || echo "source.calls.maxOffsetsPerTrigger = $limit"
        echo "source.calls.schema = original_crime_type_name STRING"
        echo "query.q.sql = SELECT original_crime_type_name, count(*) AS count FROM calls GROUP BY original_crime_type_name"
        echo "query.q.outputMode = complete"
        echo "query.q.trigger = availableNow"
        echo "query.q.format = noop"
        echo "query.q.checkpointLocation = $work/$name.checkpoint"
    } >"$conf"
    timeout 200 "$BIN/sf-processor" --config "$conf" --progress-file "$work/$name.jsonl" --log-level WARN >"$work/$name.out" 2>"$work/$name.err" </dev/null
    status=$?
    if [ "$status" -ne 0 ]; then not_ok "$name ends well" "status $status" "$(tail -n 3 "$work/$name.err")"; return; fi
    check "$name: every record once" "$PYTHON" - "$work/$name.jsonl" "$records" "$limit" <<'PYTHON'
import json
import sys

records, limit = int(sys.argv[2]), int(sys.argv[3])
batches = [json.loads(line) for line in open(sys.argv[1])]
batches = [batch for batch in batches if batch["numInputRows"]]
assert sum(batch["numInputRows"] for batch in batches) == records, sum(batch["numInputRows"] for batch in batches)
assert [batch["batchId"] for batch in batches] == list(range(len(batches)))
assert not limit or all(batch["numInputRows"] <= limit for batch in batches)
PYTHON
    "$PYTHON" - "$work/$name.jsonl" "$name" <<'PYTHON'
import json
import sys

batches = [json.loads(line) for line in open(sys.argv[1])]
batches = [batch for batch in batches if batch["numInputRows"]]
times = sorted(batch["durationMs"]["triggerExecution"] for batch in batches)
median = times[len(times) // 2]
late = [time for time in times if time > median + 400]
print(f"# {sys.argv[2]}: {len(times)} batches in {sum(times)} ms, median {median}, p99 {times[len(times) * 99 // 100]}, longest {times[-1]}; "
      f"{len(late)} took 400 ms more than the median {late[:10]}")
PYTHON
}

generate() { "$BIN/sf-datagen" --format jsonl -n "$1" | "$BIN/sf-producer" -b "$BROKERS" -t "$2" --log-level WARN - 2>"$work/producer.err"; }

check '500,000 records in one partition' generate 500000 "$TOPIC"
runs 'unlimited' "$TOPIC" 500000 0
runs 'batches-of-20000' "$TOPIC" 500000 20000
runs 'batches-of-2000' "$TOPIC" 500000 2000

small=$TOPIC.small
records=400000
[ -z "${SF_LONG:-}" ] || records=2000000
tool create-topic "$small" 4
check "$records records in four" generate "$records" "$small"
runs 'batches-of-200' "$small" "$records" 200
