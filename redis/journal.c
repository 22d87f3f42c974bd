#include "redis/journal.h"
