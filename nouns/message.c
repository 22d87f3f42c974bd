#include "nouns/message.h"
