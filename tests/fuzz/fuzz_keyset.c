// SPDX-License-Identifier: Apache-2.0
// Key sets: what parses is written back byte for byte. The CRC of the input is put right first, or nothing would get past it.
#include "agent/image/crc32.h"
#include "agent/image/keyset.h"
#include "agent/image/little_endian.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mu_keyset set, again;
	uint8_t bytes[MU_KEYSET_SIZE_MAX], back[MU_KEYSET_SIZE_MAX];
	if (mu_keyset_parse(&set, data, size) == 0 && set.count > MU_KEYSET_MAX)
		abort();
	if (size < 12 || size > sizeof bytes)
		return 0;
	memcpy(bytes, data, size);
	size_t end = 8 + (size_t)(bytes[5] % (MU_KEYSET_MAX + 1)) * MU_KEYSET_RECORD_SIZE;
	if (end + 4 > size)
		return 0;
	mu_le32_put(bytes + end, mu_crc32_le(0, bytes, end));
	if (mu_keyset_parse(&set, bytes, size) < 0)
		return 0;
	int written = mu_keyset_write(&set, back, sizeof back);
	if (written < 0 || mu_keyset_parse(&again, back, (size_t)written) < 0 || again.count != set.count)
		abort();
	return 0;
}
