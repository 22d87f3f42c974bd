-- wrk: POST /chat.  Arguments: secret, chats of a thread; they take turns, so
-- there must be several times as many as connections, or a request waits for
-- the one before it in its chat.
local thread_count = 0
function setup(thread)
	thread:set("id", thread_count)
	thread_count = thread_count + 1
end

function init(args)
	secret = args[1]
	chats = tonumber(args[2] or "64")
	count = 0
	headers = {
		["Content-Type"] = "application/json",
		["X-Proxy-Secret"] = secret,
	}
end

function request()
	count = count + 1
	return wrk.format("POST", "/chat", headers, string.format(
		'{"chat_id":"bench-%d-%d","message":"please say hi"}',
		id, count % chats))
end

function response(status)
	if status ~= 200 then
		bad = (bad or 0) + 1
	end
end

function done(summary, latency)
	local e = summary.errors
	io.write(string.format(
		"RESULT rate=%.1f mean=%.2f p50=%.2f p99=%.2f max=%.2f " ..
		"requests=%d errors=%d\n",
		summary.requests / (summary.duration / 1e6),
		latency.mean / 1000, latency:percentile(50) / 1000,
		latency:percentile(99) / 1000, latency.max / 1000,
		summary.requests,
		e.connect + e.read + e.write + e.status + e.timeout))
end
