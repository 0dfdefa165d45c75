#include "fuzz.h"
Op wait_operations[] = { { NULL } };
