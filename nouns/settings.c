#include "nouns/settings.h"
