// SPDX-License-Identifier: Apache-2.0
// Traits blocks: what reads well reads the same after it was written again.
#include "agent/port/linux/virtual_traits.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mu_traits traits, again;
	char block[MU_TRAITS_TEXT_MAX], problem[MU_TRAITS_PROBLEM_SIZE];
	if (mu_traits_read(&traits, (const char *)data, size, problem) < 0)
		return 0;
	int written = mu_traits_write(&traits, block, sizeof block);
	if (written < 0 || mu_traits_read(&again, block, (size_t)written, problem) < 0)
		abort();
	if (memcmp(&traits, &again, sizeof traits))
		abort();
	return 0;
}
