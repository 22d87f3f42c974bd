#include "fcgi/router.h"
