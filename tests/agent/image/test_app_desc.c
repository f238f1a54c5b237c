// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/image/app_desc.h"
#include "agent/image/err.h"
#include <string.h>

static const struct mu_app_desc full = {
	.secure_version = 7,
	.version = "12345678901234567890123456789012", // 32 characters: no room for a terminator in the format
	.project_name = "muster",
	.time = "12:34:56",
	.date = "Nov 21 2026",
	.idf_ver = "v6.0.1",
	.app_elf_sha256 = { 1, 2, 3, [31] = 0xFF },
	.mmu_page_size_log2 = 16,
};

static void test_there_and_back(void **unused)
{
	(void)unused;
	uint8_t bytes[MU_APP_DESC_SIZE];
	struct mu_app_desc desc;
	memset(&desc, 0xA5, sizeof desc);
	mu_app_desc_encode(&full, bytes);
	assert_int_equal(mu_app_desc_decode(&desc, bytes), 0);
	assert_int_equal(desc.secure_version, full.secure_version);
	assert_string_equal(desc.version, full.version);
	assert_string_equal(desc.project_name, full.project_name);
	assert_string_equal(desc.time, full.time);
	assert_string_equal(desc.date, full.date);
	assert_string_equal(desc.idf_ver, full.idf_ver);
	assert_memory_equal(desc.app_elf_sha256, full.app_elf_sha256, MU_SHA256_SIZE);
	assert_int_equal(desc.mmu_page_size_log2, 16);
}

// Where esp_app_desc_t has its fields.
static void test_offsets(void **unused)
{
	(void)unused;
	uint8_t bytes[MU_APP_DESC_SIZE];
	mu_app_desc_encode(&full, bytes);
	assert_memory_equal(bytes, "\x32\x54\xCD\xAB\x07", 5);
	assert_memory_equal(bytes + 16, "1234", 4);
	assert_memory_equal(bytes + 48, "muster", 7);
	assert_memory_equal(bytes + 80, "12:34:56", 9);
	assert_memory_equal(bytes + 96, "Nov 21 2026", 12);
	assert_memory_equal(bytes + 112, "v6.0.1", 7);
	assert_memory_equal(bytes + 144, "\x01\x02\x03", 4);
	assert_int_equal(bytes[180], 16);
}

static void test_not_a_description(void **unused)
{
	(void)unused;
	uint8_t image[MU_APP_DESC_FILE_OFFSET + MU_APP_DESC_SIZE] = { 0xE9 };
	struct mu_app_desc desc;
	struct mu_source source = mu_source_memory(image, sizeof image);
	assert_int_equal(mu_app_desc_read(&desc, &source), MU_ERR_INVALID);
	mu_app_desc_encode(&full, image + MU_APP_DESC_FILE_OFFSET);
	assert_int_equal(mu_app_desc_read(&desc, &source), 0);
	source.size_bytes--;
	assert_int_equal(mu_app_desc_read(&desc, &source), MU_ERR_RANGE);
}

// The same as from the whole description, and the same errors.
static void test_identify(void **unused)
{
	(void)unused;
	uint8_t image[MU_APP_DESC_FILE_OFFSET + MU_APP_DESC_SIZE] = { 0xE9 }, sha[8];
	char version[MU_APP_DESC_TEXT_SIZE];
	struct mu_app_desc desc;
	struct mu_source source = mu_source_memory(image, sizeof image);
	assert_int_equal(mu_app_desc_identify(&source, version, sha, sizeof sha), MU_ERR_INVALID);
	mu_app_desc_encode(&full, image + MU_APP_DESC_FILE_OFFSET);
	assert_int_equal(mu_app_desc_read(&desc, &source), 0);
	assert_int_equal(mu_app_desc_identify(&source, version, sha, sizeof sha), 0);
	assert_string_equal(version, desc.version);
	assert_memory_equal(sha, desc.app_elf_sha256, sizeof sha);
	memset(image + MU_APP_DESC_FILE_OFFSET + 16, 'v', 32); // not terminated in the format
	assert_int_equal(mu_app_desc_identify(&source, version, sha, sizeof sha), 0);
	assert_int_equal(strlen(version), 32);
	source.size_bytes = MU_APP_DESC_FILE_OFFSET + 144 + 7;
	assert_int_equal(mu_app_desc_identify(&source, version, sha, sizeof sha), MU_ERR_RANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_not_a_description),
		cmocka_unit_test(test_identify),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
