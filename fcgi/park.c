#include "fcgi/park.h"
