#include "redis/job_priv.h"

_Static_assert(JOB_KIND_N *CHAT_PARTITIONS <= 32, "a bit for each place");

const struct job_row JOB_ROW[JOB_KIND_N] = {
	[JOB_CHAT] = { "due", "free", "chat", "turn", SCRIPT_TAKE,
	    job_read_chat },
	/* Its steps stand in its record: both end together. */
	[JOB_TASK] = { "due:task", "free:task", "task", "task",
	    SCRIPT_TASK_TAKE, job_read_task },
};

const struct job_row *
job_row_of(int place)
{
	return &JOB_ROW[place / CHAT_PARTITIONS];
}
