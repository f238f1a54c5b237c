// SPDX-License-Identifier: Apache-2.0
#include "collector/store/schema.h"

#include <stdio.h>

// Row i leads from version i to version i + 1.
static const char *const migrations[] = {
	"CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE record(n INTEGER PRIMARY KEY, dev INTEGER NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,"
	" recv_ms INTEGER NOT NULL, prev INTEGER NOT NULL, kind INTEGER NOT NULL, body BLOB NOT NULL);"
	"CREATE TABLE device(dev INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, first_seen_ms INTEGER NOT NULL, snapshot BLOB);"
	"CREATE TABLE dead_letter(n INTEGER PRIMARY KEY AUTOINCREMENT, recv_ms INTEGER NOT NULL, topic TEXT NOT NULL, device TEXT NOT NULL,"
	" epoch INTEGER NOT NULL, seq INTEGER NOT NULL, reason TEXT NOT NULL, size INTEGER NOT NULL, payload BLOB NOT NULL);"
	"CREATE TABLE command(n INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, dev INTEGER NOT NULL, key_id BLOB NOT NULL,"
	" kind INTEGER NOT NULL, counter INTEGER NOT NULL, created_ms INTEGER NOT NULL, not_after_ms INTEGER NOT NULL, command BLOB NOT NULL,"
	" signature BLOB NOT NULL, actor TEXT NOT NULL, state INTEGER NOT NULL, outcome INTEGER NOT NULL, detail TEXT NOT NULL,"
	" publishes INTEGER NOT NULL, published_ms INTEGER NOT NULL, accepted_ms INTEGER NOT NULL, finished_ms INTEGER NOT NULL);"
	"CREATE INDEX command_of_device ON command(dev, n);"
	"CREATE INDEX command_open ON command(state, n);"
	"CREATE TABLE command_counter(dev INTEGER NOT NULL, key_id BLOB NOT NULL, last INTEGER NOT NULL, PRIMARY KEY(dev, key_id)) WITHOUT ROWID;"
	"CREATE TABLE token(name TEXT PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE, created_ms INTEGER NOT NULL, revoked_ms INTEGER NOT NULL)"
	" WITHOUT ROWID;"
	"CREATE TABLE audit(n INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,"
	" target TEXT NOT NULL, detail TEXT NOT NULL, outcome TEXT NOT NULL);",

	"CREATE TABLE transition(n INTEGER PRIMARY KEY AUTOINCREMENT, incident INTEGER NOT NULL, dev INTEGER NOT NULL, uid TEXT NOT NULL,"
	" name TEXT NOT NULL, from_state INTEGER NOT NULL, to_state INTEGER NOT NULL, severity INTEGER NOT NULL, was_severity INTEGER NOT NULL,"
	" reason INTEGER NOT NULL, at_ms INTEGER NOT NULL, stored_ms INTEGER NOT NULL, started_ms INTEGER NOT NULL, fired_ms INTEGER NOT NULL,"
	" value REAL, threshold REAL, labels TEXT NOT NULL, annotations TEXT NOT NULL);"
	"CREATE INDEX transition_of_device ON transition(dev, n);"
	"CREATE TABLE alert(dev INTEGER NOT NULL, uid TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY(dev, uid)) WITHOUT ROWID;"
	"ALTER TABLE device ADD COLUMN windows BLOB;",
};

int schema_version(void)
{
	return (int)(sizeof migrations / sizeof *migrations);
}

static int migrate_one(sqlite3 *db, int from)
{
	char ends[128];
	snprintf(ends, sizeof ends, "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT", SCHEMA_APPLICATION_ID, from + 1);
	int rc = sqlite3_exec(db, migrations[from], 0, 0, 0);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, ends, 0, 0, 0);
	if (rc != SQLITE_OK)
		sqlite3_exec(db, "ROLLBACK", 0, 0, 0);
	return rc;
}

int schema_migrate(sqlite3 *db, int from)
{
	for (int version = from; version < schema_version(); version++) {
		int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", 0, 0, 0);
		if (rc == SQLITE_OK)
			rc = migrate_one(db, version);
		if (rc != SQLITE_OK)
			return rc;
	}
	return SQLITE_OK;
}
