#!lua flags=allow-oom
-- What a chat spent is set aside where it is none, and counted from nothing.
-- The fleet's is left for the operator, and counts nothing meanwhile.
-- KEYS spent     ARGV tokens limit settle
local stored, limit = try('GET', KEYS[1]), tonumber(ARGV[2])
local spent = stored ~= nil and num(stored, 0) or nil
if not spent then
	if prefix_of(KEYS[1]) == '' then return {DAMAGED} end
	aside(KEYS[1])
	spent = 0
end
-- Reserved before, and gone since: the chat was forgotten.
if ARGV[3] == '1' and stored == false and prefix_of(KEYS[1]) ~= '' then
	return {OK}
end
if limit > 0 and spent + ARGV[1] > limit then return {LIMITED} end
spent = math.max(0, spent + ARGV[1])
call('SET', KEYS[1], string.format('%.0f', spent), 'EX', 172800)
return {OK}
