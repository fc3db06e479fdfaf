#!/bin/bash
# brokers: embedded
# Started with stdin, stdout or stderr closed (`>&-`, as some supervisors do): no socket and no file ever takes their
# place, so that nothing that was meant for a terminal goes to the broker, into a checkpoint or into a topic.
. tests/e2e/lib.sh
sample=data/police-department-calls-for-service.json
broker_start 2

"$BIN/sf-producer" -b "$BROKERS" -t "$TOPIC" "$sample" <&- >&- 2>&-
check 'sf-producer with all three closed sends all' test $? -eq 0
"$BIN/sf-consumer" -b "$BROKERS" -t "$TOPIC" --from-beginning --exit-on-end <&- 2>&- >"$work/all"
check 'sf-consumer with stdin and stderr closed shows all' test "$(wc -l <"$work/all")" -eq 2000
check 'what arrived is whole' "$PYTHON" -c '
import json, sys
for line in open(sys.argv[1]): json.loads(line)' "$work/all"

# What cannot be written must not pass for written: an exit status that is not 0, and the reason where it can be said.
gives 'sf-consumer without stdout' 7 'stdout|standard output' bash -c '"$0" "$@" >&-' "$BIN/sf-consumer" -b "$BROKERS" -t "$TOPIC" --from-beginning --exit-on-end
gives 'sf-datagen without stdout' 7 'stdout|standard output' bash -c '"$0" "$@" >&-' "$BIN/sf-datagen" --records 10
gives 'sf-broker without stdout' 7 'stdout|standard output' bash -c '"$0" "$@" >&-' "$BIN/sf-broker" --listen 127.0.0.1:0 --topic other:1
# The processor treats it as a reader that went away (`| head`): it stops in order, and says why.
config "$work/q.properties" "$SQL_CATEGORY"
gives 'sf-processor without stdout' 0 'stdout was closed' bash -c '"$0" "$@" >&-' "$BIN/sf-processor" --config "$work/q.properties"
