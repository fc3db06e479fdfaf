#!/bin/bash
# Run the whole pipeline: install what is missing, build, start a broker, sf-processor and sf-producer, show the tables.
#   ./start.sh                 embedded broker, the shipped sample; Ctrl-C ends everything
#   ./start.sh --once          ends by itself when all input is counted
#   ./start.sh --kafka         the same on Apache Kafka (downloaded by Maven on the first run)
#   ./start.sh --input FILE    another file (JSON array, JSON lines)
#   ./start.sh -- OPTION...    what follows goes to sf-processor, e.g. -- --trigger '1 second'
# Logs and state go to build/run/.
set -u
cd "$(dirname "$0")" || exit 1
root=$PWD

once= kafka= input=data/police-department-calls-for-service.json
while [ $# -gt 0 ]; do
    case $1 in
    --once) once=1 ;;
    --kafka) kafka=1 ;;
    --input) [ $# -ge 2 ] || { echo "start.sh: --input needs a file" >&2; exit 2; }; input=$2; shift ;;
    --input=*) input=${1#--input=} ;;
    -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
    --) shift; break ;;
    *) echo "start.sh: unknown option '$1' (see ./start.sh --help)" >&2; exit 2 ;;
    esac
    shift
done
[ -f "$input" ] && [ -r "$input" ] || { echo "start.sh: cannot read the input file '$input'" >&2; exit 2; }

# The embedded broker keeps 5 MiB a partition. Messages are a fifth smaller than a pretty-printed file, and lz4 halves
# them or better; a partition more for uneven filling. Beyond 64 partitions Apache Kafka is the tool.
partitions=4
if [ -z "$kafka" ]; then
    bytes=$(stat -Lc %s "$input") || exit 1
    partitions=$((bytes / 12000000 + 1))
    [ "$partitions" -ge 4 ] || partitions=4
    if [ "$partitions" -gt 64 ]; then
        echo "start.sh: $input ($((bytes / 1000000)) MB) does not fit the embedded broker, which lives in memory; use --kafka" >&2
        exit 2
    fi
fi

scripts/setup build ${kafka:+kafka} || exit 1
make -s -j"$(nproc)" BUILD=build all >&2 || exit 1

run=$root/build/run
if [ -n "$kafka" ]; then state=$run/kafka; else state=$run/embedded; fi
mkdir -p "$run/log" "$state" || exit 1
# The embedded broker forgets everything when it stops, so its checkpoints are worth nothing afterwards.
[ -n "$kafka" ] || rm -rf "$state/checkpoints"

broker= processor= producer= kafka_started= tail_pid=

alive() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; }

# end PID SECONDS: ask it to end, and insist after that time.
end() {
    alive "$1" || return 0
    kill -TERM "$1" 2>/dev/null
    local i=0
    while alive "$1" && [ "$i" -lt $(($2 * 20)) ]; do
        sleep 0.05
        i=$((i + 1))
    done
    alive "$1" && kill -KILL "$1" 2>/dev/null
    wait "$1" 2>/dev/null
}

stop_all() {
    trap '' INT TERM
    end "$producer" 1
    end "$processor" 2
    end "$tail_pid" 1
    if [ -n "$kafka_started" ]; then scripts/kafka.sh stop "$state/broker" >/dev/null 2>&1; else end "$broker" 1; fi
}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# failed NAME LOG STATUS: say what a program said, and end with its status.
failed() {
    echo "start.sh: $1 ended with status $3; its last lines ($2):" >&2
    tail -n 5 "$2" >&2
    exit "$3"
}

# wait_for PID LOG PATTERN SECONDS: the first line of LOG that matches, or nothing when the process ended or time is up.
wait_for() {
    local i=0
    while [ "$i" -lt $(($4 * 20)) ]; do
        grep -m 1 -E -o "$3" "$2" 2>/dev/null && return 0
        alive "$1" || return 1
        sleep 0.05
        i=$((i + 1))
    done
    return 1
}

# Background jobs of a script ignore SIGINT, so Ctrl-C reaches this script alone, and it stops them in order.
if [ -n "$kafka" ]; then
    scripts/kafka.sh install || exit 1
    kafka_started=1
    brokers=$(scripts/kafka.sh start "$state/broker" 0 2>"$run/log/kafka.log") || failed "Apache Kafka" "$run/log/kafka.log" 3
    # It is there already when this is not the first run.
    scripts/kafka.sh offsets "$brokers" sf.crimes >/dev/null 2>&1 || scripts/kafka.sh topic "$brokers" sf.crimes "$partitions" || exit 1
else
    : >"$run/log/broker.out"
    build/bin/sf-broker --listen 127.0.0.1:0 --topic "sf.crimes:$partitions" >"$run/log/broker.out" 2>"$run/log/broker.log" &
    broker=$!
    brokers=$(wait_for "$broker" "$run/log/broker.out" '127\.0\.0\.1:[0-9]+' 5) || failed sf-broker "$run/log/broker.log" 3
fi

produce() {
    build/bin/sf-producer -b "$brokers" "$input" >"$run/log/producer.log" 2>&1
}

if [ -n "$once" ]; then
    produce &
    producer=$!
    wait "$producer"
    status=$?
    [ "$status" -eq 0 ] || failed sf-producer "$run/log/producer.log" "$status"
    build/bin/sf-processor -b "$brokers" --conf "spark.sql.streaming.checkpointLocation=$state/checkpoints" --trigger availableNow "$@" \
        2>"$run/log/processor.log" &
    processor=$!
    wait "$processor"
    status=$?
    [ "$status" -eq 0 ] || failed sf-processor "$run/log/processor.log" "$status"
    tail -n 1 "$run/log/producer.log" >&2
    exit 0
fi

: >"$run/log/processor.log"
build/bin/sf-processor -b "$brokers" --conf "spark.sql.streaming.checkpointLocation=$state/checkpoints" "$@" 2>"$run/log/processor.log" &
processor=$!
url=$(wait_for "$processor" "$run/log/processor.log" 'http://[^ ]+' 10) || {
    wait "$processor"
    failed sf-processor "$run/log/processor.log" $?
}
echo "The page is at $url - logs are in build/run/log/ - Ctrl-C ends everything." >&2
produce &
producer=$!
wait "$producer"
status=$?
[ "$status" -eq 0 ] || failed sf-producer "$run/log/producer.log" "$status"
wait "$processor"
status=$?
[ "$status" -eq 0 ] || failed sf-processor "$run/log/processor.log" "$status"
