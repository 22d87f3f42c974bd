#include "redis/budget.h"
