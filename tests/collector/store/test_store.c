// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "collector/store/database.h"
#include "collector/store/dead_letters.h"
#include "collector/store/records.h"
#include "collector/store/schema.h"
#include "tests/collector/store/scratch.h"

static int append(struct store *store, size_t size, uint64_t *n)
{
	static uint8_t body[STORE_RECORD_BYTES_MAX];
	struct store_record record = { .epoch = 7, .seq = 1, .recv_ms = 1000, .kind = 5, .body = { body, size } };
	return store_record_append(store, &record, n);
}

static uint64_t append_batch(struct store *store, unsigned count)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(append(store, 10, &n), 0);
	return n;
}

static uint64_t newest(struct store *store)
{
	uint64_t oldest, newest;
	assert_int_equal(store_record_bounds(store, &oldest, &newest), 0);
	return newest;
}

// Every refusal says what, where and what to do: an operator reads nothing else.
static void assert_refused(const char *path, enum store_role role, int err, const char *what)
{
	struct store *store = (void *)1;
	struct store_fault fault;
	int got = store_open(&store, path, role, &fault);
	if (got != err)
		fail_msg("%s: got %d (%s), not %d", path, got, got ? fault.what : "opened", err);
	assert_null(store);
	assert_int_equal(fault.err, err);
	if (!strstr(fault.what, what))
		fail_msg("\"%s\" does not say \"%s\"", fault.what, what);
	assert_string_equal(fault.where, path);
	assert_true(fault.remedy[0] != 0);
}

static void test_a_new_database_is_ours(void **state)
{
	struct scratch *scratch = *state;
	scratch_open(scratch);
	assert_false(store_was_unclean(scratch->store));
	assert_int_equal(newest(scratch->store), 0);
	assert_true(store_bytes(scratch->store) > 0);
	assert_int_equal(store_fault(scratch->store)->err, 0);
	scratch_close(scratch);
	assert_int_equal(scratch_number(scratch->path, "PRAGMA application_id"), SCHEMA_APPLICATION_ID);
	assert_int_equal(scratch_number(scratch->path, "PRAGMA user_version"), schema_version());
}

// An acknowledged record must survive a power cut: WAL alone, with synchronous NORMAL, would not do.
static void test_commits_are_durable(void **state)
{
	struct scratch *scratch = *state;
	sqlite3_stmt *ask;
	scratch_open(scratch);
	assert_int_equal(sqlite3_prepare_v2(scratch->store->db, "PRAGMA synchronous", -1, &ask, 0), SQLITE_OK);
	assert_int_equal(sqlite3_step(ask), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(ask, 0), 2); // FULL
	sqlite3_finalize(ask);
	assert_int_equal(sqlite3_prepare_v2(scratch->store->db, "PRAGMA journal_mode", -1, &ask, 0), SQLITE_OK);
	assert_int_equal(sqlite3_step(ask), SQLITE_ROW);
	assert_string_equal(sqlite3_column_text(ask, 0), "wal");
	sqlite3_finalize(ask);
}

static void test_missing_folder(void **state)
{
	struct scratch *scratch = *state;
	char path[200];
	snprintf(path, sizeof path, "%s/none/muster.db", scratch->folder);
	assert_refused(path, STORE_OWNER, -STORE_EMISSING, "folder");
	snprintf(path, sizeof path, "%s/none", scratch->folder);
	assert_int_equal(access(path, F_OK), -1); // not made on the way: a typing error would scatter folders
}

static void test_parent_is_a_file(void **state)
{
	struct scratch *scratch = *state;
	char path[200];
	close(open(scratch->path, O_CREAT | O_WRONLY, 0600));
	snprintf(path, sizeof path, "%s/muster.db", scratch->path);
	assert_refused(path, STORE_OWNER, -STORE_EMISSING, "folder");
}

static void test_path_is_a_folder(void **state)
{
	struct scratch *scratch = *state;
	assert_int_equal(mkdir(scratch->path, 0700), 0);
	assert_refused(scratch->path, STORE_OWNER, -STORE_EFOREIGN, "cannot be read");
	rmdir(scratch->path);
}

static void write_file(const char *path, const void *bytes, size_t size)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

// A wrong store.path must not cost the file that it names.
static void test_not_a_database_stays_as_it_is(void **state)
{
	struct scratch *scratch = *state;
	static const char *const files[] = {
		"letters to my aunt, and longer than a header of sixteen bytes\n",
		"short\n",
		"SQLite format 2 and not 3",
	};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		char read_back[100] = "";
		write_file(scratch->path, files[i], strlen(files[i]));
		assert_refused(scratch->path, STORE_OWNER, -STORE_EFOREIGN, "no database");
		int fd = open(scratch->path, O_RDONLY);
		assert_int_equal(read(fd, read_back, sizeof read_back - 1), strlen(files[i]));
		close(fd);
		assert_string_equal(read_back, files[i]);
	}
}

static void test_empty_file_becomes_a_database(void **state)
{
	struct scratch *scratch = *state;
	write_file(scratch->path, "", 0); // what `touch` or a provisioning tool leaves
	scratch_open(scratch);
	assert_int_equal(newest(scratch->store), 0);
}

// Databases that are not for us: each is refused, and not changed.
static const struct {
	const char *sql;
	int err;
	const char *what;
} strangers[] = {
	{ "PRAGMA application_id=1234; CREATE TABLE t(x)", -STORE_EFOREIGN, "another program" },
	{ "CREATE TABLE t(x)", -STORE_EFOREIGN, "another program" },         // most programs set no application_id
	{ "PRAGMA user_version=1", -STORE_EFOREIGN, "another program" },     // a version alone is not ours either
	{ "PRAGMA application_id=1299542900; PRAGMA user_version=9999; CREATE TABLE t(x)", -STORE_ENEWER, "newer" },
};

static void test_strangers_are_refused(void **state)
{
	struct scratch *scratch = *state;
	for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
		unlink(scratch->path);
		scratch_sql(scratch->path, strangers[i].sql);
		int64_t tables = scratch_number(scratch->path, "SELECT count(*) FROM sqlite_master");
		assert_refused(scratch->path, STORE_OWNER, strangers[i].err, strangers[i].what);
		assert_refused(scratch->path, STORE_GUEST, strangers[i].err, strangers[i].what);
		assert_int_equal(scratch_number(scratch->path, "SELECT count(*) FROM sqlite_master"), tables);
	}
}

static void fill(struct scratch *scratch, unsigned count)
{
	uint64_t n;
	assert_int_equal(store_begin(scratch->store), 0);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(append(scratch->store, 2000, &n), 0);
	assert_int_equal(store_commit(scratch->store), 0);
}

static void test_damaged_pages_are_found_at_start(void **state)
{
	struct scratch *scratch = *state;
	char garbage[64 * 1024];
	scratch_open(scratch);
	fill(scratch, 500);
	scratch_close(scratch);
	memset(garbage, 0x5a, sizeof garbage);
	int fd = open(scratch->path, O_WRONLY);
	assert_int_equal(pwrite(fd, garbage, sizeof garbage, 400 * 1024), sizeof garbage);
	close(fd);
	assert_refused(scratch->path, STORE_OWNER, -STORE_EDAMAGED, "damaged");
}

static void test_a_cut_file_is_damaged(void **state)
{
	struct scratch *scratch = *state;
	scratch_open(scratch);
	fill(scratch, 500);
	scratch_close(scratch);
	assert_int_equal(truncate(scratch->path, 300 * 1024), 0);
	assert_refused(scratch->path, STORE_OWNER, -STORE_EDAMAGED, "damaged");
}

static void open_and_commit(void *context)
{
	struct scratch *scratch = context;
	scratch_open(scratch);
	assert_int_equal(store_begin(scratch->store), 0);
	append_batch(scratch->store, 10);
	assert_int_equal(store_commit(scratch->store), 0);
}

static void open_and_die_in_a_batch(void *context)
{
	struct scratch *scratch = context;
	open_and_commit(scratch);
	assert_int_equal(store_begin(scratch->store), 0);
	append_batch(scratch->store, 2000); // more than the page cache keeps back from the log by luck
}

// Two collectors on one database would give out the same numbers.
static void test_a_second_owner_is_refused(void **state)
{
	struct scratch *scratch = *state;
	struct store *guest;
	struct store_fault fault;
	char process[32];
	pid_t child = scratch_child(open_and_commit, scratch);
	snprintf(process, sizeof process, "process %ld", (long)child);
	assert_refused(scratch->path, STORE_OWNER, -STORE_ELOCKED, process);
	assert_int_equal(store_open(&guest, scratch->path, STORE_GUEST, &fault), 0); // `musterd token add` beside it
	assert_int_equal(newest(guest), 10);
	store_close(guest);
	scratch_kill(child);
	scratch_open(scratch); // the lock went with its process
}

static void test_what_was_committed_survives_a_kill(void **state)
{
	struct scratch *scratch = *state;
	uint64_t n;
	scratch_kill(scratch_child(open_and_die_in_a_batch, scratch));
	scratch_open(scratch);
	assert_true(store_was_unclean(scratch->store));
	assert_int_equal(newest(scratch->store), 10); // all of the first batch, nothing of the second
	assert_int_equal(store_begin(scratch->store), 0);
	assert_int_equal(append(scratch->store, 1, &n), 0);
	assert_int_equal(n, 11);
	assert_int_equal(store_commit(scratch->store), 0);
	scratch_close(scratch);
	scratch_open(scratch);
	assert_false(store_was_unclean(scratch->store));
	assert_int_equal(newest(scratch->store), 11);
}

// A guest's clean exit must not hide that the owner was killed.
static void test_a_guest_leaves_the_mark_of_a_kill(void **state)
{
	struct scratch *scratch = *state;
	struct store *guest;
	struct store_fault fault;
	scratch_kill(scratch_child(open_and_commit, scratch));
	assert_int_equal(store_open(&guest, scratch->path, STORE_GUEST, &fault), 0);
	store_close(guest);
	scratch_open(scratch);
	assert_true(store_was_unclean(scratch->store));
}

static void test_a_guest_makes_the_database(void **state)
{
	struct scratch *scratch = *state;
	struct store *guest;
	struct store_fault fault;
	assert_int_equal(store_open(&guest, scratch->path, STORE_GUEST, &fault), 0); // a token is added before musterd ever ran
	store_close(guest);
	scratch_open(scratch);
	assert_false(store_was_unclean(scratch->store));
}

// As an ordinary user: root may write everywhere.
static int open_as_nobody(const char *path)
{
	struct store *store;
	struct store_fault fault;
	int status;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (geteuid() == 0 && setuid(65534) != 0)
			_exit(100);
		int err = store_open(&store, path, STORE_OWNER, &fault);
		store_close(store);
		_exit(err && (!fault.what[0] || !fault.remedy[0]) ? 101 : -err);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

static void test_no_permission(void **state)
{
	struct scratch *scratch = *state;
	char lock[120];
	snprintf(lock, sizeof lock, "%s.lock", scratch->path);
	assert_int_equal(chmod(scratch->folder, 0555), 0);
	assert_int_equal(open_as_nobody(scratch->path), -STORE_EREADONLY); // the folder
	assert_int_equal(chmod(scratch->folder, 0777), 0);
	scratch_open(scratch);
	scratch_close(scratch);
	assert_int_equal(chmod(lock, 0666), 0);
	assert_int_equal(chmod(scratch->path, 0444), 0);
	assert_int_equal(open_as_nobody(scratch->path), -STORE_EREADONLY); // the file, readable
	assert_int_equal(chmod(scratch->path, 0), 0);
	assert_int_equal(open_as_nobody(scratch->path), -STORE_EREADONLY); // the file, not even that
	assert_int_equal(chmod(scratch->path, 0666), 0);
	assert_int_equal(open_as_nobody(scratch->path), 0); // it was the permissions that were tested
}

static void test_rollback_gives_numbers_out_again(void **state)
{
	struct scratch *scratch = *state;
	scratch_open(scratch);
	assert_int_equal(store_begin(scratch->store), 0);
	assert_int_equal(append_batch(scratch->store, 5), 5);
	store_rollback(scratch->store);
	store_rollback(scratch->store); // without a transaction: nothing
	assert_int_equal(newest(scratch->store), 0);
	assert_int_equal(store_begin(scratch->store), 0);
	assert_int_equal(append_batch(scratch->store, 1), 1);
	assert_int_equal(store_commit(scratch->store), 0);
	assert_int_equal(newest(scratch->store), 1);
}

static void test_close_rolls_back(void **state)
{
	struct scratch *scratch = *state;
	scratch_open(scratch);
	assert_int_equal(store_begin(scratch->store), 0);
	append_batch(scratch->store, 5);
	scratch_close(scratch);
	scratch_open(scratch);
	assert_int_equal(newest(scratch->store), 0);
	assert_false(store_was_unclean(scratch->store));
	store_close(0); // allowed
}

static void test_transactions_do_not_nest(void **state)
{
	struct scratch *scratch = *state;
	scratch_open(scratch);
	assert_int_equal(store_begin(scratch->store), 0);
	assert_int_equal(append_batch(scratch->store, 3), 3);
	assert_true(store_begin(scratch->store) < 0);
	assert_true(store_fault(scratch->store)->what[0] != 0);
	assert_int_equal(store_commit(scratch->store), 0); // the first one is still whole
	assert_int_equal(newest(scratch->store), 3);
}

// Fills the database up to its page limit within one transaction; returns the error that ended it.
static int append_until_error(struct store *store)
{
	uint64_t n;
	for (int i = 0; i < 2000; i++) {
		int err = append(store, STORE_RECORD_BYTES_MAX, &n);
		if (err)
			return err;
	}
	return 0;
}

static void test_full_disk_and_room_again(void **state)
{
	struct scratch *scratch = *state;
	uint64_t n;
	scratch_open(scratch);
	fill(scratch, 10);
	assert_int_equal(sqlite3_exec(scratch->store->db, "PRAGMA max_page_count=200", 0, 0, 0), SQLITE_OK);
	assert_int_equal(store_begin(scratch->store), 0);
	assert_int_equal(append_until_error(scratch->store), -STORE_EFULL);
	assert_non_null(strstr(store_fault(scratch->store)->what, "full"));
	assert_true(store_fault(scratch->store)->remedy[0] != 0);
	store_rollback(scratch->store);
	assert_int_equal(newest(scratch->store), 10);
	assert_int_equal(sqlite3_exec(scratch->store->db, "PRAGMA max_page_count=1", 0, 0, 0), SQLITE_OK); // no page more
	assert_int_equal(store_probe(scratch->store), -STORE_EFULL);
	assert_int_equal(sqlite3_exec(scratch->store->db, "PRAGMA max_page_count=100000", 0, 0, 0), SQLITE_OK);
	assert_int_equal(store_probe(scratch->store), 0);
	assert_int_equal(store_begin(scratch->store), 0);
	assert_int_equal(append(scratch->store, 1, &n), 0);
	assert_int_equal(n, 11); // numbers of the failed batch are given out again
	assert_int_equal(store_commit(scratch->store), 0);
}

// The statements go well and the write of the log fails within COMMIT, as on a disk that fills up or breaks just then.
static void test_a_commit_that_fails_leaves_nothing(void **state)
{
	struct scratch *scratch = *state;
	struct rlimit before, tight;
	uint64_t n;
	scratch_open(scratch);
	fill(scratch, 10);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	tight = before;
	tight.rlim_cur = 64 * 1024;
	assert_int_equal(store_begin(scratch->store), 0);
	for (int i = 0; i < 20; i++)
		assert_int_equal(append(scratch->store, STORE_RECORD_BYTES_MAX, &n), 0);
	struct dead_letter letter = { .topic = "t", .device = "d", .reason = "r" };
	assert_int_equal(store_dead_letter_add(scratch->store, &letter), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	int err = store_commit(scratch->store);
	int probe = store_probe(scratch->store);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_true(err == -STORE_EIO || err == -STORE_EFULL);
	assert_true(probe < 0);
	assert_true(store_fault(scratch->store)->what[0] != 0);
	assert_int_equal(newest(scratch->store), 10);
	uint64_t rows, bytes;
	assert_int_equal(store_dead_letter_count(scratch->store, &rows, &bytes), 0);
	assert_int_equal(rows, 0); // the count in memory went back too
	assert_int_equal(store_probe(scratch->store), 0);
	assert_int_equal(store_begin(scratch->store), 0);
	assert_int_equal(append(scratch->store, 1, &n), 0);
	assert_int_equal(n, 11);
	assert_int_equal(store_commit(scratch->store), 0);
	scratch_close(scratch);
	scratch_open(scratch);
	assert_int_equal(newest(scratch->store), 11);
}

static void test_another_process_keeps_it_busy(void **state)
{
	struct scratch *scratch = *state;
	sqlite3 *other;
	scratch_open(scratch);
	sqlite3_busy_timeout(scratch->store->db, 20); // the real one is 2 s
	assert_int_equal(sqlite3_open(scratch->path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", 0, 0, 0), SQLITE_OK);
	assert_int_equal(store_begin(scratch->store), -STORE_EBUSY);
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
	assert_int_equal(store_begin(scratch->store), 0);
	assert_int_equal(store_commit(scratch->store), 0);
}

// store_bytes steers retention: pages that deletions freed must not count, or retention would never stop.
static void test_bytes_leave_out_free_pages(void **state)
{
	struct scratch *scratch = *state;
	scratch_open(scratch);
	uint64_t empty = store_bytes(scratch->store);
	fill(scratch, 500);
	uint64_t full = store_bytes(scratch->store);
	assert_true(full > empty + 500 * 2000);
	assert_true(full < empty + 500 * 4096);
	scratch_sql(scratch->path, "DELETE FROM record");
	assert_true(store_bytes(scratch->store) < empty + 20 * 4096);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, scratch_setup_folder, scratch_teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_a_new_database_is_ours),
		ROW(test_commits_are_durable),
		ROW(test_missing_folder),
		ROW(test_parent_is_a_file),
		ROW(test_path_is_a_folder),
		ROW(test_not_a_database_stays_as_it_is),
		ROW(test_empty_file_becomes_a_database),
		ROW(test_strangers_are_refused),
		ROW(test_damaged_pages_are_found_at_start),
		ROW(test_a_cut_file_is_damaged),
		ROW(test_a_second_owner_is_refused),
		ROW(test_what_was_committed_survives_a_kill),
		ROW(test_a_guest_leaves_the_mark_of_a_kill),
		ROW(test_a_guest_makes_the_database),
		ROW(test_no_permission),
		ROW(test_rollback_gives_numbers_out_again),
		ROW(test_close_rolls_back),
		ROW(test_transactions_do_not_nest),
		ROW(test_full_disk_and_room_again),
		ROW(test_a_commit_that_fails_leaves_nothing),
		ROW(test_another_process_keeps_it_busy),
		ROW(test_bytes_leave_out_free_pages),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
