-- What the scripts share: the totals of all threads end as one line of JSON for the harness.
local report = {}
local threads = {}

-- A thread may run before the next one is set up: nothing may be set in any but the one that is set up.
function report.setup(thread)
  thread:set("id", #threads)
  table.insert(threads, thread)
end

-- done() runs in the main state; counters live in the threads. A script without counters leaves the judging of the
-- status to wrk, which counts everything above 399.
function report.done(summary, latency)
  local ok, refused, example, counted = 0, 0, "", false
  for _, thread in ipairs(threads) do
    counted = counted or thread:get("ok") ~= nil
    ok = ok + (thread:get("ok") or 0)
    refused = refused + (thread:get("refused") or 0)
    if example == "" then example = thread:get("example") or "" end
  end
  local e = summary.errors
  if not counted then
    ok, refused = summary.requests - e.status, e.status
  end
  local line = 'BENCH {"answers":%d,"ok":%d,"refused":%d,"bytes":%d,"duration_us":%d,"connect":%d,"read":%d,' ..
    '"write":%d,"timeout":%d,"p50_us":%d,"p99_us":%d,"example":"%s"}\n'
  local safe_example = example:sub(1, 300):gsub('[%c"\\]', " ")
  io.write(line:format(summary.requests, ok, refused, summary.bytes, summary.duration, e.connect, e.read,
    e.write, e.timeout, latency:percentile(50), latency:percentile(99), safe_example))
end

return report
