// SPDX-License-Identifier: Apache-2.0
#include "collector/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "collector/clock.h"
#include "collector/store/database.h"
#include "collector/store/records.h"
#include "collector/store/schema.h"
#include "collector/store/store_lock.h"

enum {
	LOCK_WAIT_MS = 1000,
	BUSY_MS = 2000,
	CHECK_MS = 1000,         // of quick_check after a clean stop
	CHECK_UNCLEAN_MS = 3000, // and after any other
	CHECK_OPCODES = 10000,   // between two looks at the clock
	CHECKPOINT_PAGES = 2000,
	CACHE_KIB = 32 * 1024,
	PROBE_BYTES = 256 * 1024,
};

static int refuse(struct store *store, enum store_err err, const char *what, const char *remedy)
{
	store->fault.err = -(int)err;
	snprintf(store->fault.what, sizeof store->fault.what, "%s", what);
	snprintf(store->fault.remedy, sizeof store->fault.remedy, "%s", remedy);
	return -(int)err;
}

static int refuse_errno(struct store *store, enum store_err err, const char *what, int system_errno, const char *remedy)
{
	char text[160];
	snprintf(text, sizeof text, "%s (%s)", what, strerror(system_errno));
	return refuse(store, err, text, remedy);
}

static int check_folder(struct store *store)
{
	char path[sizeof store->fault.where];
	struct stat folder;
	memcpy(path, store->fault.where, sizeof path);
	if (stat(dirname(path), &folder) != 0)
		return refuse_errno(store, STORE_EMISSING, "the folder of the database cannot be reached", errno,
			"make the folder, or name another store.path");
	if (!S_ISDIR(folder.st_mode))
		return refuse(store, STORE_EMISSING, "the parent of the database is no folder", "name another store.path");
	return 0;
}

static int check_lock(struct store *store)
{
	pid_t owner;
	store->lock_fd = store_lock_take(store->fault.where, store->owner ? LOCK_WAIT_MS : 0, &owner);
	if (store->lock_fd >= 0 || (!store->owner && errno == EWOULDBLOCK))
		return 0;
	if (errno != EWOULDBLOCK)
		return refuse_errno(store, errno == ENOSPC ? STORE_EFULL : STORE_EREADONLY,
			"the lock file beside the database cannot be made", errno,
			"give musterd's user write permission to the folder, make room, or name another store.path");
	char what[80];
	snprintf(what, sizeof what, "another musterd has the database (process %ld)", (long)owner);
	return refuse(store, STORE_ELOCKED, what, "stop that one, or name another store.path");
}

// A file that is no database is found here, before SQLite may write to it.
static int check_file(struct store *store)
{
	static const char magic[16] = "SQLite format 3";
	char head[sizeof magic];
	int fd = open(store->fault.where, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0
				       : refuse_errno(store, STORE_EREADONLY, "the database cannot be read", errno,
						 "give musterd's user permission to the file, or name another store.path");
	ssize_t length = read(fd, head, sizeof head);
	int system_errno = errno;
	close(fd);
	if (length < 0)
		return refuse_errno(store, STORE_EFOREIGN, "the database cannot be read", system_errno, "name a file as store.path");
	if (length == 0 || (length == sizeof head && memcmp(head, magic, sizeof magic) == 0))
		return 0;
	return refuse(store, STORE_EFOREIGN, "the file is no database", "name another file as store.path, or move this one away");
}

static int read_number(struct store *store, const char *question, int *answer)
{
	sqlite3_stmt *ask = 0;
	int rc = sqlite3_prepare_v2(store->db, question, -1, &ask, 0);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(ask);
	*answer = rc == SQLITE_ROW ? sqlite3_column_int(ask, 0) : 0;
	int err = store_failed(store, rc);
	sqlite3_finalize(ask);
	return err;
}

static int open_file(struct store *store)
{
	int rc = sqlite3_open_v2(store->fault.where, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, 0);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(store->db, BUSY_MS);
	int err = store_failed(store, rc);
	if (!err && sqlite3_db_readonly(store->db, "main") == 1)
		return store_failed(store, SQLITE_READONLY);
	return err;
}

struct identity {
	int application_id, version, tables;
};

static int read_identity(struct store *store, struct identity *identity)
{
	int err = read_number(store, "PRAGMA application_id", &identity->application_id);
	if (!err)
		err = read_number(store, "PRAGMA user_version", &identity->version);
	return err ? err : read_number(store, "SELECT count(*) FROM sqlite_master", &identity->tables);
}

static int migrate(struct store *store, int version)
{
	if (version == schema_version())
		return 0;
	if (store->lock_fd < 0)
		return refuse(store, STORE_ELOCKED, "an older musterd has the database",
			"restart musterd first, so that it is brought up to date");
	return store_failed(store, schema_migrate(store->db, version));
}

static int check_identity(struct store *store)
{
	struct identity identity;
	int err = read_identity(store, &identity);
	if (err)
		return err;
	bool is_new = !identity.application_id && !identity.version && !identity.tables;
	if (!is_new && identity.application_id != SCHEMA_APPLICATION_ID)
		return refuse(store, STORE_EFOREIGN, "the database belongs to another program", "name another file as store.path");
	if (identity.version > schema_version())
		return refuse(store, STORE_ENEWER, "the database was written by a newer musterd",
			"run that version or a newer one; this one would not understand it");
	return migrate(store, identity.version);
}

static int prepare_database(struct store *store)
{
	char pragmas[256];
	snprintf(pragmas, sizeof pragmas,
		"PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=%d; PRAGMA cache_size=-%d; PRAGMA temp_store=MEMORY;", CHECKPOINT_PAGES,
		CACHE_KIB);
	int rc = sqlite3_exec(store->db, "PRAGMA journal_mode=WAL", 0, 0, 0);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(store->db, pragmas, 0, 0, 0);
	int err = store_failed(store, rc);
	return err ? err : read_number(store, "PRAGMA page_size", &store->page_bytes);
}

static int past_deadline(void *context)
{
	return clock_monotonic_ms() > *(const uint64_t *)context;
}

// Looks at the pages for a bounded time; what is beyond is found when it is read.
static int check_pages(struct store *store)
{
	sqlite3_stmt *check = 0;
	uint64_t deadline_ms = clock_monotonic_ms() + (store->unclean ? CHECK_UNCLEAN_MS : CHECK_MS);
	int rc = sqlite3_prepare_v2(store->db, "PRAGMA quick_check(1)", -1, &check, 0);
	sqlite3_progress_handler(store->db, CHECK_OPCODES, past_deadline, &deadline_ms);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(check);
	sqlite3_progress_handler(store->db, 0, 0, 0);
	int err = 0;
	if (rc == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(check, 0), "ok") != 0)
		err = store_failed(store, SQLITE_CORRUPT);
	else if (rc != SQLITE_INTERRUPT)
		err = store_failed(store, rc);
	sqlite3_finalize(check);
	return err;
}

static int begin_ownership(struct store *store)
{
	if (!store->owner)
		return 0;
	uint64_t is_open = 0, oldest = 0, newest = 0, folded = 0;
	int err = store_meta_get(store, "open", &is_open);
	store->unclean = is_open != 0;
	if (!err || err == -STORE_ENOENT)
		err = check_pages(store);
	if (!err)
		err = store_meta_set(store, "open", 1);
	if (!err)
		err = store_record_bounds(store, &oldest, &newest);
	if (!err)
		err = store_meta_get(store, "folded_through", &folded);
	if (err && err != -STORE_ENOENT)
		return err;
	store->next_n = (newest > folded ? newest : folded) + 1;
	return 0;
}

int store_open(struct store **out, const char *path, enum store_role role, struct store_fault *fault)
{
	static int (*const steps[])(
		struct store *) = { check_folder, check_lock, check_file, open_file, check_identity, prepare_database, begin_ownership };
	*out = 0;
	memset(fault, 0, sizeof *fault);
	struct store *store = calloc(1, sizeof *store);
	if (!store)
		return fault->err = -STORE_EIO;
	store->lock_fd = -1;
	store->owner = role == STORE_OWNER;
	snprintf(store->fault.where, sizeof store->fault.where, "%s", path);
	int err = 0;
	for (size_t i = 0; !err && i < sizeof steps / sizeof *steps; i++)
		err = steps[i](store);
	if (err) {
		*fault = store->fault;
		store->owner = false; // nothing to say in the database
		store_close(store);
		return err;
	}
	*out = store;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	if (store->in_transaction)
		store_rollback(store);
	if (store->owner)
		store_meta_set(store, "open", 0);
	for (size_t i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize(store->statements[i]);
	sqlite3_close(store->db);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	free(store);
}

static int run(struct store *store, enum statement statement)
{
	sqlite3_stmt *prepared = store_statement(store, statement);
	return prepared ? store_run(store, prepared) : store->fault.err;
}

int store_begin(struct store *store)
{
	int err = run(store, SQL_BEGIN);
	if (!err) {
		store->in_transaction = true;
		store->next_n_at_begin = store->next_n;
	}
	return err;
}

int store_commit(struct store *store)
{
	int err = run(store, SQL_COMMIT);
	if (err) {
		struct store_fault why = store->fault;
		store_rollback(store);
		store->fault = why;
	}
	store->in_transaction = false;
	return err;
}

void store_rollback(struct store *store)
{
	if (!store->in_transaction)
		return;
	if (!sqlite3_get_autocommit(store->db)) // some errors have rolled back already
		run(store, SQL_ROLLBACK);
	store->in_transaction = false;
	store->next_n = store->next_n_at_begin;
	store->letters_counted = false;
}

const struct store_fault *store_fault(const struct store *store)
{
	return &store->fault;
}

// Large enough that what it proves is worth a reconnect: room for a batch, not for one page.
int store_probe(struct store *store)
{
	sqlite3_stmt *write = store_statement(store, SQL_PROBE);
	if (!write)
		return store->fault.err;
	sqlite3_bind_int64(write, 1, PROBE_BYTES);
	int err = store_run(store, write);
	return err ? err : store_meta_set(store, "probe", 0);
}

static uint64_t read_pages(struct store *store, enum statement statement)
{
	sqlite3_stmt *pages = store_statement(store, statement);
	uint64_t count = pages && sqlite3_step(pages) == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(pages, 0) : 0;
	if (pages)
		sqlite3_reset(pages);
	return count;
}

uint64_t store_bytes(struct store *store)
{
	return (read_pages(store, SQL_PAGES) - read_pages(store, SQL_FREE_PAGES)) * (uint64_t)store->page_bytes;
}

bool store_was_unclean(const struct store *store)
{
	return store->unclean;
}
