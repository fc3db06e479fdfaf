# Shared by the scenarios: temp directory, broker, programs, checks in TAP. Sourced, from the repository's root.
#
# A scenario's second line says on which brokers it runs (`# brokers: embedded kafka`); tests/e2e/run sets BROKER
# accordingly. Checks print `ok - ...` or `not ok - ...`; the scenario goes on after a failed one. Waiting is always for
# a condition, with a limit.
set -u
BUILD="${BUILD:-$PWD/build}"
BIN="$BUILD/bin"
TOOLS="$BUILD/release/tools"
BROKER="${BROKER:-embedded}"
PYTHON=python3
work=$(mktemp -d "${TMPDIR:-/tmp}/sf-e2e.XXXXXX") || exit 1
mkfifo "$work/never" || exit 1
exec 9<>"$work/never"
pids=
scenario=$(basename "$0" .sh)

# Nothing is ever written to the pipe: this is a bounded wait between two looks at a condition.
pause() { read -r -t 0.03 -u 9 _ || true; }

finish() {
    local status=$?
    exec 2>/dev/null # the shell's word about each killed job
    for pid in $pids; do kill -KILL "$pid" 2>/dev/null; done
    wait 2>/dev/null
    if [ -n "${KEEP:-}" ]; then echo "# kept: $work"; else rm -rf "$work"; fi
    exit "$status"
}
trap finish EXIT

ok() { echo "ok - $scenario/$BROKER: $1"; }
not_ok() {
    echo "not ok - $scenario/$BROKER: $1"
    shift
    for line in "$@"; do printf '%s\n' "$line" | head -n 15 | sed 's/^/# /'; done
}

# check NAME COMMAND...: ok if the command succeeds.
check() {
    local name=$1 out
    shift
    if out=$("$@" 2>&1); then ok "$name"; else not_ok "$name" "$out"; fi
}

# wait_until SECONDS COMMAND...: until it succeeds; fails when time is up, which is never before a minute: what takes
# seconds on an idle machine takes longer on one that has much else to do.
wait_until() {
    local deadline=$((SECONDS + ($1 < 60 ? 60 : $1)))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        pause
    done
    return 0 # not the status of the last wait
}

# gives NAME STATUS PATTERN COMMAND...: exit status, and one line on stderr that matches the extended regular
# expression. The last line of stderr must be the one that tells: what a user sees.
gives() {
    local name=$1 wanted=$2 pattern=$3 status
    shift 3
    timeout 60 "$@" >"$work/gives.out" 2>"$work/gives.err" </dev/null
    status=$?
    if [ "$status" -ne "$wanted" ]; then
        not_ok "$name" "exit status $status, wanted $wanted" "$(tail -n 5 "$work/gives.err")"
    elif ! grep -E -q -e "$pattern" "$work/gives.err" "$work/gives.out"; then
        not_ok "$name" "no line matches: $pattern" "$(tail -n 5 "$work/gives.err")"
    else
        ok "$name"
    fi
}

# start LOG COMMAND...: in the background; sets pid.
start() {
    local log=$1
    shift
    rm -f "$log.out" "$log.err" # nobody may take the words of an earlier run for this one's
    "$@" >"$log.out" 2>"$log.err" </dev/null &
    pid=$!
    pids="$pids $pid"
}

# end_of PID SECONDS: wait for its end; sets status to its exit status, or to "running".
end_of() {
    if wait_until "$2" sh -c "! kill -0 $1 2>/dev/null"; then
        wait "$1"
        status=$?
    else
        status=running
    fi
}

# broker_start PARTITIONS: sets BROKERS and TOPIC. Embedded: a broker of this scenario's own. Apache Kafka: a new topic
# on the shared one.
broker_start() {
    TOPIC=sf.crimes
    if [ "$BROKER" = kafka ]; then
        BROKERS=$KAFKA_BROKERS
        TOPIC="e2e.$scenario.$$"
        "$TOOLS/kafka_tool" -b "$BROKERS" create-topic "$TOPIC" "$1" >/dev/null || { not_ok "create the topic"; exit 1; }
        return
    fi
    start "$work/broker" "$BIN/sf-broker" --listen 127.0.0.1:0 --topic "$TOPIC:$1"
    broker_pid=$pid
    wait_until 10 grep -q 'ready on' "$work/broker.out" || { not_ok "start the broker" "$(cat "$work/broker.err")"; exit 1; }
    BROKERS=$(grep -o '127\.0\.0\.1:[0-9]*' "$work/broker.out" | head -n 1)
}

produce() { "$BIN/sf-producer" -b "$BROKERS" -t "$TOPIC" "$@" >"$work/producer.out" 2>"$work/producer.err" </dev/null; }

SCHEMA='crime_id STRING, original_crime_type_name STRING, report_date STRING, call_date STRING, offense_date STRING, call_time STRING, call_date_time TIMESTAMP, disposition STRING, address STRING, city STRING, state STRING, agency_id STRING, address_type STRING, common_location STRING'
SQL_CATEGORY='SELECT original_crime_type_name, count(*) AS count FROM calls GROUP BY original_crime_type_name ORDER BY count DESC, original_crime_type_name'
SQL_HOUR="SELECT original_crime_type_name, window(call_date_time, '60 minutes').start AS start, count(*) AS count FROM calls GROUP BY original_crime_type_name, window(call_date_time, '60 minutes')"
SQL_DESCRIPTION='SELECT c.original_crime_type_name, r.description, count(*) AS count FROM calls c LEFT JOIN radio_code r ON c.disposition = r.disposition_code GROUP BY c.original_crime_type_name, r.description'

# config FILE SQL [LINE...]: a configuration with one query `q`, complete mode, whole table, checkpoint beside the file.
config() {
    local file=$1 sql=$2
    shift 2
    {
        echo "kafka.bootstrap.servers = $BROKERS"
        echo "source.calls.subscribe = $TOPIC"
        echo "source.calls.startingOffsets = earliest"
        echo "source.calls.schema = $SCHEMA"
        echo "table.radio_code.path = $PWD/data/radio_code.json"
        echo "table.radio_code.schema = disposition_code STRING, description STRING"
        echo "spark.ui.port = 0"
        echo "query.q.sql = $sql"
        echo "query.q.outputMode = complete"
        echo "query.q.trigger = availableNow"
        echo "query.q.format = console"
        echo "query.q.option.numRows = 1000000"
        echo "query.q.option.truncate = false"
        echo "query.q.checkpointLocation = ${file%.properties}.checkpoint"
        for line in "$@"; do echo "$line"; done
    } >"$file"
}

process() { "$BIN/sf-processor" --config "$@"; }

# same_counts KIND INPUT STDOUT: the last table in STDOUT equals what the oracle counts in INPUT (category, hour,
# description).
same_counts() { "$PYTHON" tests/tools/compare_counts.py "$@"; }

http() { curl -sS --max-time 60 "$@"; }
