#include "redis/ledger.h"
