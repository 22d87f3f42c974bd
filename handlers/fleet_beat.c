/*
 * fleet_beat: what an edge says of itself, so that doctor knows which edges
 * run, and which source each was built of.
 */
#include <unistd.h>

#include "base/clock.h"
#include "base/version.h"
#include "fcgi/park.h"
#include "handlers/fleet_priv.h"
#include "redis/fleet.h"
#include "redis/format.h"

#define HOST_MAX 64

void
fleet_beat_write(struct edge *e, int64_t started_ms)
{
	char host[HOST_MAX] = "";
	json_t *record;

	gethostname(host, sizeof(host) - 1);
	record = json_pack("{s:s, s:s, s:i, s:s, s:i, s:i, s:I}", "id",
	    e->process_id, "host", host, "pid", (int)getpid(), "version",
	    VERSION_BUILT, "format", FORMAT_NEWEST, "parked",
	    park_count(e->park), "started_ms",
	    (json_int_t)(clock_wall_ms() - (clock_boot_ms() - started_ms)));
	if (record != NULL) /* a host's name that is no UTF-8 */
		(void)!fleet_beat(e->store, FLEET_EDGE, e->process_id, record);
	json_decref(record);
}
