#!/bin/bash
# brokers: embedded kafka
# The shipped sample, counted three ways at several batch sizes: every count equals the oracle's.
. tests/e2e/lib.sh
input=data/police-department-calls-for-service.json
broker_start 4
check 'the producer sends the sample' produce "$input"
check 'every record is acknowledged' grep -E -q '2000 .*acknowledged' "$work/producer.err"

for limit in none 37 200; do
    for kind in category hour description; do
        case $kind in
        category) sql=$SQL_CATEGORY ;;
        hour) sql=$SQL_HOUR ;;
        description) sql=$SQL_DESCRIPTION ;;
        esac
        line=; [ "$limit" = none ] || line="source.calls.maxOffsetsPerTrigger = $limit"
        config "$work/$kind-$limit.properties" "$sql" "$line"
        process "$work/$kind-$limit.properties" >"$work/out" 2>"$work/err" </dev/null
        check "$kind, limit $limit: ends well" test $? -eq 0
        check "$kind, limit $limit: counts" same_counts "$kind" "$input" "$work/out"
    done
done
heads=$(grep -c '^Batch: ' "$work/out")
check 'a limit of 200 makes at least 10 batches' test "$heads" -ge 10

config "$work/inner.properties" "SELECT r.description, count(*) AS count FROM calls c JOIN radio_code r ON c.disposition = r.disposition_code GROUP BY r.description"
process "$work/inner.properties" >"$work/out" 2>"$work/err" </dev/null
check 'inner join' same_counts inner "$input" "$work/out"
