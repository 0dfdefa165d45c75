#include "fuzz.h"
Op cache_operations[] = { { NULL } };
