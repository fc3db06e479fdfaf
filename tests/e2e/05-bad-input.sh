#!/bin/bash
# brokers: embedded
# One clear line and the documented exit code for everything that a user gets wrong or the world takes away.
. tests/e2e/lib.sh
broker_start 2
check 'produce' produce --limit 100 data/police-department-calls-for-service.json
P=$BIN/sf-processor
config "$work/good.properties" "$SQL_CATEGORY"
good=$work/good.properties

with() { # with FILE SED-EXPRESSION: a variation of the good configuration, with a checkpoint of its own
    sed -e "s|good.checkpoint|$1.checkpoint|" -e "$2" "$good" >"$work/$1.properties"
    echo "$work/$1.properties"
}

# configuration
gives 'missing configuration file' 2 'nosuch\.properties' "$P" --config "$work/nosuch.properties"
gives 'unknown option' 2 'unknown|unrecognized|invalid' "$P" --nosuch
gives 'unknown key, with the nearest' 2 'maxOffsetPerTrigger.*maxOffsetsPerTrigger' "$P" --config "$good" --conf source.calls.maxOffsetPerTrigger=5
echo 'maxOffsetPerTriger = 5' >>"$(with typo '')"
gives 'unknown key in a file: file and line' 2 'typo\.properties:[0-9]+' "$P" --config "$work/typo.properties"
gives 'a number that is none' 2 'maxOffsetsPerTrigger' "$P" --config "$good" --max-offsets-per-trigger abc
gives 'a limit of 0' 2 'maxOffsetsPerTrigger' "$P" --config "$good" --max-offsets-per-trigger 0
gives 'refused key with the reason' 2 'spark\.executor\.memory' "$P" --config "$good" --conf spark.executor.memory=1g
gives 'warned key' 0 'WARN.*spark\.sql\.shuffle\.partitions' "$P" --config "$good" --conf spark.sql.shuffle.partitions=2 --check-config
gives 'unknown librdkafka setting' 2 'fetch\.wait\.max\.m' "$P" --config "$good" -X fetch.wait.max.mss=1
gives 'a setting that the program owns' 2 'auto\.offset\.reset' "$P" --config "$good" --conf source.calls.kafka.auto.offset.reset=earliest
gives 'bad trigger' 2 'trigger' "$P" --config "$good" --trigger '5 parsecs'
gives 'bad output mode' 2 'outputMode' "$P" --config "$good" --conf query.q.outputMode=whole
gives 'bad startingOffsets' 2 'startingOffsets' "$P" --config "$good" --conf source.calls.startingOffsets=yesterday
gives 'min above max' 2 'minOffset' "$P" --config "$good" --conf source.calls.minOffsetsPerTrigger=10 --conf source.calls.maxOffsetsPerTrigger=5
gives 'endingOffsets on a stream' 2 'endingOffsets' "$P" --config "$good" --conf source.calls.endingOffsets=latest

# SQL
gives 'syntax error with place' 2 'PARSE_SYNTAX_ERROR' "$P" --config "$good" --query q='SELECT count(* FROM calls'
gives 'unknown column with suggestion' 2 'UNRESOLVED_COLUMN.*disposition' "$P" --config "$good" --query q='SELECT dispositon FROM calls'
gives 'unknown table' 2 'TABLE_OR_VIEW_NOT_FOUND.*cals' "$P" --config "$good" --query q='SELECT * FROM cals'
gives 'outside the subset' 2 'SFCRIME_UNSUPPORTED' "$P" --config "$good" --query q='SELECT 1.5 FROM calls'
gives 'complete without aggregation' 2 'STREAMING_OUTPUT_MODE' "$P" --config "$good" --query q='SELECT city FROM calls'
gives 'bad schema' 2 'PARSE_SYNTAX_ERROR|schema' "$P" --config "$good" --conf 'source.calls.schema=crime_id STRINGG x'

# static table
printf '[{"disposition_code": "HAN", "description": }]' >"$work/codes.json"
gives 'broken radio_code.json: file and line' 2 'codes\.json.*line 1|codes\.json:1' "$P" --config "$good" --conf "table.radio_code.path=$work/codes.json" --query q="$SQL_DESCRIPTION"
gives 'missing radio_code.json' 2 'nosuch\.json' "$P" --config "$good" --conf "table.radio_code.path=$work/nosuch.json" --query q="$SQL_DESCRIPTION"

# broker
gives 'no broker: 3' 3 '127\.0\.0\.1:1[^0-9]' "$P" --config "$good" -b 127.0.0.1:1 --conf 'sf.broker.timeout=1 second'
gives 'missing topic' 1 'no\.such\.topic' "$P" --config "$(with topic 's|^source.calls.subscribe.*|source.calls.subscribe = no.such.topic|')" --conf 'sf.broker.timeout=3 seconds'

# port
start "$work/holder" "$PYTHON" -c 'import socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); print(s.getsockname()[1], flush=True); sys.stdin.read()
import time, signal; signal.pause()'
wait_until 10 test -s "$work/holder.out"
taken=$(cat "$work/holder.out")
gives 'strict port taken: 6' 6 "$taken" "$P" --config "$good" --conf spark.port.maxRetries=0 --ui-port "$taken"
gives 'port taken: the next one, with a warning' 0 "could not bind on port $taken. Attempting port" "$P" --config "$good" --ui-port "$taken"

# checkpoint
gives 'run once more: nothing new, ends well' 0 '' "$P" --config "$good"
gives 'checkpoint of another query: 5' 5 'good\.checkpoint.*' "$P" --config "$good" --query q='SELECT city, count(*) AS n FROM calls GROUP BY city'
cp -r "$work/good.checkpoint" "$work/damaged.checkpoint"
printf 'x' | dd of="$work/damaged.checkpoint/offsets/0" bs=1 seek=20 conv=notrunc 2>/dev/null
gives 'damaged checkpoint: 5 naming the file' 5 'damaged\.checkpoint/offsets/0' "$P" --config "$(with damaged '')"
cp -r "$work/good.checkpoint" "$work/held.checkpoint"
sed -e 's|good.checkpoint|held.checkpoint|' -e 's/^query.q.trigger.*/query.q.trigger = 1 second/' "$good" >"$work/held.properties"
start "$work/held" "$P" --config "$work/held.properties"
held=$pid
wait_until 10 grep -q 'Starting q' "$work/held.err"
gives 'checkpoint in use: 6 naming the holder' 6 "$held" "$P" --config "$work/held.properties"
kill -TERM "$held"
end_of "$held" 10
check 'the holder ends with 0' test "$status" = 0

# the embedded broker starts anew: its old checkpoints are worth nothing
kill -TERM "$broker_pid"
end_of "$broker_pid" 10
old=$BROKERS
broker_start 2
check 'produce again' produce --limit 10 data/police-department-calls-for-service.json
sed -i "s|$old|$BROKERS|" "$good"
gives 'embedded broker restarted: 5 naming --from-scratch' 5 'from-scratch' "$P" --config "$good"
gives '--from-scratch moves it aside' 0 '' "$P" --config "$good" --from-scratch
check 'the old checkpoint is still there' sh -c "ls -d '$work'/good.checkpoint.old* >/dev/null"

# stdout closed
config "$work/pipe.properties" "$SQL_CATEGORY" 'source.calls.maxOffsetsPerTrigger = 1'
(process "$work/pipe.properties" 2>"$work/pipe.err" </dev/null; echo $? >"$work/pipe.status") | head -n 3 >/dev/null
check 'stdout closed: ends with 0' test "$(cat "$work/pipe.status")" -eq 0
# closed before the start: the table goes nowhere, least of all into a socket or a file that was given descriptor 1
config "$work/shut.properties" "$SQL_CATEGORY"
process "$work/shut.properties" >&- 2>"$work/shut.err" </dev/null
check 'stdout not open: ends with 0 after the batch' sh -c "[ $? -eq 0 ] && [ -e '$work/shut.checkpoint/commits/0' ] && ! grep -q ERROR '$work/shut.err'"

# help and version
gives '--help' 0 'maxOffsetsPerTrigger' "$P" --help
gives '--version' 0 'sf-processor [0-9]' "$P" --version
gives '--print-config shows origins' 0 'good\.properties:[0-9]+' "$P" --config "$good" --print-config
gives 'secrets are masked' 0 'redacted' "$P" --config "$good" -X sasl.password=canary --print-config
check 'no canary anywhere' sh -c "! grep -r canary '$work'/gives.out '$work'/gives.err"
