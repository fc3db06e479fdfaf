#!/bin/bash
# brokers: embedded kafka
# SIGTERM and SIGKILL in the middle, then a restart: no record is lost or counted twice. A stop counts only if work was
# left.
. tests/e2e/lib.sh
input=data/police-department-calls-for-service.json
broker_start 3
check 'produce' produce "$input"

for signal in TERM KILL; do
    for kind in category hour; do
        sql=$SQL_CATEGORY
        [ "$kind" = category ] || sql=$SQL_HOUR
        conf=$work/$kind-$signal.properties
        config "$conf" "$sql" 'source.calls.maxOffsetsPerTrigger = 60'
        sed -i 's/^query.q.trigger = .*/query.q.trigger = 200 milliseconds/' "$conf"
        start "$work/first" "$BIN/sf-processor" --config "$conf"
        wait_until 20 sh -c "[ \$(grep -c '^Batch: ' '$work/first.out') -ge 4 ]" || not_ok "$kind, $signal: first batches" "$(tail -n 3 "$work/first.err")"
        kill -"$signal" "$pid"
        end_of "$pid" 10
        if [ "$signal" = TERM ]; then check "$kind: SIGTERM ends with 0" test "$status" -eq 0; fi
        before=$(grep -c '^Batch: ' "$work/first.out")
        check "$kind, $signal: work was left" test "$before" -lt 30
        sed -i 's/^query.q.trigger = .*/query.q.trigger = availableNow/' "$conf"
        process "$conf" >"$work/out" 2>"$work/err" </dev/null
        check "$kind, $signal: the restart ends well" test $? -eq 0
        check "$kind, $signal: counts" same_counts "$kind" "$input" "$work/out"
        # Batch ids go on without a gap; at most the last one comes again.
        cat "$work/first.out" "$work/out" | sed -n 's/^Batch: //p' >"$work/ids"
        check "$kind, $signal: batch ids" awk 'NR > 1 && $1 != last + 1 && !($1 == last && !again++) { exit 1 } { last = $1 }' "$work/ids"
    done
done
