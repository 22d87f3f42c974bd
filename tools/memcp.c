#include "tools/memcp.h"
