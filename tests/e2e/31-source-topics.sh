#!/bin/bash
# brokers: kafka
# subscribePattern with topics that come and go, and partitions that are added, while the query runs.
. tests/e2e/lib.sh
tool() { "$TOOLS/kafka_tool" -b "$BROKERS" "$@"; }
broker_start 1
family=$TOPIC.family

config_of() { # FILE LINE...
    local file=$1 line
    shift
    {
        echo "kafka.bootstrap.servers = $BROKERS"
        echo "spark.ui.port = 0"
        echo "query.q.sql = SELECT _topic AS topic, _partition AS partition, count(*) AS count FROM calls GROUP BY _topic, _partition ORDER BY topic, partition"
        echo "query.q.outputMode = complete"
        echo "query.q.trigger = 100 milliseconds"
        echo "query.q.format = console"
        echo "query.q.option.truncate = false"
        echo "query.q.checkpointLocation = ${file%.properties}.checkpoint"
        for line in "$@"; do echo "source.calls.$line"; done
    } >"$file"
}

# shows LOG COUNTS: the last table has these counts, in order of topic and partition.
shows() { [ "$(awk '/^Batch: /{t=""} /^\|.*\|[0-9]+ *\|$/{split($0, f, "|"); gsub(/ /, "", f[4]); t = t (t ? " " : "") f[4]} END {print t}' "$1.out")" = "$2" ]; }
awaits() { if wait_until 15 shows "$2" "$3"; then ok "$1"; else not_ok "$1" "wanted $3" "$(tail -n 12 "$2.out")" "$(tail -n 3 "$2.err")"; fi; }

# --- a pattern that nothing matches yet ---

config_of "$work/pattern.properties" "subscribePattern=${family//./\\.}\\.[a-z]+" startingOffsets=latest
start "$work/pattern" "$BIN/sf-processor" --config "$work/pattern.properties"
runner=$pid
check 'a pattern that nothing matches is no error' wait_until 20 grep -q '^Batch: 0' "$work/pattern.out"
tool create-topic "$family.a" 1
tool create-topic "$family.9" 1
tool produce-tx "$family.a" 0 plain=4
tool produce-tx "$family.9" 0 plain=4
awaits 'a topic that appears is read from its beginning, although startingOffsets says latest' "$work/pattern" '4'
tool create-topic "$family.b" 2
tool produce-tx "$family.b" 1 plain=3
tool produce-tx "$family.b" 0 plain=2
awaits 'another one' "$work/pattern" '4 2 3'
check 'it is logged' grep -q "Partitions added: Map($family.b-0 -> 0, $family.b-1 -> 0)" "$work/pattern.err"
check 'the name must match as a whole' test "$(grep -c "$family.9" "$work/pattern.out")" -eq 0

# --- partitions are added ---

tool add-partitions "$family.a" 3
tool produce-tx "$family.a" 2 plain=5
tool produce-tx "$family.a" 0 plain=1
awaits 'added partitions' "$work/pattern" '5 5 2 3'

# --- a topic of several goes ---

tool delete-topic "$family.b"
end_of "$runner" 15
check 'a deleted topic ends the query with 4' test "$status" = 4
check 'naming the partitions' grep -q "partitions gone.*$family.b-0 (2), $family.b-1 (3)" "$work/pattern.err"
config_of "$work/pattern.properties" "subscribePattern=${family//./\\.}\\.[a-z]+" startingOffsets=latest failOnDataLoss=false
start "$work/pattern" "$BIN/sf-processor" --config "$work/pattern.properties"
runner=$pid
check 'failOnDataLoss = false forgets them' wait_until 30 grep -q "WARN .*partitions gone.*$family.b-0 (2), $family.b-1 (3)" "$work/pattern.err"
tool produce-tx "$family.a" 1 plain=6
awaits 'and goes on' "$work/pattern" '5 6 5 2 3'
tool create-topic "$family.b" 1
tool produce-tx "$family.b" 0 plain=2
awaits 'a topic of that name that comes again is a new one' "$work/pattern" '5 6 5 4 3'
kill "$runner"
end_of "$runner" 10
check 'SIGTERM' test "$status" = 0
