-- Renames workspaces in turn, each request with an idempotency key and a name never used before.
--
--   wrk -t THREADS -s patch.lua URL -- IDS_FILE TOKEN ROUND LIMIT THREADS
--
-- IDS_FILE: one workspace id a line. ROUND: makes keys and names of this run different from all others.
-- LIMIT: answers a thread waits for before it stops; 0 for no limit.
-- The n-th request of thread t of T goes to workspace n * T + t: never two in flight to one workspace
-- while there are more workspaces than connections.
package.path = (debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "?.lua;" .. package.path
local report = require("report")

setup, done = report.setup, report.done
ok, refused, example = 0, 0, ""

local heads, n, limit, threads, round = {}, 0, 0, 0, ""

function init(args)
  local ids, token = args[1], args[2]
  round, limit, threads = args[3], tonumber(args[4]), tonumber(args[5])
  for workspace in io.lines(ids) do
    heads[#heads + 1] = table.concat({
      "PATCH /v1/workspaces/" .. workspace .. " HTTP/1.1",
      "Host: " .. wrk.headers["Host"],
      "Authorization: Bearer " .. token,
      "Content-Type: application/json",
      "Content-Length: %d",
      "Idempotency-Key: ",
    }, "\r\n")
  end
  local length = #body(0)
  for i = 1, #heads do heads[i] = heads[i]:gsub("%%d", tostring(length)) end
end

function body(number)
  return string.format('{"name":"bench %s %02d %010d"}', round, id, number)
end

function request()
  n = n + 1
  local head = heads[(n * threads + id) % #heads + 1]
  return head .. round .. "-" .. id .. "-" .. n .. "\r\n\r\n" .. body(n)
end

function response(status, _, answer)
  if status == 200 then
    ok = ok + 1
  else
    refused = refused + 1
    if example == "" then example = status .. " " .. answer end
  end
  if limit > 0 and ok + refused >= limit then wrk.thread:stop() end
end
