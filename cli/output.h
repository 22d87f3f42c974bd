/*
 * output: what another program prints.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

struct arena;

/*
 * The standard output of ${argv}, in ${mem}, when it has ended; NULL: there is
 * no such program, it failed, or it took more than seconds.  It gets no input,
 * and what it says of errors is lost.
 */
const char *output_of(struct arena *mem, const char *const argv[]);

#endif
