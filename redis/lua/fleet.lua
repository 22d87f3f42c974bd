#!lua flags=allow-oom,no-writes
-- KEYS workers     ARGV prefix live
local now = clock()
local out = {}
local ids = try('ZRANGEBYSCORE', KEYS[1], now - ARGV[2], '+inf', 'LIMIT', 0,
	1000)
if ids == nil then return {DAMAGED} end
for _, id in ipairs(ids) do
	local text = try('GET', ARGV[1] .. id)
	if text then out[#out + 1] = text end
end
return out
