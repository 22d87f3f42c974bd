#!lua flags=allow-oom
-- uses: counts
-- A dead letter back as a new message.  ${seen} is cut by accept, which knows
-- how many ids to keep.
-- KEYS chat inbox seen due free counts dead
-- ARGV letter id name kind mac body keep_ms
local letter = try('XRANGE', KEYS[7], ARGV[1], ARGV[1])
if not letter or #letter == 0 then return {NONE} end
if try('ZSCORE', KEYS[4], ARGV[3]) == nil then return {DAMAGED} end
local c, ours = record(KEYS[1], 'seq', 'bytes', 'turns')
local held = try('LLEN', KEYS[2])
local seq, bytes = num(c.seq, 0), num(c.bytes, 0)
if not ours or held == nil or not seq or not bytes then
	-- The next take sets it aside; then once more.
	return {DAMAGED}
end
if try('ZCARD', KEYS[3]) == nil then aside(KEYS[3]) end
call('XDEL', KEYS[7], ARGV[1])
local now = clock()
seq = seq + 1
local entry = string.format('%s %.0f %.0f %s - %s\n', ARGV[2], seq, now,
	ARGV[4], ARGV[5]) .. ARGV[6]
call('ZADD', KEYS[3], now, ARGV[2])
call('PEXPIRE', KEYS[3], tonumber(ARGV[7]) + 3600000)
call('HSET', KEYS[1], 'seq', seq, 'bytes', bytes + #entry)
call('RPUSH', KEYS[2], entry)
if call('ZADD', KEYS[4], 'NX', now, ARGV[3]) == 1 then wake_one(KEYS[5]) end
counted(KEYS[6], KEYS[4], 'accepted', prefix_of(KEYS[2]) .. 'inbox:')
return {OK, seq}
