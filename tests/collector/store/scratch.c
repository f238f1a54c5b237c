// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/collector/store/scratch.h"

int scratch_setup_folder(void **state)
{
	struct scratch *scratch = calloc(1, sizeof *scratch);
	if (!scratch)
		return -1;
	snprintf(scratch->folder, sizeof scratch->folder, "/tmp/muster-store-XXXXXX");
	if (!mkdtemp(scratch->folder))
		return -1;
	snprintf(scratch->path, sizeof scratch->path, "%s/muster.db", scratch->folder);
	*state = scratch;
	return 0;
}

int scratch_setup(void **state)
{
	int err = scratch_setup_folder(state);
	if (!err)
		scratch_open(*state);
	return err;
}

static void remove_folder(const char *folder)
{
	DIR *entries = opendir(folder);
	struct dirent *entry;
	char path[400];
	while (entries && (entry = readdir(entries))) {
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		if (entry->d_name[0] != '.' && unlink(path) != 0)
			rmdir(path);
	}
	if (entries)
		closedir(entries);
	rmdir(folder);
}

int scratch_teardown(void **state)
{
	struct scratch *scratch = *state;
	scratch_close(scratch);
	remove_folder(scratch->folder);
	free(scratch);
	return 0;
}

void scratch_open(struct scratch *scratch)
{
	struct store_fault fault;
	int err = store_open(&scratch->store, scratch->path, STORE_OWNER, &fault);
	if (err)
		fail_msg("%s: %s", fault.where, fault.what);
}

void scratch_close(struct scratch *scratch)
{
	store_close(scratch->store);
	scratch->store = 0;
}

void scratch_sql(const char *path, const char *sql)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	int rc = sqlite3_exec(db, sql, 0, 0, 0);
	if (rc != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

int64_t scratch_number(const char *path, const char *question)
{
	sqlite3 *db;
	sqlite3_stmt *ask;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, question, -1, &ask, 0), SQLITE_OK);
	assert_int_equal(sqlite3_step(ask), SQLITE_ROW);
	int64_t number = sqlite3_column_int64(ask, 0);
	sqlite3_finalize(ask);
	sqlite3_close(db);
	return number;
}

pid_t scratch_child(void (*part)(void *context), void *context)
{
	int done[2];
	char said = 0;
	assert_int_equal(pipe(done), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		part(context);
		if (write(done[1], "!", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(done[1]);
	assert_int_equal(read(done[0], &said, 1), 1); // else the child is dead
	close(done[0]);
	return child;
}

void scratch_kill(pid_t child)
{
	int status;
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}
