#!lua flags=allow-oom
-- uses: letter take
-- Learns the names of the chats inside, so their keys cannot be in KEYS; they
-- carry the same hash tag.
-- KEYS due free paused counts dead chats
-- ARGV: see part_take.lua
if call('EXISTS', KEYS[3]) == 1 then
	enlist()
	return out
end
local names = due_names()
if not names then return out end

-- A header as accept writes it: id, seq, kind, time.
local function header(entry)
	local id, seq, time, kind, address, mac = string.match(
		string.sub(entry, 1, 192),
		'^(%w+) (%d+) (%d+) ([%w_.-]+) ([%w_.-]+) ([%w_.-]+)\n')
	if not id or #id > 32 or #seq > 15 or #time > 15 or #kind > 15 or
		#address > 63 or #mac > 32 then return nil end
	return id, seq, kind, time
end

-- What this worker does not know is a newer release's: it is left alone.  A
-- job that is no chat is of another kind; so is an entry that is no message.
local function is_newer(name, v, kind)
	return not string.find(name, '^[%w_.-]+/[%w_.-]+/.')
		or (num(v, 1) or 1) > tonumber(version)
		or (kind ~= nil and kind ~= 'message')
end

-- Fields of the record: whole numbers, and others.
local NUMBERS = {'v', 'crashes', 'attempt', 'failures', 'tin', 'tout', 'turns',
	'started', 'seq'}
local FIELDS = {'token', 'stop', 'state', 'cred', 'tools', 'id',
	unpack(NUMBERS)}
-- Those that are handed out as they are.
local HANDED = {'failures', 'stop', 'state', 'cred', 'tools', 'tin', 'tout',
	'turns'}

-- Numbers that are none go.  The first one's name, or nil.
local function mend(chat, c)
	local why
	for _, field in ipairs(NUMBERS) do
		if c[field] and not num(c[field], 0) then
			why = why or field
			c[field] = field == 'turns' and '' or nil
			call('HDEL', chat, field)
			note(chat, chat .. ' ' .. field)
		end
	end
	return why
end

-- The chat without a readable head: what is in the way is set aside, the next
-- message is looked at by the next take.
local function set_aside(name, chat, inbox, c, len, why)
	if len == nil then
		-- Their number is all that is left of the messages.
		if try('XLEN', KEYS[5]) == nil then
			call('ZADD', due, now + 30000, name)
			return
		end
		aside(inbox)
		local seq, turns = both_counts(inbox, c.seq or '', c.turns, 0)
		local lost = settle(chat, KEYS[4], seq, turns, 0)
		mourn(KEYS[5], name, lost, why)
	elseif bury(chat, inbox, KEYS[5], KEYS[4], name, why, c.seq or '',
		c.turns, #name < 336) then note(chat, inbox .. ' entry')
	else
		call('ZADD', due, now + 30000, name)
		return
	end
	call('HDEL', chat, 'token', 'taken', 'attempt', 'id', 'started', 'stop',
		'crashes', 'failures', 'v')
	if try('LLEN', inbox) > 0 then
		call('ZADD', due, now, name)
	else
		call('HDEL', chat, 'bytes', 'waits')
		call('ZREM', due, name)
	end
end

for _, name in ipairs(names) do
	if is_full() then break end
	local chat, inbox = prefix .. 'chat:' .. name, prefix .. 'inbox:' .. name
	local turn, history = prefix .. 'turn:' .. name, prefix .. 'history:' .. name
	local c, ours = record(chat, unpack(FIELDS))
	local entry = try('LINDEX', inbox, 0)
	local id, seq, kind, time = header(entry or '')
	if is_newer(name, c.v, kind) then
		leave(name)
	elseif ours and entry == false then
		call('ZREM', due, name)
		if c.token then call('HDEL', chat, 'token', 'taken') end
	else
		local why = not ours and 'record' or nil
		if not ours then aside(chat) end
		local crashes
		why = mend(chat, c) or why
		crashes = (num(c.crashes, 0) or 0) + (c.token and 1 or 0)
		if not entry then
			set_aside(name, chat, inbox, c, entry == false and 0 or nil,
				'damaged: inbox')
		elseif not id then
			set_aside(name, chat, inbox, c, call('LLEN', inbox),
				'damaged: entry')
		elseif c.token and crashes > 1 and not c.stop then
			-- One poison message must not take fifty others along.
			put_off(chat, crashes, name)
		else
			local token = next_token()
			local attempt = (num(c.attempt, 0) or 0) + 1
			local started, journal = c.started or now, {}
			if c.id == id then
				journal = try('HGETALL', turn)
			else
				started = now
				-- One of nobody: its calls may have been made.
				if not c.id and call('EXISTS', turn) == 1 then
					journal = nil
				else
					call('DEL', turn)
				end
				if c.v then call('HDEL', chat, 'v') end
			end
			if not journal then
				aside(turn)
				journal, why = {}, why or 'journal'
			end
			local lines = try('LRANGE', history, -1000, -1)
			if not lines then
				aside(history)
				lines = {}
			end
			if why then -- the numbers that were lost, from the others
				local s, t = both_counts(inbox, c.seq or '', c.turns,
					call('LLEN', inbox))
				call('HSET', chat, 'seq', s, 'turns', t)
				c.seq, c.turns = tostring(s), tostring(t)
			end
			call('ZADD', due, now + lease, name)
			-- Accepted by a release that did not list it.
			pcall('ZADD', KEYS[6], 'GT', time, name)
			call('HSET', chat, 'token', token, 'taken', now, 'attempt',
				attempt, 'id', id, 'started', started)
			if crashes > 0 then
				call('HSET', chat, 'crashes', crashes)
			end
			-- NAME value ..., as record_at of redis/record.c reads them;
			-- what is not there is 0, or none.
			local job = {
				'name', name, 'token', token, 'attempt', attempt,
				'crashes', crashes, 'started', tonumber(started),
				'waiting', (num(c.seq, 0) or 0) - seq + 1,
				'entry', entry, 'history', lines, 'journal', journal,
				'damaged', why or false}
			for _, field in ipairs(HANDED) do
				if c[field] then
					job[#job + 1] = field
					job[#job + 1] = c[field]
				end
			end
			hand_out(job)
		end
	end
end
return the_rest(names)
