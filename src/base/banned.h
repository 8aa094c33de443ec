#pragma once
/* Given to every translation unit by the Makefile (-include): calls that must not come back. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef __cplusplus
#undef sprintf /* with _FORTIFY_SOURCE and clang these are macros, which cannot be poisoned */
#undef vsprintf
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok atoi atol atoll atof
#endif
