#include "handlers/handlers.h"
