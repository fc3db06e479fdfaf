#!/bin/bash
# brokers: embedded kafka
# The page and the API beside a running pipeline: live numbers, agreement with the console, status codes.
. tests/e2e/lib.sh
input=data/police-department-calls-for-service.json
broker_start 2
config "$work/http.properties" "$SQL_CATEGORY" 'source.calls.maxOffsetsPerTrigger = 100'
sed -i 's/^query.q.trigger = .*/query.q.trigger = 100 milliseconds/' "$work/http.properties"
start "$work/p" "$BIN/sf-processor" --config "$work/http.properties" --progress-file "$work/progress.jsonl"
processor=$pid
wait_until 20 grep -q 'http://' "$work/p.err" || not_ok 'a URL is logged' "$(tail -n 3 "$work/p.err")"
url=$(grep -o 'http://[^ ]*' "$work/p.err" | head -n 1)

get() { http "$url$1"; }
code_of() { http -o "$work/body" -w '%{http_code}' "$@"; }
status_is() { check "$1 -> $2" test "$(code_of "$url$1")" = "$2"; }
field() { get "$1" | "$PYTHON" -c "import json, sys; d = json.load(sys.stdin); print($2)"; }

check 'ready' wait_until 20 sh -c "[ \"\$(curl -s -o /dev/null -w '%{http_code}' '$url/readyz')\" = 200 ]"
check 'produce' produce "$input"
all_read() { [ "$(field /api/v1/progress 'd["queries"][0]["inputRows"]')" = 2000 ]; }
check 'all records are counted' wait_until 30 all_read
check 'lag goes to 0' wait_until 20 sh -c "[ \"\$(curl -s '$url/api/v1/source' | python3 -c 'import json,sys; print(json.load(sys.stdin)[\"queries\"][0][\"lag\"])')\" = 0 ]"
idle() { [ "$(field /api/v1/progress 'd["queries"][0]["status"]')" = idle ]; }
check 'caught up shows as idle' wait_until 20 idle

get '/api/v1/table?limit=100000' >"$work/table.json"
check 'the table equals the oracle' same_counts category "$input" "$work/table.json"
check 'the page shows the first category' sh -c "curl -s '$url/' | grep -q 'Passing Call'"
app=$(field /api/v1/applications 'd[0]["id"]')
run=$(field "/api/v1/applications/$app/sql/streamingqueries" 'd[0]["runId"]')
check 'progress objects as Spark shows them' test "$(field "/api/v1/applications/$app/sql/streamingqueries/$run/progress?last=3" 'len(d)')" = 3
check 'batch ids are in order' test "$(field "/api/v1/applications/$app/sql/streamingqueries/$run/progress?last=3" 'd[0]["batchId"] + 2 == d[2]["batchId"]')" = True
check 'metrics count the rows' sh -c "curl -s '$url/metrics' | grep -q -x 'sfcrime_input_rows_total{query=\"q\"} 2000'"
check 'history as CSV' sh -c "curl -s '$url/api/v1/progress?last=5&format=csv' | head -n 1 | grep -q '^batchId,timestamp,maxOffsetsPerTrigger'"
for path in / /jobs/ /healthz /readyz /version /metrics /api/v1/version /assets/style.css; do status_is "$path" 200; done
for path in /nosuch /api/v1 /api/v1/applications/nosuch; do status_is "$path" 404; done
status_is '/api/v1/progress?last=x' 400
check 'POST -> 405' test "$(code_of -X POST "$url/")" = 405
check 'foreign Host -> 403' test "$(code_of -H 'Host: evil.example' "$url/")" = 403
check 'HEAD works' test "$(http -I -o /dev/null -w '%{http_code}' "$url/")" = 200
check 'security headers' sh -c "curl -sI '$url/' | grep -q -i '^content-security-policy: default-src .none'"

promtool=$(scripts/promtool.sh "$BUILD" 2>"$work/promtool.err") || promtool=
"$PYTHON" tests/tools/check_http.py "$url" "$scenario/$BROKER" "$promtool" 2>"$work/check.err" || not_ok 'check_http runs' "$(tail -n 5 "$work/check.err")"

kill -TERM "$processor"
end_of "$processor" 10
check 'SIGTERM ends with 0' test "$status" = 0
check 'each progress record is one line of JSON' "$PYTHON" -c "
import json
rows = [json.loads(line) for line in open('$work/progress.jsonl')]
batches = [r for r in rows if 'addBatch' in r['durationMs']]
assert [b['batchId'] for b in batches] == list(range(len(batches)))
assert sum(r['numInputRows'] for r in rows) == 2000"
check 'made-progress lines are logged' grep -q 'INFO ProgressReporter: Streaming query made progress: {' "$work/p.err"
