// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/image/app_image.h"
#include "agent/image/err.h"
#include "agent/port/linux/digest.h"
#include "agent/port/linux/virtual_image.h"
#include <string.h>

static uint8_t bytes[MU_VIRTUAL_IMAGE_MAX];

static struct mu_source make(const char *version, int32_t panic_after_s)
{
	struct mu_virtual_image image = { .version = version, .traits = mu_traits_none() };
	image.traits.panic_after_s = panic_after_s;
	int size = mu_virtual_image_write(&image, bytes, sizeof bytes);
	assert_true(size > 0);
	return mu_source_memory(bytes, (uint32_t)size);
}

static void test_is_a_real_image(void **unused)
{
	(void)unused;
	struct mu_app_verifier verifier;
	struct mu_app_desc desc;
	struct mu_digest digest;
	struct mu_hash sha256;
	struct mu_source source = make("1.2.3", 20);
	assert_int_equal(mu_digest_open_sha256(&digest, &sha256), 0);
	assert_int_equal(mu_app_image_verify(&verifier, &source, &sha256, MU_APP_IMAGE_CHIP_ESP32C3), 0);
	mu_digest_close(&digest);
	assert_int_equal(verifier.image_size, source.size_bytes);
	assert_int_equal(verifier.header.segment_count, 2);
	assert_int_equal(mu_app_desc_read(&desc, &source), 0);
	assert_string_equal(desc.version, "1.2.3");
	assert_string_equal(desc.project_name, "muster-virtual");
	assert_string_equal(desc.idf_ver, "v6.0.1");
}

// Byte for byte as it was when another reader of the format found checksum and digest of this very image right. A change here
// makes new builds of all virtual images.
static void test_image_is_stable(void **unused)
{
	(void)unused;
	static const uint8_t wanted[] = { 0xeb, 0xd4, 0x6d, 0xbc, 0x62, 0x81, 0x66, 0xfd, 0x2a, 0xe7, 0x8d, 0xa1, 0x46, 0x30, 0x37, 0x7d };
	struct mu_source source = make("1.1.0", 20);
	assert_int_equal(source.size_bytes, 0x180);
	assert_memory_equal(bytes + source.size_bytes - MU_SHA256_SIZE, wanted, sizeof wanted);
}

static void test_traits_come_back(void **unused)
{
	(void)unused;
	struct mu_traits traits;
	struct mu_source source = make("1.2.3", 20);
	assert_int_equal(mu_virtual_image_traits(&source, &traits, 0), 0);
	assert_int_equal(traits.panic_after_s, 20);
	assert_int_equal(traits.leak_bytes_per_s, MU_TRAIT_UNSET);
}

// An image for another chip has its id in the header, runs on no other, and its traits are read all the same.
static void test_an_image_for_another_chip(void **unused)
{
	(void)unused;
	struct mu_app_verifier verifier;
	struct mu_digest digest;
	struct mu_hash sha256;
	struct mu_traits traits;
	const struct mu_virtual_image image = { .version = "1.0.0", .traits = mu_traits_none(), .chip_id = MU_APP_IMAGE_CHIP_ESP32S3 };
	int size = mu_virtual_image_write(&image, bytes, sizeof bytes);
	assert_true(size > 0);
	struct mu_source source = make("1.2.3", 20); // for how a source is made of `bytes`
	assert_int_equal(mu_virtual_image_write(&image, bytes, sizeof bytes), size);
	source.size_bytes = (uint32_t)size;
	assert_int_equal(mu_digest_open_sha256(&digest, &sha256), 0);
	assert_int_equal(mu_app_image_verify(&verifier, &source, &sha256, MU_APP_IMAGE_CHIP_ESP32S3), 0);
	assert_true(mu_app_image_verify(&verifier, &source, &sha256, MU_APP_IMAGE_CHIP_ESP32C3) < 0);
	mu_digest_close(&digest);
	assert_int_equal(mu_virtual_image_traits(&source, &traits, 0), 0);
	assert_int_equal(traits.panic_after_s, MU_TRAIT_UNSET);
}

// Equal contents are one build; another version, project or trait is another.
static void test_build_id(void **unused)
{
	(void)unused;
	struct mu_app_desc descs[4];
	static const struct {
		const char *version;
		int32_t panic_after_s;
	} rows[] = {
		{ "1.0.0", 20 }, { "1.0.0", 20 }, { "1.0.1", 20 }, { "1.0.0", 21 },
	};
	for (size_t i = 0; i < 4; i++) {
		struct mu_source source = make(rows[i].version, rows[i].panic_after_s);
		assert_int_equal(mu_app_desc_read(&descs[i], &source), 0);
	}
	assert_memory_equal(descs[0].app_elf_sha256, descs[1].app_elf_sha256, MU_SHA256_SIZE);
	assert_memory_not_equal(descs[0].app_elf_sha256, descs[2].app_elf_sha256, 8);
	assert_memory_not_equal(descs[0].app_elf_sha256, descs[3].app_elf_sha256, 8);
}

static void test_refused(void **unused)
{
	(void)unused;
	static const struct {
		const char *project, *version;
		int result;
	} rows[] = {
		{ 0, 0, MU_ERR_INVALID }, { 0, "", MU_ERR_INVALID }, { "", "1", MU_ERR_INVALID },
		{ 0, "12345678901234567890123456789012", MU_ERR_INVALID }, // 32
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct mu_virtual_image image = { .project = rows[i].project,
			.version = rows[i].version,
			.traits = mu_traits_none() };
		assert_int_equal(mu_virtual_image_write(&image, bytes, sizeof bytes), rows[i].result);
	}
	const struct mu_virtual_image image = { .version = "1.0.0", .traits = mu_traits_none() };
	assert_int_equal(mu_virtual_image_write(&image, bytes, 300), MU_ERR_FULL);
}

static void test_damage_is_named(void **unused)
{
	(void)unused;
	struct mu_traits traits;
	char problem[MU_TRAITS_PROBLEM_SIZE];
	struct mu_source source = make("1.2.3", 20);
	bytes[0x130] ^= 1;
	assert_int_equal(mu_virtual_image_traits(&source, &traits, problem), MU_ERR_CRC);
	assert_string_equal(problem, "the image does not verify: crc");
	assert_int_equal(traits.panic_after_s, MU_TRAIT_UNSET);
}

// A real firmware has code there: no traits, and a healthy device.
static void test_real_image_has_no_traits(void **unused)
{
	(void)unused;
	static uint8_t code[2000];
	const struct mu_app_header header = { .chip_id = MU_APP_IMAGE_CHIP_ESP32C3 };
	const struct mu_app_payload segments[] = { { 0x3FC80000, code, 256 }, { 0x3FC90000, code, sizeof code } };
	struct mu_traits traits;
	struct mu_digest digest;
	struct mu_hash sha256;
	for (unsigned count = 1; count <= 2; count++) {
		assert_int_equal(mu_digest_open_sha256(&digest, &sha256), 0);
		int size = mu_app_image_write(&header, segments, count, bytes, sizeof bytes, &sha256);
		mu_digest_close(&digest);
		struct mu_source source = mu_source_memory(bytes, (uint32_t)size);
		assert_int_equal(mu_virtual_image_traits(&source, &traits, 0), MU_ERR_NOT_FOUND);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_a_real_image),
		cmocka_unit_test(test_image_is_stable),
		cmocka_unit_test(test_traits_come_back),
		cmocka_unit_test(test_an_image_for_another_chip),
		cmocka_unit_test(test_build_id),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_damage_is_named),
		cmocka_unit_test(test_real_image_has_no_traits),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
