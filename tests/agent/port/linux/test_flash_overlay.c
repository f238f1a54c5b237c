// SPDX-License-Identifier: Apache-2.0
// The overlay file, through flash_image.h as everybody uses it.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "agent/image/err.h"
#include "agent/port/linux/flash_image.h"

enum { SIZE = 0x400000, SECTOR = MU_FLASH_SECTOR_SIZE };

static char path[64];
static struct mu_flash_image *base;

static int set_up(void **unused)
{
	(void)unused;
	snprintf(path, sizeof path, "/tmp/test-overlay-XXXXXX");
	close(mkstemp(path));
	unlink(path);
	struct mu_flash_options options = { .size_bytes = SIZE };
	if (mu_flash_open(&base, &options) < 0)
		return -1;
	return mu_flash_program(base, 5 * SECTOR, "shared", 6);
}

static int tear_down(void **unused)
{
	(void)unused;
	mu_flash_close(base);
	unlink(path);
	return 0;
}

static struct mu_flash_image *reopen(struct mu_flash_image *flash)
{
	struct mu_flash_options options = { .path = path, .create = true, .base = base };
	mu_flash_close(flash);
	assert_int_equal(mu_flash_open(&flash, &options), 0);
	return flash;
}

static void expect(const struct mu_flash_image *flash, uint32_t offset, const char *text)
{
	char found[16];
	assert_int_equal(mu_flash_read(flash, offset, found, strlen(text)), 0);
	assert_memory_equal(found, text, strlen(text));
}

// Programs, second programs to the same sector and erases of shared sectors are all there again, the rest is the base's.
static void test_what_was_written_comes_back(void **unused)
{
	(void)unused;
	struct mu_flash_image *flash = reopen(0);
	expect(flash, 5 * SECTOR, "shared");
	assert_int_equal(mu_flash_program(flash, 5 * SECTOR + 6, " no more", 8), 0);
	assert_int_equal(mu_flash_program(flash, 1023 * SECTOR, "last", 4), 0);
	flash = reopen(flash);
	assert_int_equal(mu_flash_program(flash, 5 * SECTOR + 14, "!", 1), 0);
	flash = reopen(flash);
	expect(flash, 5 * SECTOR, "shared no more!");
	expect(flash, 1023 * SECTOR, "last");
	assert_int_equal(mu_flash_erase(flash, 5 * SECTOR, SECTOR), 0);
	flash = reopen(flash);
	expect(flash, 5 * SECTOR, "\xFF\xFF\xFF\xFF\xFF\xFF");
	expect(base, 5 * SECTOR, "shared");
	mu_flash_close(flash);
}

static void test_the_file_is_small(void **unused)
{
	(void)unused;
	struct stat status;
	struct mu_flash_image *flash = reopen(0);
	assert_int_equal(mu_flash_program(flash, 1023 * SECTOR, "x", 1), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_true(status.st_blocks * 512 <= 4 * SECTOR);
	mu_flash_close(flash);
}

// Two processes on one flash would ruin it; flock() of two handles in one process stands for them.
static void test_only_one_at_a_time(void **unused)
{
	(void)unused;
	struct mu_flash_options options = { .path = path, .create = true, .base = base };
	struct mu_flash_image *flash = reopen(0), *second;
	assert_int_equal(mu_flash_open(&second, &options), MU_ERR_BUSY);
	mu_flash_close(flash);
}

// Each row: bytes at the start of the file, and what opening then says.
static const struct {
	char bytes[13];
	size_t size;
	int err;
} files[] = {
	{ "", 0, 0 },                                        // made, then killed
	{ "MUOV", 4, MU_ERR_INVALID },                       // cut short
	{ "MUOV\x02\0\0\0\0\x04\0\0", 64, MU_ERR_INVALID },  // a version of the future
	{ "MUOV\x01\0\0\0\0\x08\0\0", 64, MU_ERR_SIZE },     // of a chip of 8 MiB
	{ "\x7F" "ELF", 64, MU_ERR_INVALID },                // something else
};

static void test_other_files_are_refused(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		char bytes[64] = { 0 };
		struct mu_flash_options options = { .path = path, .create = true, .base = base };
		struct mu_flash_image *flash;
		memcpy(bytes, files[i].bytes, 12);
		int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		assert_int_equal(write(fd, bytes, files[i].size), files[i].size);
		close(fd);
		assert_int_equal(mu_flash_open(&flash, &options), files[i].err);
		mu_flash_close(flash);
	}
	struct mu_flash_options missing = { .path = "/tmp/test-overlay-not-there", .base = base };
	struct mu_flash_image *flash;
	assert_int_equal(mu_flash_open(&flash, &missing), MU_ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_was_written_comes_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_file_is_small, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_only_one_at_a_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_files_are_refused, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
