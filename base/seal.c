#include "base/seal.h"
