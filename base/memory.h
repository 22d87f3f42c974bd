/*
 * memory: what malloc holds beyond what is in use.
 *
 * A worker that a thousand conversations went through is to be as small
 * afterwards as before.  Three things keep it large: an arena per thread,
 * whose ends malloc_trim does not give back; what malloc caches for each
 * living thread, in chunks all over the pages (so idle threads end: pool.h);
 * and connections kept for the next ones (http_trim, store_trim).
 *
 * A program that is linked with jemalloc (dragoman-turn, where configure found
 * it) is set by the options in memory.c; any other has the C library's malloc.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

/* First thing in a program with many threads: they share MEMORY_ARENAS.  On
 * two cores a turn costs a worker 2 % more with one, 3 % less with eight; each
 * may keep some 150 KB. */
#define MEMORY_ARENAS 2
void memory_init(void);

/* Give free pages back to the system; milliseconds, for a quiet time. */
void memory_trim(void);

#endif
