/*
 * usage: tokens that a model call spent, as its provider counted them.
 */
#ifndef NOUNS_USAGE_H
#define NOUNS_USAGE_H

#include "base/base.h"

struct usage {
	int64_t in;
	int64_t out;
};

#endif
