#!lua flags=allow-oom
-- What clients listen to has changed, unless it is what was said last.
-- KEYS versions     ARGV field digest keep_ms
-- digest '': it has, in any case; keep_ms '': for ever
local now = clock()
local field, digest = ARGV[1], ARGV[2]
local had = try('HMGET', KEYS[1], field, field .. '_digest')
if had == nil then return {DAMAGED} end
local version = num(had[1], 0) or 0
if digest ~= '' and had[2] == digest and version > 0 then
	if ARGV[3] ~= '' then call('PEXPIRE', KEYS[1], ARGV[3]) end
	return {EXISTS, version}
end
version = math.max(version + 1, now)
call('HSET', KEYS[1], field, version, field .. '_digest', digest)
if ARGV[3] ~= '' then call('PEXPIRE', KEYS[1], ARGV[3]) end
return {OK, version}
