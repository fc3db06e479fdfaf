#!/bin/bash
# brokers: embedded kafka
# 199,999 generated records (112 MB): produced, counted, equal to the oracle; memory stays within its bounds.
. tests/e2e/lib.sh
input=$work/calls.json
"$BIN/sf-datagen" --records 199999 --seed 7 >"$input" || not_ok 'generate'
broker_start 12
command time -f '%M' -o "$work/rss" "$BIN/sf-producer" -b "$BROKERS" -t "$TOPIC" "$input" >/dev/null 2>"$work/producer.err" </dev/null
check 'the producer sends all' test $? -eq 0
check 'all 199,999 are acknowledged' grep -E -q '199,?999 .*acknowledged' "$work/producer.err"
check 'producer stays below 40 MB' test "$(cat "$work/rss")" -lt 40000

for job in category:none category:20000 hour:none description:50000; do
    kind=${job%:*} limit=${job#*:}
    case $kind in
    category) sql=$SQL_CATEGORY ;;
    hour) sql=$SQL_HOUR ;;
    description) sql=$SQL_DESCRIPTION ;;
    esac
    line=; [ "$limit" = none ] || line="source.calls.maxOffsetsPerTrigger = $limit"
    # Only the last table matters here, and the whole of it: print it once, at the end.
    config "$work/$kind-$limit.properties" "$sql" "$line"
    command time -f '%M' -o "$work/rss" "$BIN/sf-processor" --config "$work/$kind-$limit.properties" >"$work/out" 2>"$work/err" </dev/null
    check "$kind, limit $limit: ends well" test $? -eq 0
    check "$kind, limit $limit: counts" same_counts "$kind" "$input" "$work/out"
    [ "$kind" != category ] || check "$kind, limit $limit: below 40 MB" test "$(tail -n 1 "$work/rss")" -lt 40000
    rm -f "$work/out"
done

# What is fetched ahead is bounded, however far the processor falls behind the fetching: here it shares one core with a
# busy loop.
cpu=$(taskset -cp $$ | sed 's/.*: //; s/[,-].*//')
start "$work/busy" taskset -c "$cpu" sh -c 'while :; do :; done'
for run in 1 2 3; do
    rm -rf "$work/category-none.checkpoint"
    command time -f '%M' -o "$work/rss" taskset -c "$cpu" nice -n 5 "$BIN/sf-processor" --config "$work/category-none.properties" >"$work/out" 2>"$work/err" </dev/null
    check "slowed down, run $run: counts" same_counts category "$input" "$work/out"
    check "slowed down, run $run: below 40 MB" test "$(tail -n 1 "$work/rss")" -lt 40000
done
kill "$pid"
