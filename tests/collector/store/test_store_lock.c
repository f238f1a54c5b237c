// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "collector/store/store_lock.h"
#include "tests/collector/store/scratch.h"

static void take(void *context)
{
	pid_t owner;
	if (store_lock_take(context, 0, &owner) < 0)
		_exit(1);
}

static void test_one_at_a_time(void **state)
{
	char *path = ((struct scratch *)*state)->path;
	pid_t owner = 99;
	int fd = store_lock_take(path, 0, &owner);
	assert_true(fd >= 0);
	assert_int_equal(owner, 0);
	assert_int_equal(store_lock_take(path, 0, &owner), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	assert_int_equal(owner, getpid());
	close(fd);
	fd = store_lock_take(path, 0, &owner);
	assert_true(fd >= 0);
	close(fd);
}

// The number in the message is the one to stop; after a kill nothing is in the way.
static void test_the_owner_is_named_and_a_kill_frees(void **state)
{
	char *path = ((struct scratch *)*state)->path;
	pid_t owner;
	pid_t child = scratch_child(take, path);
	assert_int_equal(store_lock_take(path, 0, &owner), -1);
	assert_int_equal(owner, child);
	scratch_kill(child);
	int fd = store_lock_take(path, 0, &owner);
	assert_true(fd >= 0);
	close(fd);
}

// A restart starts the new process while the old one still drains.
static void test_waits_for_a_while(void **state)
{
	char *path = ((struct scratch *)*state)->path;
	int taken[2];
	char said;
	pid_t owner;
	assert_int_equal(pipe(taken), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		take(path);
		if (write(taken[1], "!", 1) != 1)
			_exit(1);
		nanosleep(&(struct timespec){ .tv_nsec = 300000000 }, 0);
		_exit(0);
	}
	assert_int_equal(read(taken[0], &said, 1), 1);
	close(taken[0]);
	close(taken[1]);
	int fd = store_lock_take(path, 20000, &owner);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(waitpid(child, 0, 0), child);
}

static void test_a_lock_file_that_cannot_be_made(void **state)
{
	char path[120];
	pid_t owner = 99;
	snprintf(path, sizeof path, "%s/none/muster.db", ((struct scratch *)*state)->folder);
	assert_int_equal(store_lock_take(path, 0, &owner), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(owner, 0);
}

// What an editor or a crash left in the file is no reason to refuse.
static void test_garbage_in_the_file(void **state)
{
	char *path = ((struct scratch *)*state)->path;
	char lock[120];
	pid_t owner;
	snprintf(lock, sizeof lock, "%s.lock", path);
	int fd = open(lock, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(write(fd, "no number at all, and long enough", 33), 33);
	close(fd);
	fd = store_lock_take(path, 0, &owner);
	assert_true(fd >= 0);
	assert_int_equal(store_lock_take(path, 0, &owner), -1);
	assert_int_equal(owner, getpid());
	close(fd);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, scratch_setup_folder, scratch_teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_one_at_a_time),
		ROW(test_the_owner_is_named_and_a_kill_frees),
		ROW(test_waits_for_a_while),
		ROW(test_a_lock_file_that_cannot_be_made),
		ROW(test_garbage_in_the_file),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
