#include "mcp/client.h"
