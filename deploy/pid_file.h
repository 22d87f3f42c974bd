/*
 * pid_file: supervisor.pid is locked twice: by this process alone, so that
 * there is one; and by whoever inherited a descriptor of it, so that the next
 * supervisor begins when the last process of this one has gone.  Two Redis
 * writing one file would be the end of both.
 */
#ifndef DEPLOY_PID_FILE_H
#define DEPLOY_PID_FILE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Make this process the one supervisor of the current folder and wait until
 * nothing of a former one runs: what does after ${patience_ms} is killed.
 * Returns the descriptor that holds the lock; exits with 3 when another
 * supervisor runs here, with 0 when ${told_to_end} says so.
 */
int pid_file_lock(int64_t patience_ms, bool (*told_to_end)(void));

#endif
