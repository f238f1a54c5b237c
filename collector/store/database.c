// SPDX-License-Identifier: Apache-2.0
#include "collector/store/database.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define COMMAND_COLUMNS                                                                                                                \
	"n, id, dev, key_id, kind, counter, created_ms, not_after_ms, command, signature, actor, state, outcome, detail, publishes,"   \
	" published_ms, accepted_ms, finished_ms"
#define TRANSITION_COLUMNS                                                                                                             \
	"n, CASE incident WHEN 0 THEN n ELSE incident END, dev, uid, name, from_state, to_state, severity, was_severity, reason, at_ms," \
	" stored_ms, started_ms, fired_ms, value, threshold, labels, annotations"
#define LETTER_COLUMNS "n, recv_ms, topic, device, epoch, seq, reason, size, payload"
#define RECORD_COLUMNS "n, dev, epoch, seq, recv_ms, prev, kind, body"

static const char *const sql[SQL_COUNT] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_META_GET] = "SELECT value FROM meta WHERE key=?1",
	[SQL_META_SET] = "INSERT INTO meta(key, value) VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value=excluded.value",
	[SQL_PROBE] = "INSERT INTO meta(key, value) VALUES('probe', zeroblob(?1)) ON CONFLICT(key) DO UPDATE SET value=excluded.value",
	[SQL_PAGES] = "PRAGMA page_count",
	[SQL_FREE_PAGES] = "PRAGMA freelist_count",
	[SQL_RECORD_APPEND] = "INSERT INTO record(" RECORD_COLUMNS ") VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
	[SQL_RECORD_READ] = "SELECT " RECORD_COLUMNS " FROM record WHERE n=?1",
	[SQL_RECORD_AFTER] = "SELECT " RECORD_COLUMNS " FROM record WHERE n>?1 ORDER BY n",
	[SQL_RECORD_CHUNK] = "SELECT " RECORD_COLUMNS " FROM record WHERE n>?1 ORDER BY n LIMIT ?2",
	[SQL_RECORD_OLDEST] = "SELECT min(n) FROM record",
	[SQL_RECORD_NEWEST] = "SELECT max(n) FROM record",
	[SQL_RECORD_DELETE] = "DELETE FROM record WHERE n<=?1",
	[SQL_DEVICE_ADD] = "INSERT INTO device(dev, id, first_seen_ms) VALUES(?1, ?2, ?3)",
	[SQL_DEVICE_LOAD] = "SELECT dev, id, first_seen_ms, snapshot FROM device ORDER BY dev",
	[SQL_DEVICE_SNAPSHOT] = "UPDATE device SET snapshot=?2 WHERE dev=?1",
	[SQL_LETTER_ADD] =
		"INSERT INTO dead_letter(recv_ms, topic, device, epoch, seq, reason, size, payload) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
	[SQL_LETTER_LIST] = "SELECT " LETTER_COLUMNS " FROM dead_letter WHERE n<?1 ORDER BY n DESC LIMIT ?2",
	[SQL_LETTER_AFTER] = "SELECT " LETTER_COLUMNS " FROM dead_letter WHERE n>?1 ORDER BY n LIMIT ?2",
	[SQL_LETTER_COUNT] = "SELECT count(*), coalesce(sum(length(payload)), 0) FROM dead_letter",
	[SQL_LETTER_OLDEST] = "SELECT n, length(payload) FROM dead_letter ORDER BY n LIMIT 1",
	[SQL_LETTER_DELETE] = "DELETE FROM dead_letter WHERE n=?1",
	[SQL_COMMAND_COUNTER] = "INSERT INTO command_counter(dev, key_id, last) VALUES(?1, ?2, 1)"
				" ON CONFLICT(dev, key_id) DO UPDATE SET last=last+1 RETURNING last",
		[SQL_COMMAND_ADD] =
			"INSERT INTO command(" COMMAND_COLUMNS ") VALUES(NULL,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18)",
	[SQL_COMMAND_UPDATE] = "UPDATE command SET state=?2, outcome=?3, detail=?4, publishes=?5, published_ms=?6, accepted_ms=?7,"
			       " finished_ms=?8 WHERE id=?1",
	[SQL_COMMAND_READ] = "SELECT " COMMAND_COLUMNS " FROM command WHERE id=?1",
	[SQL_COMMAND_LIST] = "SELECT " COMMAND_COLUMNS " FROM command WHERE n<?1 ORDER BY n DESC LIMIT ?2",
	[SQL_COMMAND_LIST_DEVICE] = "SELECT " COMMAND_COLUMNS " FROM command WHERE n<?1 AND dev=?3 ORDER BY n DESC LIMIT ?2",
	[SQL_COMMAND_OPEN] = "SELECT " COMMAND_COLUMNS " FROM command WHERE state<=?1 ORDER BY n",
	[SQL_TOKEN_ADD] = "INSERT INTO token(name, sha256, created_ms, revoked_ms) VALUES(?1, ?2, ?3, 0)",
	[SQL_TOKEN_REVOKE] = "UPDATE token SET revoked_ms=?2 WHERE name=?1 AND revoked_ms=0",
	[SQL_TOKEN_FIND] = "SELECT name, created_ms, revoked_ms FROM token WHERE sha256=?1 AND revoked_ms=0",
	[SQL_TOKEN_LIST] = "SELECT name, created_ms, revoked_ms FROM token ORDER BY created_ms, name",
	[SQL_AUDIT_ADD] = "INSERT INTO audit(at_ms, actor, action, target, detail, outcome) VALUES(?1,?2,?3,?4,?5,?6)",
	[SQL_AUDIT_LIST] = "SELECT n, at_ms, actor, action, target, detail, outcome FROM audit WHERE n<?1 ORDER BY n DESC LIMIT ?2",
	[SQL_TRANSITION_ADD] =
		"INSERT INTO transition(incident, dev, uid, name, from_state, to_state, severity, was_severity, reason, at_ms,"
		" stored_ms, started_ms, fired_ms, value, threshold, labels, annotations)"
		" VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17)",
			[SQL_TRANSITION_AFTER] = "SELECT " TRANSITION_COLUMNS " FROM transition WHERE n>?1 ORDER BY n LIMIT ?2",
	[SQL_TRANSITION_BEFORE] = "SELECT " TRANSITION_COLUMNS " FROM transition WHERE n<?1 ORDER BY n DESC LIMIT ?2",
	[SQL_TRANSITION_OF] = "SELECT " TRANSITION_COLUMNS " FROM transition WHERE dev=?1 AND at_ms>=?3 ORDER BY n DESC LIMIT ?2",
	[SQL_TRANSITION_OLDEST] = "SELECT min(n) FROM transition",
	[SQL_TRANSITION_NEWEST] = "SELECT max(n) FROM transition",
	[SQL_TRANSITION_OLDEST_TIME] = "SELECT stored_ms FROM transition ORDER BY n LIMIT 1",
	[SQL_TRANSITION_DELETE] = "DELETE FROM transition WHERE n IN (SELECT n FROM (SELECT n, stored_ms FROM transition WHERE"
				  " n NOT IN (SELECT n FROM alert) ORDER BY n LIMIT ?3) WHERE n<=?1 AND stored_ms<?2)",
	[SQL_ALERT_PUT] = "INSERT INTO alert(dev, uid, n) VALUES(?1, ?2, ?3) ON CONFLICT(dev, uid) DO UPDATE SET n=excluded.n",
	[SQL_ALERT_DROP] = "DELETE FROM alert WHERE dev=?1 AND uid=?2",
	[SQL_ALERT_EACH] = "SELECT " TRANSITION_COLUMNS " FROM transition WHERE n IN (SELECT n FROM alert) ORDER BY dev, n",
	[SQL_ALERT_OF] = "SELECT " TRANSITION_COLUMNS " FROM transition WHERE n IN (SELECT n FROM alert WHERE dev=?1) ORDER BY n",
	[SQL_WINDOWS_SET] = "UPDATE device SET windows=?2 WHERE dev=?1",
	[SQL_WINDOWS_LOAD] = "SELECT dev, windows FROM device WHERE windows IS NOT NULL ORDER BY dev",
};

struct explanation {
	int rc; // primary result code of SQLite
	enum store_err err;
	const char *what, *remedy;
};

static const struct explanation explanations[] = {
	{ SQLITE_FULL, STORE_EFULL, "the disk is full", "make room on this file system; musterd goes on by itself" },
	{ SQLITE_READONLY, STORE_EREADONLY, "the database cannot be written",
		"give musterd's user write permission to the file and its folder, or mount the file system writable" },
	{ SQLITE_PERM, STORE_EREADONLY, "the database cannot be written", "give musterd's user write permission to the file and its folder" },
	{ SQLITE_CANTOPEN, STORE_EREADONLY, "the database cannot be opened", "give musterd's user permission to the file and its folder" },
	{ SQLITE_CORRUPT, STORE_EDAMAGED, "the database is damaged",
		"stop musterd, keep a copy of the file, then save what can be read with `sqlite3 FILE .recover`, or name another store.path" },
	{ SQLITE_NOTADB, STORE_EFOREIGN, "the file is no database", "name another file as store.path, or move this one away" },
	{ SQLITE_BUSY, STORE_EBUSY, "another process keeps the database busy", "end the program that has it open" },
	{ SQLITE_LOCKED, STORE_EBUSY, "the database is locked", "end the program that has it open" },
	{ SQLITE_CONSTRAINT, STORE_EEXIST, "a row of this name or id exists", "use another name" },
	{ SQLITE_TOOBIG, STORE_ELIMIT, "a row is too large", "report this as a fault of musterd" },
	{ SQLITE_IOERR, STORE_EIO, "the disk failed a read or a write", "look at the system log; check the disk and the file system" },
};

static const struct explanation other = { -1, STORE_EIO, "the database failed",
	"look at the system log; check the disk and the file system" };

static const struct explanation *explain(int rc, int system_errno)
{
	int primary = rc & 0xff;
	if (primary == SQLITE_IOERR && (system_errno == ENOSPC || system_errno == EDQUOT))
		primary = SQLITE_FULL;
	if (primary == SQLITE_IOERR && system_errno == EROFS)
		primary = SQLITE_READONLY;
	for (size_t i = 0; i < sizeof explanations / sizeof *explanations; i++)
		if (explanations[i].rc == primary)
			return &explanations[i];
	return &other;
}

int store_failed(struct store *store, int rc)
{
	if (rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE)
		return 0;
	const struct explanation *found = explain(rc, store->db ? sqlite3_system_errno(store->db) : 0);
	store->fault.err = -(int)found->err;
	bool is_last = store->db && (sqlite3_errcode(store->db) & 0xff) == (rc & 0xff); // else its message is about another call
	snprintf(store->fault.what, sizeof store->fault.what, "%s (SQLite %d: %s)", found->what, rc,
		is_last ? sqlite3_errmsg(store->db) : sqlite3_errstr(rc));
	snprintf(store->fault.remedy, sizeof store->fault.remedy, "%s", found->remedy);
	return store->fault.err;
}

sqlite3_stmt *store_statement(struct store *store, enum statement statement)
{
	sqlite3_stmt **kept = &store->statements[statement];
	if (!*kept) {
		int rc = sqlite3_prepare_v3(store->db, sql[statement], -1, SQLITE_PREPARE_PERSISTENT, kept, 0);
		if (rc != SQLITE_OK) {
			store_failed(store, rc);
			return 0;
		}
	}
	return *kept;
}

int store_run(struct store *store, sqlite3_stmt *statement)
{
	int rc = sqlite3_step(statement);
	int err = store_failed(store, rc);
	sqlite3_reset(statement);
	return err;
}

void store_bind_blob(sqlite3_stmt *statement, int column, struct store_blob blob)
{
	if (blob.size)
		sqlite3_bind_blob(statement, column, blob.bytes, (int)blob.size, SQLITE_STATIC);
	else
		sqlite3_bind_zeroblob(statement, column, 0);
}

void store_bind_text(sqlite3_stmt *statement, int column, const char *text, size_t most)
{
	sqlite3_bind_text(statement, column, text ? text : "", text ? (int)strnlen(text, most) : 0, SQLITE_STATIC);
}

struct store_blob store_column_blob(sqlite3_stmt *statement, int column)
{
	const void *bytes = sqlite3_column_blob(statement, column);
	return (struct store_blob){ bytes, bytes ? (size_t)sqlite3_column_bytes(statement, column) : 0 };
}

const char *store_column_text(sqlite3_stmt *statement, int column)
{
	const unsigned char *text = sqlite3_column_text(statement, column);
	return text ? (const char *)text : "";
}

int store_read_number(struct store *store, enum statement statement, uint64_t *number)
{
	sqlite3_stmt *question = store_statement(store, statement);
	*number = 0;
	if (!question)
		return store->fault.err;
	int err = store_failed(store, sqlite3_step(question));
	if (!err)
		*number = (uint64_t)sqlite3_column_int64(question, 0);
	sqlite3_reset(question);
	return err;
}

int store_meta_get(struct store *store, const char *key, uint64_t *value)
{
	sqlite3_stmt *get = store_statement(store, SQL_META_GET);
	if (!get)
		return store->fault.err;
	sqlite3_bind_text(get, 1, key, -1, SQLITE_STATIC);
	int rc = sqlite3_step(get);
	int err = rc == SQLITE_DONE ? -STORE_ENOENT : store_failed(store, rc);
	if (!err)
		*value = (uint64_t)sqlite3_column_int64(get, 0);
	sqlite3_reset(get);
	return err;
}

int store_meta_set(struct store *store, const char *key, uint64_t value)
{
	sqlite3_stmt *set = store_statement(store, SQL_META_SET);
	if (!set)
		return store->fault.err;
	sqlite3_bind_text(set, 1, key, -1, SQLITE_STATIC);
	sqlite3_bind_int64(set, 2, (sqlite3_int64)value);
	return store_run(store, set);
}
