#!/bin/bash
# brokers: kafka
# Transactions and compaction through a whole query: only committed records count, whatever the limits cut, and holes
# are no loss.
. tests/e2e/lib.sh
tool() { "$TOOLS/kafka_tool" -b "$BROKERS" "$@"; }
broker_start 1

conf_of() { # NAME TOPIC
    conf=$work/$1.properties
    {
        echo "kafka.bootstrap.servers = $BROKERS"
        echo "spark.ui.port = 0"
        echo "source.calls.subscribe = $2"
        echo "source.calls.startingOffsets = earliest"
        echo "query.q.sql = SELECT _offset AS offset FROM calls"
        echo "query.q.outputMode = append"
        echo "query.q.trigger = availableNow"
        echo "query.q.format = console"
        echo "query.q.option.numRows = 1000"
        echo "query.q.checkpointLocation = $work/$1.checkpoint"
    } >"$conf"
}

# offsets of the records, batch by batch, separated by " / "
batches() { awk '/^Batch: /{printf "%s", n++ ? " /" : ""} /^\| *[0-9]+\|$/{gsub(/[| ]/, ""); printf " %s", $0} END {print ""}' "$1" | sed 's/^ //'; }
reads() { # NAME WANTED ARGS...
    local name=$1 wanted=$2 status got
    shift 2
    process "$conf" "$@" >"$work/run.out" 2>"$work/run.err" </dev/null
    status=$?
    got=$(batches "$work/run.out")
    if [ "$status" -eq 0 ] && [ "$got" = "$wanted" ]; then ok "$name"; else not_ok "$name" "status $status" "wanted: $wanted" "got:    $got" "$(tail -n 3 "$work/run.err")"; fi
}

# 0-4 committed, 5 control, 6-10 aborted, 11 control, 12-16 committed, 17 control, then 18, 19*, 20, 21*, 22 23, 24*
tool produce-tx "$TOPIC" 0 commit=5 abort=5 commit=5 commit=1 commit=1 commit=2
conf_of whole "$TOPIC"
reads 'one batch' '0 1 2 3 4 12 13 14 15 16 18 20 22 23'
conf_of three "$TOPIC"
reads 'three offsets a batch' '0 1 2 / 3 4 / / / 12 13 14 / 15 16 / 18 20 / 22 23 /' --conf source.calls.maxOffsetsPerTrigger=3
conf_of uncommitted "$TOPIC"
reads 'read_uncommitted' '0 1 2 3 4 6 7 8 9 10 12 13 14 15 16 18 20 22 23' --conf source.calls.kafka.isolation.level=read_uncommitted

# An open transaction: its records, and what was written after them, wait.
open=$TOPIC.open
tool create-topic "$open" 1
mkfifo "$work/hold"
tool produce-tx "$open" 0 plain=3 open=4 <"$work/hold" >"$work/open.out" 2>"$work/open.err" &
pids="$pids $!"
holder=$!
exec 8>"$work/hold"
wait_until 30 grep -q open "$work/open.out" || not_ok 'a transaction stays open'
tool produce-tx "$open" 0 plain=2
conf_of open "$open"
reads 'up to the open transaction' '0 1 2'
reads 'no further, and no batch' ''
exec 8>&-
end_of $holder 30
reads 'after it was aborted' '7 8'

# Compaction: 18 of a batch's offsets are gone, at its end too.
compact=$TOPIC.compact
tool create-topic "$compact" 1 cleanup.policy=compact segment.ms=50 min.cleanable.dirty.ratio=0.001 max.compaction.lag.ms=100
tool produce-tx "$compact" 0 keys=k1,a,b,k2,a,b,c
pause
pause
tool produce-tx "$compact" 0 keys=a,b,c
pause
pause
tool produce-tx "$compact" 0 keys=z
compacted() { [ "$(tool consume "$compact" | wc -l)" = 6 ]; }
if wait_until 60 compacted; then
    conf_of compact "$compact"
    reads 'holes of compaction, three offsets a batch' '0 / 3 / 7 8 / 9 10' --conf source.calls.maxOffsetsPerTrigger=3
    check '... are no loss' test "$(grep -c 'Some data may' "$work/run.err")" = 0
else
    not_ok 'the broker compacts' "$(tool consume "$compact")"
fi
