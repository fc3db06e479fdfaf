#!/bin/bash
# brokers: embedded
# sf-broker itself: the line that says ready, its port, what it drops, how it stops.
. tests/e2e/lib.sh
start "$work/broker" "$BIN/sf-broker" --listen 127.0.0.1:0 --topic one:1 -t two:2,three:3
broker=$pid
check 'one line says ready' wait_until 10 grep -q '^sf-broker ready on 127\.0\.0\.1:[0-9]* with one:1, two:2, three:3 (.*5 MiB a partition' "$work/broker.out"
BROKERS=$(grep -o '127\.0\.0\.1:[0-9]*' "$work/broker.out" | head -n 1)
port=${BROKERS#*:}
check 'its topics are there' test "$("$TOOLS/kafka_tool" -b "$BROKERS" topics | sort | paste -s -d ,)" = 'one 1,three 3,two 2'
gives 'a port that is taken: 6, and it is named' 6 "port $port .*taken" "$BIN/sf-broker" --listen "127.0.0.1:$port"
gives 'loopback only' 2 'listens on 127\.0\.0\.1 only' "$BIN/sf-broker" --listen 0.0.0.0:9092
gives 'a port that is none' 2 'from 0 to 65535' "$BIN/sf-broker" --listen 127.0.0.1:65536
gives 'partitions that are none' 2 '1 to 1000 partitions' "$BIN/sf-broker" --topic a:0
gives 'a name that is none' 2 'a-z A-Z 0-9' "$BIN/sf-broker" --topic 'a b/c'
gives 'an unknown option' 2 'port' "$BIN/sf-broker" --port 1

# 6,000 records of 1,000 bytes are more than one partition keeps
$PYTHON -c '
import json
for i in range(6000):
    print(json.dumps({"p": 0, "v": "%06d" % i + "x" * 994, "ts": 1546300800000}))' >"$work/large.jsonl"
check 'six megabytes are taken' "$TOOLS/kafka_tool" -b "$BROKERS" produce-jsonl "$work/large.jsonl" one
check 'what it drops is told with topic, partition, number and advice' wait_until 10 grep -E -q 'WARN Broker: topic one partition 0 dropped [0-9]+ messages .*Apache Kafka' "$work/broker.err"
first=$("$TOOLS/kafka_tool" -b "$BROKERS" list-offsets one | cut -d ' ' -f 2)
# On a busy machine the broker looks while the records still come, and tells in two lines.
told() { grep -o 'partition 0 dropped [0-9]* messages' "$work/broker.err" | awk '{ sum += $4 } END { print sum + 0 }'; }
all_told() { [ "$(told)" = "$first" ]; }
check "the number is right: $first" wait_until 10 all_told
check 'nothing else is told' test "$(grep WARN "$work/broker.err" | grep -c -v 'dropped [0-9]* messages')" = 0

kill -TERM "$broker"
end_of "$broker" 5
check 'SIGTERM ends it with 0' test "$status" = 0
start "$work/again" "$BIN/sf-broker" --listen "127.0.0.1:$port" --topic one:1
check 'the same port at once again' wait_until 10 grep -q "ready on 127\.0\.0\.1:$port " "$work/again.out"
kill -INT "$pid"
end_of "$pid" 5
check 'SIGINT ends it with 0' test "$status" = 0
