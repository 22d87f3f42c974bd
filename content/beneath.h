/*
 * beneath: files below a folder, and nowhere else, whatever a path or a link
 * says.
 *
 * Links that stay below the folder are followed where the kernel can say so
 * (openat2, Linux 5.6); else none is.  The folder itself may be reached by a
 * link: the operator named it.
 */
#ifndef CONTENT_BENEATH_H
#define CONTENT_BENEATH_H

#include "base/base.h"

#define BENEATH_PATH_MAX 1024 /* bytes below the folder */
#define BENEATH_DEPTH_MAX 16  /* parts of a path */

/* What tells one state of a file from another. */
struct beneath_stamp {
	int64_t size;     /* bytes */
	int64_t mtime_ns; /* Unix time */
	uint64_t inode;
};

/* A descriptor to begin with; -1: errno says why. */
int beneath_folder(const char *path) WARN_UNUSED;

/*
 * Open the regular file ${path} ("a/b.txt") of ${folder} for reading; -1 with
 * errno: ENOENT also where it is no regular file, or not below.
 */
int beneath_open(int folder, const char *path,
    struct beneath_stamp *stamp) WARN_UNUSED;
/* The same without the kernel's help; no link is followed. */
int beneath_walk(int folder, const char *path) WARN_UNUSED;

/* Read up to ${max} bytes from the beginning into ${out}.  Their number, or -1:
 * errno says why. */
int64_t beneath_read(int fd, void *out, size_t max) WARN_UNUSED;

struct arena;

/*
 * The names in ${folder}, sorted by their bytes: those that are hidden (they
 * begin with a dot) are left out.  At most ${max} are read; *${cut}: there are
 * more.  -1: errno says why.
 */
int beneath_names(int folder, struct arena *mem, size_t max, char ***out,
    size_t *n, bool *cut) WARN_UNUSED;

/* Is ${path} of parts that are names, none of them hidden? */
bool beneath_is_path(const char *path);

#endif
