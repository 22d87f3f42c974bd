#include "nouns/command.h"
