#include "base/sse.h"
