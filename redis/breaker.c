#include "redis/fleet.h"
