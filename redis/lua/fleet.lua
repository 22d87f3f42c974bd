#!lua flags=allow-oom,no-writes
-- KEYS workers     ARGV prefix live
local now = clock()
local out = {}
for _, id in ipairs(call('ZRANGEBYSCORE', KEYS[1], now - ARGV[2], '+inf')) do
	local record = call('GET', ARGV[1] .. id)
	if record then out[#out + 1] = record end
end
return out
