#include "redis/process.h"
