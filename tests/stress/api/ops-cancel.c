#include "fuzz.h"
Op cancel_operations[] = { { NULL } };
