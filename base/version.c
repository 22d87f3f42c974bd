#include "base/version.h"

#include "base/version_commit.h" /* of version_commit.sh */

/* Not "config.h": that is this folder's. */
#include <config.h>

const char VERSION_BUILT[] = PACKAGE_VERSION VERSION_COMMIT;
