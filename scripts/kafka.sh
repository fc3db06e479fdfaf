#!/usr/bin/env bash
# Apache Kafka for sfcrime: a real broker (KRaft, one node, loopback) from jars of Maven Central.
#
#   scripts/kafka.sh install               jars into build/kafka/ (needs java 17 or newer, and maven), if not there yet
#   scripts/kafka.sh start DIR [PORT]      data and log under DIR; PORT default 9092, 0: a free one; prints HOST:PORT
#   scripts/kafka.sh stop DIR
#   scripts/kafka.sh topic|partitions|offsets|delete-records|delete-topic HOST:PORT ARGS...
#                                          create-topic, add-partitions, list-offsets ... of tests/tools/kafka_tool.c
#
# Environment: SF_KAFKA_HOME (default build/kafka), SF_KAFKA_TOOL (default build/release/tools/kafka_tool, built when
# needed), SF_KAFKA_CONF: lines of name=value that override config/kafka/kraft.properties; SF_KAFKA_CLIENT: options of
# kafka_tool that such a broker asks for ("-X security.protocol=ssl -X ..."); SF_KAFKA_JVM: more options of java.
# Exit codes: 0, 1 failure, 2 usage, 6 port taken.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
home=${SF_KAFKA_HOME:-$root/build/kafka}
tool=${SF_KAFKA_TOOL:-$root/build/release/tools/kafka_tool}

# Quick to start rather than quick after an hour; small.
jvm=(-Xms128m -Xmx512m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -Dlog4j2.level=WARN)

die() {
    echo "kafka.sh: $2" >&2
    exit "$1"
}

usage() {
    sed -n '2,13s/^# \{0,1\}//p' "$0"
}

need_tool() {
    [ -x "$tool" ] || make --no-print-directory -C "$root" build/release/tools/kafka_tool >&2
}

port_open() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Two ports, one behind the other, below those that the kernel gives to clients: one that is free now may else be a
# client's own by the time the broker listens, or comes again.
free_ports() {
    local port=$((20000 + RANDOM % 6000 * 2))
    while port_open "$port" || port_open $((port + 1)); do port=$((20000 + RANDOM % 6000 * 2)); done
    echo "$port $((port + 1))"
}

# 16 random bytes as Kafka writes its ids; it takes none that begins with a dash.
random_id() {
    local id
    id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=')
    echo "A${id:1}"
}

write_properties() { # FILE PORT CONTROLLER_PORT DATA
    # Of two lines for one name the later wins.
    cat "$root/config/kafka/kraft.properties"
    printf '%s\n' "controller.quorum.voters=0@127.0.0.1:$2" "listeners=BROKER://127.0.0.1:$1,CONTROLLER://127.0.0.1:$2" \
        "advertised.listeners=BROKER://127.0.0.1:$1" "log.dirs=$3" "${SF_KAFKA_CONF:-}"
}

wait_gone() { # PID TENTHS
    local i
    for ((i = 0; i < $2; i++)); do
        kill -0 "$1" 2>/dev/null || return 0
        sleep 0.1
    done
    return 1
}

# Two things that make each start quicker: a formatted data directory to copy (saves a JVM of 2 s), and an archive of
# the loaded classes.
prepare() {
    local work port
    work=$(mktemp -d "$home/prepare.XXXXXX")
    write_properties 9092 9093 "$work/template" >"$work/kraft.properties"
    java "${jvm[@]}" -cp "$home/libs/*" kafka.tools.StorageTool format -t "$(random_id)" -c "$work/kraft.properties" >"$work/log" 2>&1 ||
        { cat "$work/log" >&2; die 1 "cannot format a data directory"; }
    rm -rf "$home/template"
    mv "$work/template" "$home/template"
    rm -rf "$work"
    # The archive is a gift: without it Kafka starts a little later.
    work=$(mktemp -d "$home/prepare.XXXXXX")
    if SF_KAFKA_JVM="-XX:ArchiveClassesAtExit=$home/classes.jsa.new" start "$work" 0 >/dev/null 2>&1; then
        stop "$work" >/dev/null 2>&1 || true
        [ ! -s "$home/classes.jsa.new" ] || mv "$home/classes.jsa.new" "$home/classes.jsa"
    fi
    rm -rf "$work" "$home/classes.jsa.new"
}

install() {
    local stamp
    stamp=$(cat "$root/config/kafka/pom.xml" "$root/config/kafka/kraft.properties" "$root/scripts/kafka.sh" | cksum)
    [ "$(cat "$home/stamp" 2>/dev/null)" != "$stamp" ] || return 0
    mkdir -p "$home"
    # Two that install at the same time: the second finds it done.
    exec 7>"$home/lock"
    flock 7
    [ "$(cat "$home/stamp" 2>/dev/null)" != "$stamp" ] || return 0
    command -v java >/dev/null || die 1 "java is missing: apt-get install openjdk-17-jre-headless"
    command -v mvn >/dev/null || die 1 "mvn is missing: apt-get install maven"
    rm -rf "$home/libs" "$home/stamp" "$home/classes.jsa"
    mvn -B -q -f "$root/config/kafka/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies -DincludeScope=runtime \
        -DoutputDirectory="$home/libs" >"$home/mvn.log" 2>&1 || { cat "$home/mvn.log" >&2; die 1 "maven could not fetch Kafka's jars"; }
    prepare
    echo "$stamp" >"$home/stamp"
}

running() { # DIR: true, with pid set, when the broker of DIR lives
    pid=$(cat "$1/pid" 2>/dev/null) && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null
}

# launch DIR PORT: 0 when the broker listens there, or has not for a minute; 1 when it ended.
launch() {
    local dir=$1 port=$2 extra=() i
    [ ! -e "$home/classes.jsa" ] || extra+=("-XX:SharedArchiveFile=$home/classes.jsa")
    # shellcheck disable=SC2086 # several options
    (cd "$dir" && exec setsid java "${jvm[@]}" "${extra[@]}" ${SF_KAFKA_JVM:-} -cp "$home/libs/*" kafka.Kafka "$dir/kraft.properties") \
        >"$dir/kafka.log" 2>&1 </dev/null 7>&- &
    pid=$!
    echo "$pid" >"$dir/pid"
    for ((i = 0; i < 600; i++)); do
        kill -0 "$pid" 2>/dev/null || { rm -f "$dir/pid"; return 1; }
        ! port_open "$port" || return 0
        sleep 0.1
    done
}

start() {
    local dir=$1 wanted=${2:-9092} port controller tries=5
    [ -d "$home/libs" ] || die 1 "Kafka's jars are missing: run scripts/kafka.sh install"
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)
    ! running "$dir" || die 6 "a broker with data under $dir runs already (pid $pid)"
    if [ ! -e "$dir/data/meta.properties" ]; then
        rm -rf "$dir/data"
        cp -r "$home/template" "$dir/data"
        sed -i "s/^cluster.id=.*/cluster.id=$(random_id)/; s/^directory.id=.*/directory.id=$(random_id)/" "$dir/data/meta.properties"
    fi
    while :; do
        if [ "$wanted" = 0 ]; then
            read -r port controller < <(free_ports)
        else
            port=$wanted
            ! port_open "$port" || die 6 "port $port on 127.0.0.1 is taken; stop that program or choose another port"
            controller=$((port + 6 - tries))
            while port_open "$controller"; do controller=$((controller + 1)); done
        fi
        write_properties "$port" "$controller" "$dir/data" >"$dir/kraft.properties"
        ! launch "$dir" "$port" || break
        # A port that was free a moment ago may be taken by the time the broker listens.
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] && grep -q 'Address already in use' "$dir/kafka.log" ||
            { tail -n 20 "$dir/kafka.log" >&2; die 1 "Kafka ended; see $dir/kafka.log"; }
    done
    if [ -x "$tool" ]; then
        # shellcheck disable=SC2086 # several options
        "$tool" -b "127.0.0.1:$port" ${SF_KAFKA_CLIENT:-} cluster-id >/dev/null || die 1 "Kafka does not answer on port $port; see $dir/kafka.log"
    else
        port_open "$port" || die 1 "Kafka did not open port $port in 60 s; see $dir/kafka.log"
    fi
    echo "127.0.0.1:$port"
}

stop() {
    running "$1" || { rm -f "$1/pid"; return 0; }
    kill "$pid"
    if ! wait_gone "$pid" 200; then
        kill -9 "$pid" 2>/dev/null || true
        wait_gone "$pid" 50 || die 1 "process $pid does not end"
    fi
    rm -f "$1/pid"
}

with_tool() { # VERB HOST:PORT ARGS...
    local verb=$1 servers=$2
    shift 2
    need_tool
    # shellcheck disable=SC2086 # several options
    exec "$tool" -b "$servers" ${SF_KAFKA_CLIENT:-} "$verb" "$@"
}

verb=${1:-}
[ $# -eq 0 ] || shift
case $verb in
install) install ;;
start) [ $# -ge 1 ] || die 2 "start needs a directory"; start "$@" ;;
stop) [ $# -eq 1 ] || die 2 "stop needs a directory"; stop "$1" ;;
topic) [ $# -ge 3 ] || die 2 "topic HOST:PORT NAME PARTITIONS [config=value ...]"; with_tool create-topic "$@" ;;
delete-topic) [ $# -eq 2 ] || die 2 "delete-topic HOST:PORT NAME"; with_tool delete-topic "$@" ;;
partitions) [ $# -eq 3 ] || die 2 "partitions HOST:PORT NAME TOTAL"; with_tool add-partitions "$@" ;;
delete-records) [ $# -ge 3 ] || die 2 "delete-records HOST:PORT TOPIC P:OFFSET ..."; with_tool delete-records "$@" ;;
offsets) [ $# -eq 2 ] || die 2 "offsets HOST:PORT TOPIC"; with_tool list-offsets "$@" ;;
-h | --help) usage ;;
*) usage >&2; exit 2 ;;
esac
