// SPDX-License-Identifier: Apache-2.0
// esp_app_desc_t: the 256 bytes at file offset 0x20 of an application image that say what it is.
//
// Text fields of the format need not be terminated; here they always are. Pure, any thread.
#ifndef MU_AGENT_IMAGE_APP_DESC_H
#define MU_AGENT_IMAGE_APP_DESC_H
#include "agent/image/source.h"
#include <stdint.h>

enum { MU_APP_DESC_SIZE = 256, MU_APP_DESC_FILE_OFFSET = 0x20 };

struct mu_app_desc {
	uint32_t secure_version;
	char version[33];
	char project_name[33];
	char time[17];
	char date[17];
	char idf_ver[33];
	uint8_t app_elf_sha256[MU_SHA256_SIZE];
	uint8_t mmu_page_size_log2; // 0 if the version of ESP-IDF did not write it
};

// Returns 0, or MU_ERR_INVALID if the magic is missing.
int mu_app_desc_decode(struct mu_app_desc *desc, const uint8_t bytes[MU_APP_DESC_SIZE]);
void mu_app_desc_encode(const struct mu_app_desc *desc, uint8_t bytes[MU_APP_DESC_SIZE]);

// Reads it from an application image (the source starts at the image's first byte). Does not verify the image.
int mu_app_desc_read(struct mu_app_desc *desc, const struct mu_source *image);

enum { MU_APP_DESC_TEXT_SIZE = 33 }; // with the terminator

// Only what tells one image from another: version and the first sha_size bytes of the ELF's SHA-256. Errors as above.
int mu_app_desc_identify(const struct mu_source *image, char version[MU_APP_DESC_TEXT_SIZE], uint8_t *elf_sha, size_t sha_size);

#endif
