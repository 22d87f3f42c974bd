#include "redis/inbox.h"
