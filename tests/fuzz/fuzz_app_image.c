// SPDX-License-Identifier: Apache-2.0
// Application images: verified in steps of any size, never read beyond the source, and one step or many give one answer.
#include "agent/image/app_image.h"
#include "agent/image/crc32.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
	if (!condition)
		abort();
}

// A stand-in for SHA-256 that a fuzzer can get right: the CRC-32, eight times.
static int start(void *context)
{
	*(uint32_t *)context = 0;
	return 0;
}

static int update(void *context, const void *bytes, size_t size)
{
	*(uint32_t *)context = mu_crc32_le(*(uint32_t *)context, bytes, size);
	return 0;
}

static int finish(void *context, uint8_t *digest)
{
	for (int i = 0; i < 8; i++)
		memcpy(digest + 4 * i, context, 4);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t state;
	const struct mu_hash hash = { &state, start, update, finish, MU_SHA256_SIZE };
	struct mu_source source = mu_source_memory(data, (uint32_t)size);
	struct mu_app_verifier whole, stepped;
	struct mu_app_segment segment;
	struct mu_app_desc desc;
	int result = mu_app_image_verify(&whole, &source, &hash, MU_APP_IMAGE_CHIP_ANY);
	must(result < 0 || whole.image_size <= size);
	mu_app_verifier_start(&stepped, &source, &hash, MU_APP_IMAGE_CHIP_ANY);
	int steps = 0, step;
	while ((step = mu_app_verifier_step(&stepped, 64)) == 0)
		must(++steps < (int)size + 64);
	must(step == (result < 0 ? result : 1));
	for (unsigned i = 0; i < 18; i++)
		if (mu_app_image_segment(&source, i, &segment) == 0)
			must(segment.file_offset + segment.size <= size);
	if (mu_app_desc_read(&desc, &source) == 0)
		must(strlen(desc.version) <= 32);
	return 0;
}
