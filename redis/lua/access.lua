#!lua flags=allow-oom
-- uses: limited left
-- KEYS record window rate tool_window tool_rate, without the last four or two
-- where nothing counts, or no tool is called
-- ARGV stored counts address per_minute tool_per_minute
-- The address is 32 hex digits, or ''.  Answers verdict (enum access_verdict),
-- doc, limit, left, reset, wait, now, ends.
local UNKNOWN, EXPIRED, REVOKED, ELSEWHERE = 1, 2, 3, 4
local KEY_LIMITED, TOOL_LIMITED, BROKEN = 5, 6, 7
local now, us = clock()
local doc, n, ends = '', tonumber(ARGV[4]), 0

-- The first ${bits} of two rows of hex digits are the same.
local function same(a, b, bits)
	local whole = math.floor(bits / 4)
	if string.sub(a, 1, whole) ~= string.sub(b, 1, whole) then return false end
	local unit = 2 ^ (4 - bits % 4)
	local x = tonumber(string.sub(a, whole + 1, whole + 1), 16) or -16
	local y = tonumber(string.sub(b, whole + 1, whole + 1), 16) or -16
	return bits % 4 == 0 or math.floor(x / unit) == math.floor(y / unit)
end

-- "HEX/BITS HEX/BITS"
local function is_allowed(ranges, address)
	if address == '' then return false end
	for hex, bits in string.gmatch(ranges, '(%x+)/(%d+)') do
		if same(hex, address, tonumber(bits)) then return true end
	end
	return false
end

if ARGV[1] == '1' then
	local c, ours = record(KEYS[1], 'doc', 'ends', 'gone', 'allow', 'rate',
		'used')
	if not ours then return {BROKEN} end
	if c.gone then return {REVOKED} end
	if not c.doc then return {UNKNOWN} end
	local rate, used = num(c.rate, n), num(c.used, 0)
	ends = num(c.ends, 0)
	if not ends or not rate then return {BROKEN} end
	if ends > 0 and ends <= now then return {EXPIRED} end
	if c.allow and not is_allowed(c.allow, ARGV[3]) then
		return {ELSEWHERE}
	end
	-- Once a minute is enough for people, and is few writes.
	if not used or used > now or now - used >= MINUTE then
		call('HSET', KEYS[1], 'used', now)
	end
	doc, n = c.doc, rate
end
if ARGV[2] ~= '1' then return {0, doc, 0, 0, 0, 0, now, ends} end

local verdict, key = 0, n <= 1000 and KEYS[2] or KEYS[3]
local wait, tat = limit_wait(key, n, now, us)
if wait > 0 then
	verdict = KEY_LIMITED
elseif KEYS[4] then
	local tool_n = tonumber(ARGV[5])
	local tool_key = tool_n <= 1000 and KEYS[4] or KEYS[5]
	local tool_wait, tool_tat = limit_wait(tool_key, tool_n, now, us)
	if tool_wait > 0 then
		verdict, wait = TOOL_LIMITED, tool_wait
	else
		limit_take(tool_key, tool_n, now, us, tool_tat)
	end
end
if verdict == 0 then limit_take(key, n, now, us, tat) end
local left, reset = limit_left(key, n, now, us)
return {verdict, doc, n, left, reset, wait, now, ends}
