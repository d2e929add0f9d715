-- Reads one resource over and over; the same script loads ours and nginx.
--
--   wrk -s get.lua URL -- TOKEN
--
-- No response(): its cost to the generator is the same for both servers, and so would flatter the slower one.
package.path = (debug.getinfo(1, "S").source:match("^@(.*/)") or "./") .. "?.lua;" .. package.path
local report = require("report")

setup, done = report.setup, report.done

function init(args)
  wrk.headers["Authorization"] = "Bearer " .. args[1]
end
