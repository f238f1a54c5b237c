// SPDX-License-Identifier: Apache-2.0
#include "agent/image/source.h"
#include "agent/image/err.h"
#include <string.h>

static int read_memory(void *context, uint32_t offset, void *buffer, size_t size)
{
	memcpy(buffer, (const uint8_t *)context + offset, size);
	return 0;
}

struct mu_source mu_source_memory(const void *data, uint32_t size_bytes)
{
	// The context is only ever read through, so casting const away is safe.
	return (struct mu_source){ .context = (void *)(uintptr_t)data, .read = read_memory, .size_bytes = size_bytes };
}

int mu_source_read(const struct mu_source *source, uint32_t offset, void *buffer, size_t size)
{
	if (offset > source->size_bytes || size > source->size_bytes - offset)
		return MU_ERR_RANGE;
	if (!size)
		return 0;
	return source->read(source->context, offset, buffer, size);
}
