#!/bin/bash
# brokers: embedded kafka
# A backlog is read batch upon batch, and a commit becomes durable with the next batch's plan. Killed again and again in
# the middle of that, the run goes on each time where it was: no record is lost or counted twice.
. tests/e2e/lib.sh
input=$work/calls.json
"$BIN/sf-datagen" -n 6000 --seed 5 >"$input" || { not_ok 'generate'; exit 1; }
broker_start 3
check 'produce' produce "$input"

for kind in category hour; do
    sql=$SQL_CATEGORY
    [ "$kind" = category ] || sql=$SQL_HOUR
    conf=$work/$kind.properties
    config "$conf" "$sql" 'source.calls.maxOffsetsPerTrigger = 4'
    kills=0
    : >"$work/all"
    for round in 1 2 3 4 5 6 7 8; do
        start "$work/run" "$BIN/sf-processor" --config "$conf"
        # Each time a little later in a batch, as far as chance leaves it.
        wait_until 20 sh -c "[ \$(grep -c '^Batch: ' '$work/run.out') -ge $((round + 3)) ] || ! kill -0 $pid" || not_ok "$kind: batches of run $round" "$(tail -n 3 "$work/run.err")"
        kill -KILL "$pid" 2>/dev/null
        end_of "$pid" 10
        cat "$work/run.out" >>"$work/all"
        # A log is left over exactly where there was work.
        ls "$work/$kind.checkpoint"/wal.* >/dev/null 2>&1 && kills=$((kills + 1))
    done
    check "$kind: killed while there was work" test "$kills" -ge 4
    process "$conf" >"$work/out" 2>"$work/err" </dev/null
    check "$kind: the last start ends well" test $? -eq 0
    check "$kind: nothing is left over" sh -c "! ls '$work/$kind.checkpoint'/wal.*"
    cat "$work/out" >>"$work/all" # nothing, if the last kill came behind the last batch
    sed -n 's/^Batch: //p' "$work/all" >"$work/ids"
    check "$kind: counts" same_counts "$kind" "$input" "$work/all"
    # Batch ids go on without a gap; where a run was killed, the last batch may come again.
    check "$kind: batch ids" awk -v kills="$kills" 'NR > 1 && $1 != last + 1 && !($1 == last && ++again <= kills) { print last, $1; exit 1 } { last = $1 }' "$work/ids"
done

# A state of its own for LIMIT, in a directory that is named with a slash at its end.
conf=$work/limit.properties
config "$conf" 'SELECT crime_id FROM calls LIMIT 5000' 'source.calls.maxOffsetsPerTrigger = 12'
limited=("$BIN/sf-processor" --config "$conf" --conf query.q.outputMode=append --conf "query.q.checkpointLocation=$work/limit.checkpoint/")
start "$work/run" "${limited[@]}"
wait_until 20 sh -c "[ \$(grep -c '^Batch: ' '$work/run.out') -ge 5 ]"
kill -KILL "$pid"
end_of "$pid" 10
check 'limit: killed while there was work' ls "$work/limit.checkpoint/wal.1"
check 'limit: the next start ends well' "${limited[@]}"
