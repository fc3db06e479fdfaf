#!/bin/bash
# brokers: kafka
# Every option of Spark's Kafka source is honoured, warned about or refused by name; where a query starts, and what
# makes it wait.
. tests/e2e/lib.sh
tool() { "$TOOLS/kafka_tool" -b "$BROKERS" "$@"; }
broker_start 2

# options FILE [LINE...]: a configuration with the query `q` over a view of raw values. `source.calls.` is put before
# each line, except before those that begin with another group's name.
options() {
    local file=$1 line
    shift
    {
        echo "kafka.bootstrap.servers = $BROKERS"
        echo "spark.ui.port = 0"
        echo "query.q.sql = SELECT count(*) AS count, min(_offset) AS first, max(_offset) AS last FROM calls"
        echo "query.q.outputMode = complete"
        echo "query.q.trigger = availableNow"
        echo "query.q.format = console"
        echo "query.q.checkpointLocation = ${file%.properties}.checkpoint"
        for line in "$@"; do
            case $line in sf.* | query.* | spark.*) echo "$line" ;; *) echo "source.calls.$line" ;; esac
        done
    } >"$file"
}

# --- by name, without a broker ---

cat >"$work/table" <<'TABLE'
0|is good|subscribe=a, b
0|is good|subscribePattern=sf\\..*
0|is good|assign={"a":[0,1],"b":[0]}
0|is good|SUBSCRIBE=a;StartingOffsets=EARLIEST
0|is good|subscribe=a;startingOffsets={"a":{"0":23,"1":-1,"2":-2}}
0|is good|subscribe=a;startingTimestamp=1546300800000
0|is good|subscribe=a;startingOffsetsByTimestamp={"a":{"0":1546300800000}};startingOffsetsByTimestampStrategy=latest
0|is good|subscribe=a;minOffsetsPerTrigger=5;maxOffsetsPerTrigger=5;maxTriggerDelay=10m
0|is good|subscribe=a;failOnDataLoss=FALSE;includeHeaders=false
0|is good|subscribe=a;kafka.fetch.wait.max.ms=100
0|is good|subscribe=a;KAFKA.Fetch.Wait.Max.Ms=100
0|is good|subscribe=a;kafka.bootstrap.servers=localhost:1,localhost:2
0|minPartitions has no effect|subscribe=a;minPartitions=4
0|maxRecordsPerPartition has no effect|subscribe=a;maxRecordsPerPartition=4
0|groupIdPrefix has no effect|subscribe=a;groupIdPrefix=mine
0|WARN .*kafka.group.id|subscribe=a;kafka.group.id=mine
0|pollTimeoutMs has no effect|subscribe=a;kafkaConsumer.pollTimeoutMs=100
0|numRetries has no effect|subscribe=a;fetchOffset.numRetries=1
0|retryIntervalMs has no effect|subscribe=a;fetchOffset.retryIntervalMs=1
0|maxRatePerPartition has no effect|subscribe=a;maxRatePerPartition=10
0|stopGracefullyOnShutdown has no effect|subscribe=a;stopGracefullyOnShutdown=true
2|exactly one of subscribe, subscribePattern and assign|startingOffsets=earliest
2|exactly one of subscribe, subscribePattern and assign|subscribe=a;assign={"a":[0]}
2|exactly one of subscribe, subscribePattern and assign|subscribe=a;subscribePattern=a
2|names no topic|subscribe= ,
2|expected e.g.|assign=a
2|expected e.g.|assign={"a":[]}
2|expected e.g.|assign={"a":["0"]}
2|subscribePattern|subscribePattern=
2|earliest, latest or offsets|subscribe=a;startingOffsets=soon
2|Expected e.g.|subscribe=a;startingOffsets={"a":{"0":-3}}
2|startingTimestamp|subscribe=a;startingTimestamp=soon
2|Expected e.g.|subscribe=a;startingOffsetsByTimestamp={"a":[0]}
2|error, latest|subscribe=a;startingOffsetsByTimestampStrategy=earliest
2|maxOffsetsPerTrigger = 0|subscribe=a;maxOffsetsPerTrigger=0
2|maxOffsetsPerTrigger = -1|subscribe=a;maxOffsetsPerTrigger=-1
2|maxOffsetsPerTrigger = abc|subscribe=a;maxOffsetsPerTrigger=abc
2|minOffsetsPerTrigger = 0|subscribe=a;minOffsetsPerTrigger=0
2|minOffsetPerTrigger.10. is higher than the maxOffsetsPerTrigger.5.|subscribe=a;minOffsetsPerTrigger=10;maxOffsetsPerTrigger=5
2|maxTriggerDelay|subscribe=a;maxTriggerDelay=soon
2|failOnDataLoss = maybe|subscribe=a;failOnDataLoss=maybe
2|includeHeaders = true|subscribe=a;includeHeaders=true
2|ending offset not valid in streaming queries|subscribe=a;endingOffsets=latest
2|ending timestamp not valid|subscribe=a;endingTimestamp=1
2|ending timestamp not valid|subscribe=a;endingOffsetsByTimestamp={"a":{"0":1}}
2|did you mean maxOffsetsPerTrigger|subscribe=a;maxOffsetPerTrigger=200
2|startingOffsets|subscribe=a;kafka.auto.offset.reset=earliest
2|bytes|subscribe=a;kafka.key.deserializer=x
2|bytes|subscribe=a;kafka.value.deserializer=x
2|checkpoint|subscribe=a;kafka.enable.auto.commit=true
2|interceptor.classes|subscribe=a;kafka.interceptor.classes=x
2|written as they are|subscribe=a;query.q.format=kafka;query.q.option.topic=b;query.q.option.kafka.key.serializer=x
2|written as they are|subscribe=a;query.q.format=kafka;query.q.option.topic=b;query.q.option.kafka.value.serializer=x
2|no setting nosuch|subscribe=a;kafka.nosuch=1
2|nosuch|subscribe=a;nosuch=1
TABLE
rows=0
while IFS='|' read -r status pattern lines; do
    [ -n "$status" ] || continue
    IFS=';' read -r -a list <<<"$lines"
    options "$work/check.properties" "${list[@]}"
    rows=$((rows + 1))
    gives "check: $lines" "$status" "$pattern" "$BIN/sf-processor" --check-config --config "$work/check.properties"
done <"$work/table"
check 'the whole table was read' test "$rows" -eq 55
# Spark's documentation of the source, and what its users write beside it (Kafka's and DStreams' names).
for option in subscribe subscribePattern assign startingOffsets startingTimestamp startingOffsetsByTimestamp startingOffsetsByTimestampStrategy \
    endingOffsets endingTimestamp endingOffsetsByTimestamp maxOffsetsPerTrigger minOffsetsPerTrigger maxTriggerDelay failOnDataLoss minPartitions \
    maxRecordsPerPartition includeHeaders groupIdPrefix kafkaConsumer.pollTimeoutMs fetchOffset.numRetries fetchOffset.retryIntervalMs \
    maxRatePerPartition stopGracefullyOnShutdown kafka.bootstrap.servers kafka.group.id kafka.auto.offset.reset kafka.key.deserializer \
    kafka.value.deserializer kafka.enable.auto.commit kafka.interceptor.classes option.kafka.key.serializer option.kafka.value.serializer; do
    check "the table has $option" grep -q -F "${option}=" "$work/table"
done

# --- where a fresh query starts ---

# Times of partition 0: 1000, 2000 ... 10000 ms; partition 1: 1500, 2500, 3500.
{
    for i in 1 2 3 4 5 6 7 8 9 10; do echo "{\"p\": 0, \"v\": \"x\", \"ts\": ${i}000}"; done
    for i in 1 2 3; do echo "{\"p\": 1, \"v\": \"x\", \"ts\": ${i}500}"; done
} >"$work/times.jsonl"
check 'records with times' tool produce-jsonl "$work/times.jsonl" "$TOPIC"

# counts NAME COUNT [LINE...]: a fresh query reads so many records, and ends well.
serial=0
counts() {
    local name=$1 wanted=$2
    shift 2
    serial=$((serial + 1))
    options "$work/run$serial.properties" "$@"
    run "$name" "$wanted" "$work/run$serial.properties"
}
# run NAME COUNT FILE: the count in the last table on stdout.
run() {
    local status got
    process "$3" >"$work/run.out" 2>"$work/run.err" </dev/null
    status=$?
    got=$(sed -n 's/^| *\([0-9][0-9]*\) *|.*/\1/p' "$work/run.out" | tail -n 1)
    if [ "$status" -eq 0 ] && [ "$got" = "$2" ]; then ok "$1"; else not_ok "$1" "status $status, count $got instead of $2" "$(tail -n 3 "$work/run.err")"; fi
}

counts 'earliest' 13 "subscribe=$TOPIC" startingOffsets=earliest
counts 'latest' 0 "subscribe=$TOPIC"
counts 'startingOffsets per partition' 4 "subscribe=$TOPIC" "startingOffsets={\"$TOPIC\":{\"0\":9,\"1\":-2}}"
counts '-1 is the end' 3 "subscribe=$TOPIC" "startingOffsets={\"$TOPIC\":{\"0\":-1,\"1\":0}}"
counts 'startingTimestamp' 9 "subscribe=$TOPIC" startingTimestamp=3000
counts 'startingTimestamp goes before the others' 9 "subscribe=$TOPIC" startingTimestamp=3000 "startingOffsetsByTimestamp={\"$TOPIC\":{\"0\":1,\"1\":1}}" startingOffsets=latest
counts 'a time for each partition' 4 "subscribe=$TOPIC" "startingOffsetsByTimestamp={\"$TOPIC\":{\"0\":9001,\"1\":1000}}"
counts '... which goes before startingOffsets' 4 "subscribe=$TOPIC" "startingOffsetsByTimestamp={\"$TOPIC\":{\"0\":9001,\"1\":1000}}" startingOffsets=latest
counts 'no record at or after: latest' 6 "subscribe=$TOPIC" startingTimestamp=5000 startingOffsetsByTimestampStrategy=latest
counts 'kafka.group.id changes nothing' 13 "subscribe=$TOPIC" startingOffsets=earliest kafka.group.id=mine
counts 'assign' 3 "assign={\"$TOPIC\":[1]}" startingOffsets=earliest
counts 'assign with an offset for each' 2 "assign={\"$TOPIC\":[1]}" "startingOffsets={\"$TOPIC\":{\"1\":1}}"

fails() {
    local name=$1 status=$2 pattern=$3
    shift 3
    options "$work/fails.properties" "$@"
    gives "$name" "$status" "$pattern" "$BIN/sf-processor" --config "$work/fails.properties" --from-scratch
}
fails 'no record at or after: error' 1 "No offset matched .*$TOPIC-1 and timestamp 5000" "subscribe=$TOPIC" startingTimestamp=5000
fails 'a partition is not named' 2 'you must specify all TopicPartitions' "subscribe=$TOPIC" "startingOffsets={\"$TOPIC\":{\"0\":1}}"
fails 'a partition that is not there is named' 2 'you must specify all TopicPartitions' "subscribe=$TOPIC" "startingOffsets={\"$TOPIC\":{\"0\":1,\"1\":1,\"2\":1}}"
fails 'a topic that is not there' 1 "topic $TOPIC.not does not exist" "subscribe=$TOPIC.not"
fails 'a pattern that is none' 2 'subscribePattern a\(b: ' 'subscribePattern=a(b'
fails 'assign to a partition that is not there' 1 'has no partition 7' "assign={\"$TOPIC\":[7]}"

# --- what a batch waits for ---

# 10 and 3 records, at most 8: 6 (of 6.15) and 1 (of 1.85) of them; the 6 that are left are fewer than 7. The next start
# takes them at once.
options "$work/min.properties" "subscribe=$TOPIC" startingOffsets=earliest minOffsetsPerTrigger=7 maxOffsetsPerTrigger=8
process "$work/min.properties" >"$work/min.out" 2>"$work/min.err" </dev/null
first=$(sed -n 's/^| *\([0-9][0-9]*\) *|.*/\1/p' "$work/min.out" | tail -n 1)
check 'minOffsetsPerTrigger leaves the rest' test "$first" = 7 -a "$(grep -c '^Batch: ' "$work/min.out")" = 1
run 'the next start takes it' 13 "$work/min.properties"

# One record too few: after maxTriggerDelay it is read all the same.
options "$work/delay.properties" "subscribe=$TOPIC" startingOffsets=earliest minOffsetsPerTrigger=10 maxTriggerDelay=1500ms 'query.q.trigger=50 milliseconds'
start "$work/delay" "$BIN/sf-processor" --config "$work/delay.properties"
delayed=$pid
check 'the first trigger does not wait' wait_until 20 grep -q '^| *13|' "$work/delay.out"
echo '{"p": 0, "v": "x", "ts": 11000}' >"$work/one.jsonl"
began=$(date +%s%N)
tool produce-jsonl "$work/one.jsonl" "$TOPIC"
check 'maxTriggerDelay ends the wait' wait_until 20 grep -q '^| *14|' "$work/delay.out"
echo "# read $((($(date +%s%N) - began) / 1000000)) ms after it was written, maxTriggerDelay is 1500 ms after the batch before"
kill "$delayed"
end_of "$delayed" 10
check 'SIGTERM' test "$status" = 0
