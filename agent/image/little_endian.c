// SPDX-License-Identifier: Apache-2.0
// Not inline: each of a dozen readers of flash formats would have its own copy in flash.
#include "agent/image/little_endian.h"

uint16_t mu_le16_get(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] | bytes[1] << 8);
}

uint32_t mu_le32_get(const uint8_t *bytes)
{
	return mu_le16_get(bytes) | (uint32_t)mu_le16_get(bytes + 2) << 16;
}

void mu_le16_put(uint8_t *bytes, uint16_t value)
{
	bytes[0] = (uint8_t)value;
	bytes[1] = (uint8_t)(value >> 8);
}

void mu_le32_put(uint8_t *bytes, uint32_t value)
{
	mu_le16_put(bytes, (uint16_t)value);
	mu_le16_put(bytes + 2, (uint16_t)(value >> 16));
}
