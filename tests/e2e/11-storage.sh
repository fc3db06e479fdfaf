#!/bin/bash
# brokers: embedded
# No more room for the checkpoint (a limit on the size of files stands for a full disk), again and again, each time at
# another point: one line that names the file, exit code 7, and the next start goes on exactly where this one was.
. tests/e2e/lib.sh
input=$work/calls.json
"$BIN/sf-datagen" -n 6000 --seed 6 >"$input" || { not_ok 'generate'; exit 1; }
broker_start 3
check 'produce' produce "$input"

for kind in category hour; do
    sql=$SQL_CATEGORY
    [ "$kind" = category ] || sql=$SQL_HOUR
    conf=$work/$kind.properties
    config "$conf" "$sql" 'source.calls.maxOffsetsPerTrigger = 20'
    : >"$work/all"
    failed=0
    for kib in 1 4 9 16 30 45 70 100; do
        # The table goes through a pipe: the limit is for the checkpoint alone.
        (ulimit -f "$kib" && exec "$BIN/sf-processor" --config "$conf" --log-level error) 2>"$work/err" </dev/null | cat >>"$work/all"
        status=${PIPESTATUS[0]}
        if [ "$status" -eq 7 ] && tail -n 1 "$work/err" | grep -q "query q: .*cannot .*$kind.checkpoint.*: File too large"; then
            failed=$((failed + 1))
        else
            not_ok "$kind: no room beyond $kib KiB" "exit status $status" "$(tail -n 3 "$work/err")"
        fi
    done
    check "$kind: each time 7, and the file" test "$failed" -eq 8
    process "$conf" >"$work/out" 2>"$work/err" </dev/null
    check "$kind: with room again it ends well" test $? -eq 0
    check "$kind: there was work left" grep -q '^Batch: ' "$work/out"
    check "$kind: counts" same_counts "$kind" "$input" "$work/out"
    cat "$work/out" >>"$work/all"
    # No batch is left out; at each start the last one may come again.
    check "$kind: batch ids" awk '/^Batch: / { if (n++ && $2 != last + 1 && !($2 == last && ++again <= 9)) { print last, $2; exit 1 } last = $2 }' "$work/all"
done
