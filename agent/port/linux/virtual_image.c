// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/virtual_image.h"
#include "agent/image/app_image.h"
#include "agent/image/err.h"
#include "agent/port/linux/digest.h"
#include <stdio.h>
#include <string.h>

enum { NAME_MAX_SIZE = 31, SPI_SPEED_80M_SIZE_4MB = 0x2F, SPI_MODE_DIO = 2 };

static const char default_project[] = "muster-virtual";

static bool name_is_valid(const char *name)
{
	return name && *name && strlen(name) <= NAME_MAX_SIZE;
}

// Equal images are equal builds.
static int build_id(const char *project, const char *version, const char *traits, int traits_size, uint8_t *digest)
{
	char text[2 * (NAME_MAX_SIZE + 1) + MU_TRAITS_TEXT_MAX + 1];
	int size = snprintf(text, sizeof text, "%s\n%s\n%.*s", project, version, traits_size, traits);
	return mu_digest_sha256(text, (size_t)size, digest);
}

static int describe(const struct mu_virtual_image *image, const char *traits, int traits_size, uint8_t *bytes)
{
	const char *project = image->project ? image->project : default_project;
	struct mu_app_desc desc = { .time = "00:00:00", .date = "Jan  1 2026", .idf_ver = "v6.0.1", .mmu_page_size_log2 = 16 };
	if (!name_is_valid(image->version) || !name_is_valid(project))
		return MU_ERR_INVALID;
	memcpy(desc.version, image->version, strlen(image->version));
	memcpy(desc.project_name, project, strlen(project));
	mu_app_desc_encode(&desc, bytes);
	int err = build_id(project, image->version, traits, traits_size, desc.app_elf_sha256);
	mu_app_desc_encode(&desc, bytes);
	return err;
}

int mu_virtual_image_write(const struct mu_virtual_image *image, uint8_t *buffer, size_t capacity)
{
	uint8_t desc[MU_APP_DESC_SIZE];
	char traits[MU_TRAITS_TEXT_MAX];
	const struct mu_app_header header = {
		.spi_mode = SPI_MODE_DIO,
		.spi_speed_size = SPI_SPEED_80M_SIZE_4MB,
		.entry_address = MU_VIRTUAL_LOAD_TRAITS,
		.chip_id = image->chip_id ? image->chip_id : (uint16_t)MU_APP_IMAGE_CHIP_ESP32C3,
		.max_chip_rev_full = UINT16_MAX,
	};
	int size = mu_traits_write(&image->traits, traits, sizeof traits);
	if (size < 0)
		return size;
	int err = describe(image, traits, size, desc);
	if (err < 0)
		return err;
	const struct mu_app_payload segments[] = {
		{ MU_VIRTUAL_LOAD_DESC, desc, sizeof desc },
		{ MU_VIRTUAL_LOAD_TRAITS, traits, (uint32_t)size },
	};
	struct mu_digest digest;
	struct mu_hash sha256;
	err = mu_digest_open_sha256(&digest, &sha256);
	if (!err)
		err = mu_app_image_write(&header, segments, 2, buffer, capacity, &sha256);
	mu_digest_close(&digest);
	return err;
}

static int verify(const struct mu_source *source)
{
	struct mu_app_verifier verifier;
	struct mu_digest digest;
	struct mu_hash sha256;
	int err = mu_digest_open_sha256(&digest, &sha256);
	if (!err)
		err = mu_app_image_verify(&verifier, source, &sha256, MU_APP_IMAGE_CHIP_ANY);
	mu_digest_close(&digest);
	return err;
}

static int refuse(char *problem, const char *text, int err)
{
	if (problem)
		snprintf(problem, MU_TRAITS_PROBLEM_SIZE, "%s: %s", text, mu_err_name(err));
	return err;
}

int mu_virtual_image_traits(const struct mu_source *source, struct mu_traits *traits, char *problem)
{
	struct mu_app_segment segment;
	char block[MU_TRAITS_TEXT_MAX];
	*traits = mu_traits_none();
	int err = verify(source);
	if (err < 0)
		return refuse(problem, "the image does not verify", err);
	err = mu_app_image_segment(source, 1, &segment);
	if (err < 0)
		return refuse(problem, "the image has no second segment", MU_ERR_NOT_FOUND);
	// A real image's second segment is code and may be large; the markers decide.
	uint32_t size = segment.size < sizeof block ? segment.size : sizeof block;
	err = mu_source_read(source, segment.file_offset, block, size);
	if (err < 0)
		return refuse(problem, "the segment cannot be read", err);
	return mu_traits_read(traits, block, size, problem);
}
