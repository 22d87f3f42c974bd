#include "fcgi/edge.h"
