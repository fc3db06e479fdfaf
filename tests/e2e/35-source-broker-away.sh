#!/bin/bash
# brokers: kafka
# A broker that is killed, or frozen, in the middle of a query: the query waits without burning the processor, says so
# on the API, and goes on by itself; every record counts once. And on a broker that has never seen a consumer group a
# query ends as soon as it is done.
. tests/e2e/lib.sh
input=data/police-department-calls-for-service.json
# A broker that was killed may come again when its session is over.
export SF_KAFKA_TOOL="$TOOLS/kafka_tool" SF_KAFKA_CONF=$'log.retention.ms=-1\nbroker.session.timeout.ms=6000'
dir=$work/kafka
broker_up() { # PORT
    BROKERS=$(scripts/kafka.sh start "$dir" "$1" 2>"$work/kafka.err" | tail -n 1)
    [ -n "$BROKERS" ] || { not_ok 'a broker of its own starts' "$(tail -n 5 "$work/kafka.err")"; exit 1; }
    broker_pid=$(cat "$dir/pid")
    pids="$pids $broker_pid"
}
broker_up 0
TOPIC=e2e.away
"$TOOLS/kafka_tool" -b "$BROKERS" create-topic "$TOPIC" 3
check 'produce' produce "$input"

# No group coordinator is there yet: librdkafka would wait up to 45 s for one at the end.
config "$work/fresh.properties" "$SQL_CATEGORY"
began=$(date +%s%N)
timeout 40 "$BIN/sf-processor" --config "$work/fresh.properties" >"$work/fresh.out" 2>"$work/fresh.err" </dev/null
check 'a query on a fresh broker ends well, and does not wait for the coordinator' test $? -eq 0
echo "# it took $((($(date +%s%N) - began) / 1000000)) ms"
check 'its counts' same_counts category "$input" "$work/fresh.out"

config "$work/q.properties" "$SQL_CATEGORY" 'source.calls.maxOffsetsPerTrigger = 40'
sed -i 's/^query.q.trigger = .*/query.q.trigger = 100 milliseconds/' "$work/q.properties"
start "$work/q" "$BIN/sf-processor" --config "$work/q.properties"
runner=$pid
wait_until 20 grep -q 'http://' "$work/q.err" || not_ok 'a URL is logged' "$(tail -n 3 "$work/q.err")"
url=$(grep -o 'http://[^ ]*' "$work/q.err" | head -n 1)
api() { http "$url/api/v1/progress" | "$PYTHON" -c "import json, sys; q = json.load(sys.stdin)['queries'][0]; print(q['$1'])"; }
status_is() { [ "$(api status)" = "$1" ]; }
rows() { [ "$(api inputRows)" -ge "$1" ]; }
ticks() { awk '{print $14 + $15}' "/proc/$runner/stat"; }

# idle_for SECONDS: the share of a processor that the query takes, in percent.
idle_for() {
    local first until
    first=$(ticks)
    until=$(($(date +%s%N) + $1 * 1000000000))
    while [ "$(date +%s%N)" -lt "$until" ]; do pause; done
    echo $((($(ticks) - first) * 100 / ($(getconf CLK_TCK) * $1)))
}

# away HOW: the broker has been made unreachable; the query must wait.
away() {
    check "$1: the API shows that it waits" wait_until 30 status_is waiting
    check "$1: and for what" wait_until 30 sh -c "curl -s '$url/api/v1/progress' | grep -q -i 'waiting for the broker'" # not while it tries
    share=$(idle_for 3)
    check "$1: it takes $share % of a processor" test "$share" -lt 5
    check "$1: it runs" kill -0 "$runner"
}

check 'first batches' wait_until 20 rows 200
kill -KILL "$broker_pid"
wait_until 10 sh -c "! kill -0 $broker_pid" || not_ok 'the broker ends'
check 'work was left' test "$(api inputRows)" -lt 1500
away 'killed'
broker_up "${BROKERS##*:}"
check 'killed: it goes on by itself' wait_until 60 status_is running
counted=$(api inputRows)
check 'killed: batches come again' wait_until 30 rows $((counted + 100))

check 'work was left for the second time' test "$(api inputRows)" -lt 1900
kill -STOP "$broker_pid"
away 'frozen'
kill -CONT "$broker_pid"
check 'all records are counted' wait_until 60 rows 2000
settled() { status_is idle && [ "$(api inputRows)" = 2000 ]; }
check 'none twice' wait_until 20 settled
kill "$runner"
end_of "$runner" 15
check 'SIGTERM' test "$status" = 0
check 'counts' same_counts category "$input" "$work/q.out"
sed -n 's/^Batch: //p' "$work/q.out" >"$work/ids"
check 'batch ids have no gap, none came twice' awk '$1 != NR - 1 { exit 1 }' "$work/ids"
scripts/kafka.sh stop "$dir" >/dev/null 2>&1
