// SPDX-License-Identifier: Apache-2.0
// The tables of the store, and how a database of an older version becomes one of this version: one row of SQL a version, never changed
// once released.
#ifndef COLLECTOR_STORE_SCHEMA_H
#define COLLECTOR_STORE_SCHEMA_H
#include <sqlite3.h>

enum { SCHEMA_APPLICATION_ID = 0x4d757374 }; // "Must", in the header of the file

// The version that this program writes; kept in user_version.
int schema_version(void);

// Brings db from version from to schema_version(), each step in a transaction of its own that also sets user_version. from 0: an empty
// database. Returns an SQLite result code.
int schema_migrate(sqlite3 *db, int from);

#endif
