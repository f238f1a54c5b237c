// SPDX-License-Identifier: Apache-2.0
// Little-endian integers in byte arrays, as all of ESP32's flash formats have them. No alignment is assumed. Pure, any thread.
#ifndef MU_AGENT_IMAGE_LITTLE_ENDIAN_H
#define MU_AGENT_IMAGE_LITTLE_ENDIAN_H
#include <stdint.h>

uint16_t mu_le16_get(const uint8_t *bytes);
uint32_t mu_le32_get(const uint8_t *bytes);
void mu_le16_put(uint8_t *bytes, uint16_t value);
void mu_le32_put(uint8_t *bytes, uint32_t value);

#endif
