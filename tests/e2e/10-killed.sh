#!/bin/bash
# brokers: embedded kafka
# A backlog is read batch upon batch, each while the commit of the one before is still being written. Killed again and
# again in the middle of that, the run goes on each time where it was: no record is lost or counted twice.
. tests/e2e/lib.sh
input=data/police-department-calls-for-service.json
broker_start 3
check 'produce' produce "$input"

for kind in category hour; do
    sql=$SQL_CATEGORY
    [ "$kind" = category ] || sql=$SQL_HOUR
    conf=$work/$kind.properties
    config "$conf" "$sql" 'source.calls.maxOffsetsPerTrigger = 12'
    kills=0
    : >"$work/ids"
    for round in 1 2 3 4 5 6 7 8; do
        start "$work/run" "$BIN/sf-processor" --config "$conf"
        # Each time a little later in a batch, as far as chance leaves it.
        wait_until 20 sh -c "[ \$(grep -c '^Batch: ' '$work/run.out') -ge $((round + 3)) ] || ! kill -0 $pid" || not_ok "$kind: batches of run $round" "$(tail -n 3 "$work/run.err")"
        kill -KILL "$pid" 2>/dev/null && kills=$((kills + 1))
        end_of "$pid" 10
        sed -n 's/^Batch: //p' "$work/run.out" >>"$work/ids"
    done
    check "$kind: killed while there was work" test "$kills" -ge 4
    process "$conf" >"$work/out" 2>"$work/err" </dev/null
    check "$kind: the last start ends well" test $? -eq 0
    sed -n 's/^Batch: //p' "$work/out" >>"$work/ids"
    check "$kind: counts" same_counts "$kind" "$input" "$work/out"
    # Batch ids go on without a gap; where a run was killed, the last batch may come again.
    check "$kind: batch ids" awk -v kills="$kills" 'NR > 1 && $1 != last + 1 && !($1 == last && ++again <= kills) { print last, $1; exit 1 } { last = $1 }' "$work/ids"
done
