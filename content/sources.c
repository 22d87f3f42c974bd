/*
 * sources: THE table of them, and nothing else (source.h says why).
 */
#include "content/source.h"

const struct content_source *const CONTENT_SOURCES[] = {
	&CONTENT_RESOURCES_DIR,
	&CONTENT_PROMPTS_DIR,
	NULL,
};
