// SPDX-License-Identifier: Apache-2.0
// A flash with a file: what reached the flash is in the file, even if the process is killed in the next instruction.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/image/err.h"
#include "agent/port/linux/flash_image.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECTOR = MU_FLASH_SECTOR_SIZE, SIZE = 8 * SECTOR };

static char folder[] = "/tmp/test_flash_file.XXXXXX";
static char path[64];

static int open_flash(struct mu_flash_image **flash, bool create, uint32_t size_bytes)
{
	const struct mu_flash_options options = { .path = path, .create = create, .size_bytes = size_bytes };
	return mu_flash_open(flash, &options);
}

static uint8_t file_byte(uint32_t offset)
{
	uint8_t byte = 0;
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, offset), 1);
	close(fd);
	return byte;
}

static void test_made_once(void **unused)
{
	(void)unused;
	struct mu_flash_image *flash;
	struct stat status;
	assert_int_equal(open_flash(&flash, false, SIZE), MU_ERR_NOT_FOUND);
	assert_int_equal(open_flash(&flash, true, SIZE), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_size, SIZE);
	for (uint32_t offset = 0; offset < SIZE; offset += 1024)
		assert_int_equal(file_byte(offset), 0xFF);
	assert_int_equal(mu_flash_program(flash, 9, "\x42", 1), 0);
	mu_flash_close(flash);
	assert_int_equal(open_flash(&flash, true, 0), 0); // an existing one is opened as it is
	assert_int_equal(mu_flash_size(flash), SIZE);
	uint8_t byte;
	assert_int_equal(mu_flash_read(flash, 9, &byte, 1), 0);
	assert_int_equal(byte, 0x42);
	mu_flash_close(flash);
}

static void test_written_through(void **unused)
{
	(void)unused;
	struct mu_flash_image *flash;
	const struct mu_flash_cut torn = { .at_operation = 1, .bytes_done = 1 };
	assert_int_equal(open_flash(&flash, true, SIZE), 0);
	assert_int_equal(mu_flash_program(flash, SECTOR - 1, "\x12\x34", 2), 0);
	assert_int_equal(file_byte(SECTOR - 1), 0x12);
	assert_int_equal(file_byte(SECTOR), 0x34);
	assert_int_equal(mu_flash_erase(flash, 0, SECTOR), 0);
	assert_int_equal(file_byte(SECTOR - 1), 0xFF);
	assert_int_equal(file_byte(SECTOR), 0x34);
	mu_flash_cut_at(flash, &torn);
	assert_int_equal(mu_flash_program(flash, 0, "\x55\x66", 2), MU_ERR_IO);
	assert_int_equal(file_byte(0), 0x55);
	assert_int_equal(file_byte(1), 0xFF);
	mu_flash_close(flash);
}

// The child's part: programs byte after byte, says into told which one is done, until it is killed.
static _Noreturn void program_until_killed(int told)
{
	struct mu_flash_image *flash;
	const uint8_t zero = 0;
	if (open_flash(&flash, true, SIZE) < 0)
		_exit(1);
	for (uint8_t i = 1;; i++)
		if (mu_flash_program(flash, i, &zero, 1) < 0 || write(told, &i, 1) != 1)
			_exit(1);
}

static void test_kill_loses_nothing(void **unused)
{
	(void)unused;
	int pipes[2];
	uint8_t done = 0, last = 0;
	struct mu_flash_image *flash;
	assert_int_equal(pipe(pipes), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (!child)
		program_until_killed(pipes[1]);
	close(pipes[1]);
	while (done < 100 && read(pipes[0], &done, 1) == 1)
		;
	kill(child, SIGKILL);
	waitpid(child, 0, 0);
	while (read(pipes[0], &last, 1) == 1)
		done = done < last ? last : done;
	close(pipes[0]);
	assert_true(done >= 100);
	assert_int_equal(open_flash(&flash, false, SIZE), 0);
	for (unsigned i = 1; i <= done; i++) {
		uint8_t byte;
		assert_int_equal(mu_flash_read(flash, i, &byte, 1), 0);
		assert_int_equal(byte, 0);
	}
	mu_flash_close(flash);
}

static void test_one_process_at_a_time(void **unused)
{
	(void)unused;
	struct mu_flash_image *flash, *second;
	assert_int_equal(open_flash(&flash, true, SIZE), 0);
	assert_int_equal(open_flash(&second, true, SIZE), MU_ERR_BUSY);
	assert_null(second);
	mu_flash_close(flash);
	assert_int_equal(open_flash(&second, true, SIZE), 0);
	mu_flash_close(second);
}

static void test_wrong_size(void **unused)
{
	(void)unused;
	struct mu_flash_image *flash;
	assert_int_equal(open_flash(&flash, true, SIZE), 0);
	mu_flash_close(flash);
	assert_int_equal(open_flash(&flash, true, 2 * SIZE), MU_ERR_SIZE);
	assert_int_equal(truncate(path, SIZE - 1), 0); // not that of any chip
	assert_int_equal(open_flash(&flash, true, 0), MU_ERR_SIZE);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(open_flash(&flash, true, 0), MU_ERR_SIZE);
}

static void test_bad_places(void **unused)
{
	(void)unused;
	struct mu_flash_image *flash;
	const struct mu_flash_options nowhere = { .path = "/proc/no/such/folder/flash", .create = true };
	const struct mu_flash_options a_folder = { .path = folder, .create = true };
	assert_int_equal(mu_flash_open(&flash, &nowhere), MU_ERR_IO);
	assert_int_equal(mu_flash_open(&flash, &a_folder), MU_ERR_IO);
}

static void test_save(void **unused)
{
	(void)unused;
	struct mu_flash_image *flash;
	const struct mu_flash_options memory = { .size_bytes = SIZE };
	assert_int_equal(mu_flash_open(&flash, &memory), 0);
	assert_int_equal(mu_flash_program(flash, 3 * SECTOR, "\x77", 1), 0);
	assert_int_equal(mu_flash_save(flash, path), 0);
	mu_flash_close(flash);
	assert_int_equal(file_byte(3 * SECTOR), 0x77);
	assert_int_equal(file_byte(SIZE - 1), 0xFF);
}

static int make_folder(void **unused)
{
	(void)unused;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/flash.bin", folder);
	return 0;
}

static int remove_file(void **unused)
{
	(void)unused;
	unlink(path);
	return 0;
}

static int remove_folder(void **unused)
{
	(void)unused;
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_made_once, remove_file),
		cmocka_unit_test_teardown(test_written_through, remove_file),
		cmocka_unit_test_teardown(test_kill_loses_nothing, remove_file),
		cmocka_unit_test_teardown(test_one_process_at_a_time, remove_file),
		cmocka_unit_test_teardown(test_wrong_size, remove_file),
		cmocka_unit_test_teardown(test_bad_places, remove_file),
		cmocka_unit_test_teardown(test_save, remove_file),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
