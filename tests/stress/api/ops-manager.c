#include "fuzz.h"
Op manager_operations[] = { { NULL } };
