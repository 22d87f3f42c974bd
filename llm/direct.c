#include "llm/direct.h"
