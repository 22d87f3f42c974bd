#include "fcgi/response.h"
