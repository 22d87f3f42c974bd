#include "nouns/chat_name.h"
