#include "redis/store.h"
