#!/bin/bash
# brokers: embedded
# ./start.sh: the newcomer's command ends by itself with --once; live, it prints tables, names the page, and Ctrl-C
# leaves no process.
. tests/e2e/lib.sh
check '--once ends with 0' sh -c "./start.sh --once -- --ui-port 0 >'$work/once.out' 2>'$work/once.err' </dev/null"
check 'tables are printed' grep -q '^Batch: 0' "$work/once.out"
check 'the last table counts the sample' grep -q 'Passing Call' "$work/once.out"
gives 'missing input' 2 'nosuch' ./start.sh --input "$work/nosuch"
gives 'unknown option' 2 'nosuch' ./start.sh --nosuch

setsid env --default-signal=INT bash -c 'exec ./start.sh -- --ui-port 0 --trigger "1 second"' >"$work/live.out" 2>"$work/live.err" </dev/null &
pid=$!
pids="$pids $pid"
check 'the first table comes' wait_until 60 grep -q 'Passing Call' "$work/live.out"
check 'the page is named' grep -E -q 'http://127\.0\.0\.1:[0-9]+' "$work/live.err"
url=$(grep -E -o 'http://127\.0\.0\.1:[0-9]+' "$work/live.err" | head -n 1)
check 'the page answers' sh -c "curl -s '$url/' | grep -q 'Passing Call'"
started=$SECONDS
kill -INT -- "-$pid"
end_of "$pid" 5
check 'Ctrl-C ends it within 3 s' test $((SECONDS - started)) -le 3 -a "$status" != running
check 'no process is left' sh -c "! pgrep -g $pid >/dev/null"
