// SPDX-License-Identifier: Apache-2.0
// CRC-32 as the ESP32 ROM computes it: reflected, polynomial 0xEDB88320, register inverted before and after.
//
// Pure, any thread, no tables in RAM. About 16 shifts a byte saved by a 64-byte nibble table in flash.
#ifndef MU_AGENT_IMAGE_CRC32_H
#define MU_AGENT_IMAGE_CRC32_H
#include <stddef.h>
#include <stdint.h>

// The ROM's esp_rom_crc32_le(crc, data, size). Start with 0 for the CRC-32 that everybody knows ("123456789" gives
// 0xCBF43926), or with UINT32_MAX where ESP-IDF's flash formats do (otadata, RTC memory). Feed the result back to go on.
uint32_t mu_crc32_le(uint32_t crc, const void *data, size_t size);

#endif
