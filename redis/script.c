#include "redis/store_priv.h"

#include "redis/lua_texts.h"

_Static_assert(STORE_NONE == 1 && STORE_EXISTS == 2 && STORE_ANSWERED == 3
	&& STORE_GONE == 5 && STORE_FULL == 6 && STORE_LIMITED == 7
	&& STORE_LOST == 8 && STORE_LATE == 9 && STORE_HEAD == 10
	&& STORE_DAMAGED == 11 && STORE_CROWDED == 12 && STORE_STOPPED == 13,
    "lua/common.lua has these numbers too");

#define SCRIPT(n)                                         \
	{                                                 \
#n, LUA_##n, sizeof(LUA_##n) - 1, SHA_##n \
	}

static const struct script_text SCRIPTS[SCRIPT_N] = {
	[SCRIPT_ACCEPT] = SCRIPT(accept),
	[SCRIPT_ACCESS] = SCRIPT(access),
	[SCRIPT_ASIDE] = SCRIPT(aside),
	[SCRIPT_BEAT] = SCRIPT(beat),
	[SCRIPT_BREAKER] = SCRIPT(breaker),
	[SCRIPT_BUDGET] = SCRIPT(budget),
	[SCRIPT_CONTROL] = SCRIPT(control),
	[SCRIPT_COUNT] = SCRIPT(count),
	[SCRIPT_ENLIST] = SCRIPT(enlist),
	[SCRIPT_FIND] = SCRIPT(find),
	[SCRIPT_FINISH] = SCRIPT(finish),
	[SCRIPT_FLEET] = SCRIPT(fleet),
	[SCRIPT_FORGET] = SCRIPT(forget),
	[SCRIPT_KEY_END] = SCRIPT(key_end),
	[SCRIPT_KEY_PUT] = SCRIPT(key_put),
	[SCRIPT_MCPS_END] = SCRIPT(mcps_end),
	[SCRIPT_MCPS_OPEN] = SCRIPT(mcps_open),
	[SCRIPT_MCPS_SAY] = SCRIPT(mcps_say),
	[SCRIPT_ONCE] = SCRIPT(once),
	[SCRIPT_ONCE_END] = SCRIPT(once_end),
	[SCRIPT_PASS] = SCRIPT(pass),
	[SCRIPT_RAISE] = SCRIPT(raise),
	[SCRIPT_RELEASE] = SCRIPT(release),
	[SCRIPT_REPLAY] = SCRIPT(replay),
	[SCRIPT_REQUEUE] = SCRIPT(requeue),
	[SCRIPT_RESEAL] = SCRIPT(reseal),
	[SCRIPT_TAKE] = SCRIPT(take),
	[SCRIPT_TASK_ANSWER] = SCRIPT(task_answer),
	[SCRIPT_TASK_ASK] = SCRIPT(task_ask),
	[SCRIPT_TASK_CANCEL] = SCRIPT(task_cancel),
	[SCRIPT_TASK_FIND] = SCRIPT(task_find),
	[SCRIPT_TASK_FINISH] = SCRIPT(task_finish),
	[SCRIPT_TASK_LISTEN] = SCRIPT(task_listen),
	[SCRIPT_TASK_PUT] = SCRIPT(task_put),
	[SCRIPT_TASK_TAKE] = SCRIPT(task_take),
	[SCRIPT_WRITE] = SCRIPT(write),
};

const struct script_text *
script_text(enum script s)
{
	return &SCRIPTS[s];
}
