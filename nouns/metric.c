#include "nouns/metric.h"
