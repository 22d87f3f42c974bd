#include "fcgi/request.h"
