// SPDX-License-Identifier: Apache-2.0
#include "agent/image/app_desc.h"
#include "agent/image/err.h"
#include "agent/image/little_endian.h"
#include <string.h>

enum {
	AT_SECURE_VERSION = 4,
	AT_VERSION = 16,
	AT_PROJECT = 48,
	AT_TIME = 80,
	AT_DATE = 96,
	AT_IDF_VER = 112,
	AT_ELF_SHA = 144,
	AT_MMU_PAGE = 180,
};

#define MAGIC 0xABCD5432u

static void text_get(char *text, size_t text_size, const uint8_t *bytes)
{
	memcpy(text, bytes, text_size - 1);
	text[text_size - 1] = 0;
}

static void text_put(uint8_t *bytes, const char *text, size_t field_size)
{
	size_t size = strlen(text);
	memcpy(bytes, text, size < field_size ? size : field_size);
}

int mu_app_desc_decode(struct mu_app_desc *desc, const uint8_t bytes[MU_APP_DESC_SIZE])
{
	if (mu_le32_get(bytes) != MAGIC)
		return MU_ERR_INVALID;
	desc->secure_version = mu_le32_get(bytes + AT_SECURE_VERSION);
	text_get(desc->version, sizeof desc->version, bytes + AT_VERSION);
	text_get(desc->project_name, sizeof desc->project_name, bytes + AT_PROJECT);
	text_get(desc->time, sizeof desc->time, bytes + AT_TIME);
	text_get(desc->date, sizeof desc->date, bytes + AT_DATE);
	text_get(desc->idf_ver, sizeof desc->idf_ver, bytes + AT_IDF_VER);
	memcpy(desc->app_elf_sha256, bytes + AT_ELF_SHA, sizeof desc->app_elf_sha256);
	desc->mmu_page_size_log2 = bytes[AT_MMU_PAGE];
	return 0;
}

void mu_app_desc_encode(const struct mu_app_desc *desc, uint8_t bytes[MU_APP_DESC_SIZE])
{
	memset(bytes, 0, MU_APP_DESC_SIZE);
	mu_le32_put(bytes, MAGIC);
	mu_le32_put(bytes + AT_SECURE_VERSION, desc->secure_version);
	text_put(bytes + AT_VERSION, desc->version, sizeof desc->version - 1);
	text_put(bytes + AT_PROJECT, desc->project_name, sizeof desc->project_name - 1);
	text_put(bytes + AT_TIME, desc->time, sizeof desc->time - 1);
	text_put(bytes + AT_DATE, desc->date, sizeof desc->date - 1);
	text_put(bytes + AT_IDF_VER, desc->idf_ver, sizeof desc->idf_ver - 1);
	memcpy(bytes + AT_ELF_SHA, desc->app_elf_sha256, sizeof desc->app_elf_sha256);
	bytes[AT_MMU_PAGE] = desc->mmu_page_size_log2;
}

int mu_app_desc_read(struct mu_app_desc *desc, const struct mu_source *image)
{
	uint8_t bytes[MU_APP_DESC_SIZE];
	int err = mu_source_read(image, MU_APP_DESC_FILE_OFFSET, bytes, sizeof bytes);
	return err < 0 ? err : mu_app_desc_decode(desc, bytes);
}

int mu_app_desc_identify(const struct mu_source *image, char version[MU_APP_DESC_TEXT_SIZE], uint8_t *elf_sha, size_t sha_size)
{
	uint8_t magic[4];
	int err = mu_source_read(image, MU_APP_DESC_FILE_OFFSET, magic, sizeof magic);
	if (err >= 0 && mu_le32_get(magic) != MAGIC)
		err = MU_ERR_INVALID;
	if (err >= 0)
		err = mu_source_read(image, MU_APP_DESC_FILE_OFFSET + AT_VERSION, version, MU_APP_DESC_TEXT_SIZE - 1);
	if (err >= 0)
		err = mu_source_read(image, MU_APP_DESC_FILE_OFFSET + AT_ELF_SHA, elf_sha, sha_size);
	version[MU_APP_DESC_TEXT_SIZE - 1] = 0;
	return err;
}
