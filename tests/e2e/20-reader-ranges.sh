#!/bin/bash
# brokers: kafka
# Ranges of offsets over all that a log can hold that is no record: control records, aborted and open transactions,
# compaction, deleted records.
. tests/e2e/lib.sh
broker_start 1
tool() { "$TOOLS/kafka_tool" -b "$BROKERS" "$@"; }
range() { "$TOOLS/range_tool" -b "$BROKERS" "$@"; }

# served NAME EXPECTED ARGS...: the lines of range_tool, joined by " / ", without the partition and the range.
served() {
    local name=$1 wanted=$2 got
    shift 2
    got=$(range "$@" 2>&1 | sed 's/^[0-9]* [0-9]* [0-9]*: *//' | paste -s -d '/' | sed 's:/: / :g')
    if [ "$got" = "$wanted" ]; then ok "$name"; else not_ok "$name" "wanted: $wanted" "got:    $got"; fi
}

# 0-4 committed, 5 control, 6-10 aborted, 11 control, 12-16 committed, 17 control, then three short transactions
check 'transactions' tool produce-tx "$TOPIC" 0 commit=5 abort=5 commit=5 commit=1 commit=1 commit=2
served 'three offsets a range' '0 1 2 / 3 4 5* / 6* 7* 8* / 9* 10* 11* / 12 13 14 / 15 16 17* / 18 19* 20 / 21* 22 23 / 24*' plan "$TOPIC" 3
served 'all in one range' '0 1 2 3 4 5* 6* 7* 8* 9* 10* 11* 12 13 14 15 16 17* 18 19* 20 21* 22 23 24*' plan "$TOPIC" 100
served 'ranges that hold nothing' '5* / 6* 7* 8* 9* / 10* 11* / 12' read "$TOPIC" 0 5 6 10 12 13
served 'a start inside an aborted transaction' '8* 9* 10* / 11* 12 13 / 14' read "$TOPIC" 0 8 11 14 15
served 'everything when uncommitted records are wanted' '0 1 2 3 4 5* 6 7 8 9 / 10 11*' -X isolation.level=read_uncommitted read "$TOPIC" 0 0 10 12

# a transaction that is open hides what is behind it
open=$TOPIC.open
tool create-topic "$open" 1
mkfifo "$work/hold"
tool produce-tx "$open" 0 plain=12 open=6 <"$work/hold" >"$work/open.out" 2>"$work/open.err" &
pids="$pids $!"
holder=$!
exec 8>"$work/hold"
check 'a transaction stays open' wait_until 30 grep -q open "$work/open.out"
check 'offsets tell the last stable one' test "$(tool list-offsets "$open")" = '0 0 12 18'
served 'the plan ends there' '0 1 2 3 4 / 5 6 7 8 9 / 10 11' plan "$open" 5
exec 8>&-
end_of $holder 30
check 'it is aborted' test "$status" = 0
served 'then the rest is a range of nothing' '0 1 2 3 4 5 6 7 8 9 / 10 11 12* 13* 14* 15* 16* 17* 18*' plan "$open" 10

# compaction: of the first batch only k1 and k2 are left, with a hole at its end
compact=$TOPIC.compact
tool create-topic "$compact" 1 cleanup.policy=compact segment.ms=50 min.cleanable.dirty.ratio=0.001 max.compaction.lag.ms=100
tool produce-tx "$compact" 0 keys=k1,a,b,k2,a,b,c
pause
pause
tool produce-tx "$compact" 0 keys=a,b,c
pause
pause
tool produce-tx "$compact" 0 keys=z
compacted() { [ "$(tool consume "$compact" | wc -l)" = 6 ]; }
if wait_until 60 compacted; then
    served 'holes of compaction' '0 1* 2* / 3 4* 5* / 6* 7 8 / 9 10' plan "$compact" 3
    served 'a record behind the hole waits for its range' '0 1* 2* 3 4* / 5* / 6* 7 / 8 9 10' read "$compact" 0 0 5 6 8 11
    served 'a start in the hole' '5* / 6* 7 / 8' read "$compact" 0 5 6 8 9
else
    not_ok 'the broker compacts' "$(tool consume "$compact")"
fi

# lost data
check 'records are deleted' tool delete-records "$open" 0:7
served 'lost data are told with the first offset that is left' 'lost, first is 7' read "$open" 0 3 9
range read "$open" 0 3 9 >/dev/null 2>&1
check 'and end with 4' test $? -eq 4
served 'offsets beyond the end too' 'lost, first is 7' read "$open" 0 100 101
