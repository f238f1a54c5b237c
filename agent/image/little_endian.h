// SPDX-License-Identifier: Apache-2.0
// Little-endian integers in byte arrays, as all of ESP32's flash formats have them. No alignment is assumed.
#ifndef MU_AGENT_IMAGE_LITTLE_ENDIAN_H
#define MU_AGENT_IMAGE_LITTLE_ENDIAN_H
#include <stdint.h>

static inline uint16_t mu_le16_get(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static inline uint32_t mu_le32_get(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static inline void mu_le16_put(uint8_t *bytes, uint16_t value)
{
	bytes[0] = (uint8_t)value;
	bytes[1] = (uint8_t)(value >> 8);
}

static inline void mu_le32_put(uint8_t *bytes, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
}

#endif
