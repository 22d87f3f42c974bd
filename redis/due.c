#include "redis/due.h"
