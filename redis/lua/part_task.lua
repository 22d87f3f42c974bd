-- A task's record, and its end, however it comes.
local OVER = {completed = true, failed = true, cancelled = true}
-- What only its work needs, and goes when it is over.
local WORKED = {'token', 'taken', 'attempt', 'started', 'stop', 'crashes',
	'failures', 'v', 'call', 'address', 'begun', 'said', 'asks', 'answers',
	'round', 'ears'}

-- Those who wait for it or listen to it: they look at the record.
local function tell(task, addresses)
	local front = string.match(task, '^[^{]*') .. 'process:'
	for process, number in string.gmatch(addresses or '',
		'([^. ]+)%.(%d+)') do
		pcall('PUBLISH', front .. process, number .. ' task\n')
	end
end

-- ${result}: sealed, '' none.
local function end_task(task, open, due, name, id, state, result)
	local c = record(task, 'address', 'ears')
	call('HDEL', task, unpack(WORKED))
	call('HSET', task, 'state', state, 'updated', (clock()))
	if result ~= '' then call('HSET', task, 'result', result) end
	pcall('ZREM', due, name)
	pcall('ZREM', open, id)
	tell(task, c.address)
	tell(task, c.ears)
end
