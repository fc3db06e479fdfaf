#!/bin/bash
# brokers: kafka
# Data that were lost before they were read: deleted records, a topic that is gone, or made anew. With failOnDataLoss
# the query ends with 4 and says what is lost; without, it goes on, counts nothing twice, and the numbers are right.
. tests/e2e/lib.sh
tool() { "$TOOLS/kafka_tool" -b "$BROKERS" "$@"; }
broker_start 1

# a case's own topic, its configuration and a first run of COUNT records
begin() { # NAME PARTITIONS RECORDS
    topic=$TOPIC.$1
    conf=$work/$1.properties
    tool create-topic "$topic" "$2"
    tool produce-tx "$topic" 0 plain="$3"
    {
        echo "kafka.bootstrap.servers = $BROKERS"
        echo "spark.ui.port = 0"
        echo "source.calls.subscribe = $topic"
        echo "source.calls.startingOffsets = earliest"
        echo "query.q.sql = SELECT count(*) AS count, min(_offset) AS first, max(_offset) AS last FROM calls"
        echo "query.q.outputMode = complete"
        echo "query.q.trigger = availableNow"
        echo "query.q.format = console"
        echo "query.q.checkpointLocation = $work/$1.checkpoint"
    } >"$conf"
    reads "$1: a first run" "$3"
}

# reads NAME COUNT [ARGS...]: a run ends well with this count in its last table.
reads() {
    local name=$1 wanted=$2 status got
    shift 2
    process "$conf" "$@" >"$work/run.out" 2>"$work/run.err" </dev/null
    status=$?
    got=$(sed -n 's/^| *\([0-9][0-9]*\) *|.*/\1/p' "$work/run.out" | tail -n 1)
    if [ "$status" -eq 0 ] && [ "$got" = "$wanted" ]; then ok "$name"; else not_ok "$name" "status $status, count $got instead of $wanted" "$(tail -n 3 "$work/run.err")"; fi
}
goes_on() { local name=$1 wanted=$2; reads "$name" "$wanted" --conf source.calls.failOnDataLoss=false; }
refused() { gives "$1" 4 "$2" "$BIN/sf-processor" --config "$conf"; }
warned() { check "$1" grep -E -q "WARN .*$2" "$work/run.err"; }

begin deleted 1 10
tool produce-tx "$topic" 0 plain=10
tool delete-records "$topic" 0:15
refused 'deleted: the exact loss' "$topic, partition 0: offset 10 was wanted, the earliest there is now is 15: 5 offsets are lost.*set source.calls.failOnDataLoss = false"
refused 'deleted: the same again' '5 offsets are lost'
goes_on 'deleted: the five that are left' 15
warned 'deleted: one warning' 'offset 10 was wanted.*5 offsets are lost.*failOnDataLoss = true'
check 'deleted: only one' test "$(grep -c 'Some data may' "$work/run.err")" = 1
tool produce-tx "$topic" 0 plain=3
reads 'deleted: the next run knows nothing of it' 18

begin beyond 1 5
tool produce-tx "$topic" 0 plain=10
tool delete-records "$topic" 0:15
refused 'all deleted: the exact loss' 'offset 5 was wanted.*15: 10 offsets are lost'
goes_on 'all deleted: a batch of nothing' 5
tool produce-tx "$topic" 0 plain=2
reads 'all deleted: then what comes' 7

begin middle 1 4
tool produce-tx "$topic" 0 plain=20
tool delete-records "$topic" 0:12
# Of the batches of 5 offsets that follow 4-8, one is lost whole and one in part.
reads 'deleted inside a later batch' 16 --conf source.calls.failOnDataLoss=false --conf source.calls.maxOffsetsPerTrigger=5
check 'batches go on by offsets' test "$(grep -c '^Batch: ' "$work/run.out")" = 4

begin shorter 1 10
tool delete-topic "$topic"
tool create-topic "$topic" 1
tool produce-tx "$topic" 0 plain=4
refused 'made anew, shorter' "$topic-0's offset was changed from 10 to 4"
goes_on 'made anew, shorter: a batch of nothing' 10
warned 'made anew, shorter: warned' 'changed from 10 to 4'
tool produce-tx "$topic" 0 plain=3
reads 'made anew, shorter: what comes after' 13

# A topic made anew that has grown beyond what was read answers every request about offsets as the old one would: its
# records tell.
begin longer 2 5
tool produce-tx "$topic" 1 plain=3
reads 'made anew, longer: both partitions' 8
tool delete-topic "$topic"
tool create-topic "$topic" 2
tool produce-tx "$topic" 0 plain=12
tool produce-tx "$topic" 1 plain=4
refused 'made anew, longer' "$topic, partition 0 was deleted and made anew.*offset 4, read before, was a record of .* up to 5 offsets below 5 were not read.*failOnDataLoss = false"
refused 'made anew, longer: the same again' "$topic, partition 0 was deleted and made anew"
goes_on 'made anew, longer: goes on at its offsets' 16
warned 'made anew, longer: one warning a partition' "$topic, partition 1 was deleted and made anew"
check 'made anew, longer: only one a partition' test "$(grep -c 'Some data may' "$work/run.err")" = 2
tool produce-tx "$topic" 0 plain=2
reads 'made anew, longer: the next run knows nothing of it' 18

# As long as what was read: that is seen when something comes.
begin equal 1 5
tool delete-topic "$topic"
tool create-topic "$topic" 1
tool produce-tx "$topic" 0 plain=5
reads 'made anew, as long: nothing to read' ''
tool produce-tx "$topic" 0 plain=1
refused 'made anew, as long: when it grows' "$topic, partition 0 was deleted and made anew"

# While the query runs, between two triggers that are far apart.
begin running 1 5
start "$work/running" "$BIN/sf-processor" --config "$conf" --conf 'query.q.trigger=15 seconds'
runner=$pid
wait_until 20 grep -q 'INFO.*Starting q ' "$work/running.err" || not_ok 'made anew while it runs: it starts'
# Fifteen seconds without a trigger begin with the second after a boundary.
wait_until 30 sh -c '[ $(($(date +%s) % 15)) -eq 1 ]' || not_ok 'made anew while it runs: the moment'
tool delete-topic "$topic"
tool create-topic "$topic" 1
tool produce-tx "$topic" 0 plain=12
end_of "$runner" 20
check 'made anew while it runs: it ends with 4' test "$status" = 4
check 'made anew while it runs: why' grep -q "KAFKA_DATA_LOSS.TOPIC_RECREATED.*$topic, partition 0 was deleted and made anew" "$work/running.err"

# What is not there any more proves nothing: the record read last was deleted, and what comes next is there.
begin marked 1 10
tool produce-tx "$topic" 0 plain=5
tool delete-records "$topic" 0:10
reads 'the last record read is deleted: no loss' 15
check 'the last record read is deleted: no warning' test "$(grep -c 'Some data may' "$work/run.err")" = 0
# ... or lies before a control record and an aborted transaction.
tool produce-tx "$topic" 0 commit=3 abort=4
reads 'a transaction ends behind the last record' 18
tool produce-tx "$topic" 0 plain=2
reads 'a transaction ended behind the last record: no loss' 20

begin gone 1 5
other=$TOPIC.stays
tool create-topic "$other" 1
tool produce-tx "$other" 0 plain=2
tool delete-topic "$topic"
gives 'the only topic is gone: refused by name' 4 "$topic-0 .5." "$BIN/sf-processor" --config "$conf"

# An added partition whose first records are gone before it is seen.
begin added 1 3
tool add-partitions "$topic" 2
tool produce-tx "$topic" 1 plain=6
tool delete-records "$topic" 1:2
refused 'an added partition without its beginning' "$topic-1 does not start from offset 0 but from 2"
goes_on 'an added partition: from its earliest' 7
reads 'an added partition: no second time' '' 
