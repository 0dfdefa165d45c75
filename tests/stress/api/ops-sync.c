#include "fuzz.h"
Op sync_operations[] = { { NULL } };
