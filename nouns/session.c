#include "nouns/session.h"
