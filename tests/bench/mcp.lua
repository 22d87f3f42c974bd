-- wrk: POST /mcp, tools/call.  Arguments: key, tool, revision.
-- An answer that is none of a call that was done counts as an error.
function init(args)
	local tool, revision = args[2], args[3]
	headers = {
		["Content-Type"] = "application/json",
		["Accept"] = "application/json, text/event-stream",
		["Authorization"] = "Bearer " .. args[1],
		["MCP-Protocol-Version"] = revision,
	}
	local meta = ''
	if revision == "2026-07-28" then
		headers["Mcp-Method"], headers["Mcp-Name"] = "tools/call", tool
		meta = ',"_meta":{"io.modelcontextprotocol/protocolVersion":' ..
			'"2026-07-28",' ..
			'"io.modelcontextprotocol/clientCapabilities":{}}'
	end
	body = string.format('{"jsonrpc":"2.0","id":1,"method":"tools/call",' ..
		'"params":{"name":"%s","arguments":{"text":"hello"}%s}}',
		tool, meta)
end

local threads = {}
function setup(thread)
	table.insert(threads, thread)
end

function request()
	return wrk.format("POST", "/mcp", headers, body)
end

function response(status, _, text)
	if status ~= 200 or not string.find(text, '"hello"', 1, true) then
		bad = (bad or 0) + 1
	end
end

function done(summary, latency)
	local e, wrong = summary.errors, 0
	for _, thread in ipairs(threads) do
		wrong = wrong + (thread:get("bad") or 0)
	end
	io.write(string.format(
		"RESULT rate=%.1f mean=%.3f p50=%.3f p99=%.3f max=%.2f " ..
		"requests=%d errors=%d\n",
		summary.requests / (summary.duration / 1e6),
		latency.mean / 1000, latency:percentile(50) / 1000,
		latency:percentile(99) / 1000, latency.max / 1000,
		summary.requests, e.connect + e.read + e.write + e.timeout + wrong))
end
