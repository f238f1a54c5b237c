// SPDX-License-Identifier: Apache-2.0
// What lwIP asks of a compiler and C library: here those of the machine that runs the bench.
#ifndef LWIP_ARCH_CC_H
#define LWIP_ARCH_CC_H
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

#define LWIP_TIMEVAL_PRIVATE 0
#define LWIP_ERRNO_STDINCLUDE 1
unsigned world_random(void); // each run is the same
#define LWIP_RAND() world_random()
#define LWIP_PLATFORM_DIAG(x) printf x
#define LWIP_PLATFORM_ASSERT(x) (fprintf(stderr, "lwip: %s, %s:%d\n", x, __FILE__, __LINE__), abort())

#endif
