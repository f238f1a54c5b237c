// SPDX-License-Identifier: Apache-2.0
// Follows bootloader_utility.c of ESP-IDF, in its order; the numbers in comments are the steps of boot().
#include "agent/port/linux/bootloader.h"
#include "agent/image/app_image.h"
#include "agent/image/err.h"
#include "agent/port/linux/digest.h"
#include <string.h>

enum { INDEX_FACTORY = -1, INDEX_INVALID = -99 };

struct boot {
	struct mu_flash_image *flash;
	const struct mu_boot_config *config;
	struct mu_boot_result *result;
	struct mu_digest digest;
	struct mu_hash sha256;
	struct mu_partition_entry factory, test, ota_info;
	struct mu_partition_entry ota[MU_OTADATA_SLOTS_MAX];
	unsigned app_count;
	struct mu_otadata otadata;
	bool initial_contents; // otadata was never written: the slot that boots becomes its owner
};

static void note_app(struct boot *boot, const struct mu_partition_entry *entry)
{
	if (entry->subtype == MU_SUBTYPE_APP_FACTORY) {
		boot->factory = *entry;
	} else if (entry->subtype == MU_SUBTYPE_APP_TEST) {
		boot->test = *entry;
	} else if (entry->subtype >= MU_SUBTYPE_APP_OTA_0 && entry->subtype <= MU_SUBTYPE_APP_OTA_15) {
		boot->ota[entry->subtype - MU_SUBTYPE_APP_OTA_0] = *entry;
		boot->app_count++;
	}
}

static int load_table(struct boot *boot)
{
	uint8_t data[MU_PARTITION_TABLE_SIZE];
	struct mu_partition_table table;
	struct mu_digest digest;
	struct mu_hash md5;
	int err = mu_flash_read(boot->flash, MU_PARTITION_TABLE_OFFSET, data, sizeof data);
	if (err < 0)
		return err;
	err = mu_digest_open_md5(&digest, &md5);
	if (!err)
		err = mu_partition_table_parse(&table, data, sizeof data, mu_flash_size(boot->flash), &md5);
	mu_digest_close(&digest);
	for (unsigned i = 0; !err && i < table.count; i++) {
		const struct mu_partition_entry *entry = &table.partitions[i];
		if (entry->type == MU_PARTITION_APP)
			note_app(boot, entry);
		else if (entry->type == MU_PARTITION_DATA && entry->subtype == MU_SUBTYPE_DATA_OTA)
			boot->ota_info = *entry;
	}
	return err;
}

static uint32_t sector_offset(const struct boot *boot, unsigned sector)
{
	return boot->ota_info.offset + sector * MU_OTADATA_SECTOR_SIZE;
}

static int read_otadata(struct boot *boot)
{
	for (unsigned i = 0; i < 2; i++) {
		uint8_t bytes[MU_OTADATA_ENTRY_SIZE];
		int err = mu_flash_read(boot->flash, sector_offset(boot, i), bytes, sizeof bytes);
		if (err < 0)
			return err;
		mu_otadata_decode(&boot->otadata.entry[i], bytes);
	}
	return 0;
}

// Erases the sector and writes the entry as boot->otadata has it.
static int rewrite(struct boot *boot, unsigned sector)
{
	uint8_t bytes[MU_OTADATA_ENTRY_SIZE];
	struct mu_boot_result *result = boot->result;
	mu_otadata_encode(&boot->otadata.entry[sector], bytes);
	if (result->write_count < MU_BOOT_WRITES_MAX)
		result->writes[result->write_count++] = (uint8_t)sector;
	int err = mu_flash_erase(boot->flash, sector_offset(boot, sector), MU_OTADATA_SECTOR_SIZE);
	return err < 0 ? err : mu_flash_program(boot->flash, sector_offset(boot, sector), bytes, sizeof bytes);
}

// 2. A trial that ended without the application's word is over, whatever else the entry says.
static int abort_trials(struct boot *boot)
{
	for (unsigned i = 0; i < 2; i++) {
		struct mu_otadata_entry *entry = &boot->otadata.entry[i];
		if (entry->state != MU_OTADATA_PENDING_VERIFY)
			continue;
		entry->state = MU_OTADATA_ABORTED;
		int err = rewrite(boot, i);
		if (err < 0)
			return err;
	}
	return 0;
}

static bool was_never_written(const struct mu_otadata_entry *entry)
{
	return entry->seq == UINT32_MAX || !mu_otadata_has_crc(entry);
}

// 3. Neither entry may be used.
static int choose_without_entry(struct boot *boot)
{
	if (boot->factory.size)
		return INDEX_FACTORY;
	boot->initial_contents = was_never_written(&boot->otadata.entry[0]) && was_never_written(&boot->otadata.entry[1]);
	return 0;
}

// 3 and 4. The index of the slot to try first, or a negative enum mu_err in *err.
static int choose(struct boot *boot, int *err)
{
	struct mu_otadata *otadata = &boot->otadata;
	bool none_usable = !mu_otadata_is_usable(&otadata->entry[0]) && !mu_otadata_is_usable(&otadata->entry[1]);
	if (none_usable || !boot->app_count)
		return choose_without_entry(boot);
	int active = mu_otadata_select(otadata);
	boot->result->active_entry = active;
	if (active < 0)
		return INDEX_FACTORY; // bad CRCs: all images will be tried
	struct mu_otadata_entry *entry = &otadata->entry[active];
	if (boot->config->rollback && entry->state == MU_OTADATA_NEW) {
		entry->state = MU_OTADATA_PENDING_VERIFY;
		*err = rewrite(boot, (unsigned)active);
	}
	return (int)mu_otadata_slot(entry, boot->app_count);
}

static int choose_index(struct boot *boot, int *err)
{
	if (!boot->ota_info.size)
		return INDEX_FACTORY;
	if (boot->ota_info.size < MU_OTADATA_SIZE_MIN)
		return INDEX_INVALID;
	*err = read_otadata(boot);
	if (!*err && boot->config->rollback)
		*err = abort_trials(boot);
	return *err < 0 ? INDEX_INVALID : choose(boot, err);
}

// True if the partition's image verifies; it is then what runs.
static bool try_image(struct boot *boot, const struct mu_partition_entry *entry, int slot)
{
	struct mu_app_verifier verifier;
	struct mu_flash_window window;
	struct mu_boot_result *result = boot->result;
	if (!entry->size)
		return false;
	struct mu_source source = mu_flash_source(&window, boot->flash, entry->offset, entry->size);
	if (mu_app_image_verify(&verifier, &source, &boot->sha256, boot->config->chip_id) < 0) {
		result->rejected_count++;
		return false;
	}
	result->slot = slot;
	result->partition = *entry;
	result->image_size = verifier.image_size;
	if (mu_app_desc_read(&result->desc, &source) < 0)
		memset(&result->desc, 0, sizeof result->desc);
	return true;
}

static bool try_index(struct boot *boot, int index)
{
	return index == INDEX_FACTORY ? try_image(boot, &boot->factory, MU_SLOT_FACTORY) : try_image(boot, &boot->ota[index], index);
}

// 5. The chosen slot, then the lower ones down to factory, then the higher ones, then the test app. States do not matter.
static bool load_first_good(struct boot *boot, int chosen)
{
	for (int index = chosen; index >= INDEX_FACTORY; index--)
		if (try_index(boot, index))
			return true;
	for (int index = chosen + 1; index < (int)boot->app_count; index++)
		if (try_index(boot, index))
			return true;
	return try_image(boot, &boot->test, MU_SLOT_TEST);
}

// 6. Blank otadata gets the slot that boots as its owner.
static int own_otadata(struct boot *boot)
{
	if (!boot->initial_contents || boot->result->slot < 0)
		return 0;
	boot->otadata.entry[0] = mu_otadata_make((uint32_t)boot->result->slot + 1, MU_OTADATA_VALID);
	return rewrite(boot, 0);
}

static int boot(struct boot *boot)
{
	int err = load_table(boot);
	if (err < 0)
		return err;
	int index = choose_index(boot, &err);
	if (err < 0)
		return err;
	if (index == INDEX_INVALID || !load_first_good(boot, index))
		return mu_flash_has_power(boot->flash) ? MU_ERR_NOT_FOUND : MU_ERR_IO;
	boot->result->rescue = boot->result->slot != index && boot->result->active_entry >= 0;
	return own_otadata(boot);
}

int mu_bootloader_run(struct mu_flash_image *flash, const struct mu_boot_config *config, struct mu_boot_result *result)
{
	struct boot state = { .flash = flash, .config = config, .result = result };
	*result = (struct mu_boot_result){ .slot = MU_SLOT_NONE, .active_entry = -1 };
	int err = mu_digest_open_sha256(&state.digest, &state.sha256);
	if (!err)
		err = boot(&state);
	mu_digest_close(&state.digest);
	return err;
}
