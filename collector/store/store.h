// SPDX-License-Identifier: Apache-2.0
// The store of musterd: one SQLite database (WAL, synchronous FULL) with the record log, the table of devices, dead letters, commands,
// tokens and the audit log. What each table holds is said in the header of its part: records.h, devices.h, dead_letters.h,
// store_commands.h, store_tokens.h, store_audit.h, retention.h. schema.h has the tables themselves.
//
// Transactions do not nest and are never left open across a turn of the event loop, so every part may open its own. A call that writes
// outside of store_begin() is a transaction by itself.
// Errors: 0 or a count, or a negative enum store_err; store_fault() says the last one in words.
// Thread: one. Memory: the store owns statements and buffers; text and blobs handed to callbacks live until the callback returns.
#ifndef COLLECTOR_STORE_STORE_H
#define COLLECTOR_STORE_STORE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

enum store_err {
	STORE_ENOENT = 1, // no such row
	STORE_EEXIST,     // that name or id is taken
	STORE_EMISSING,   // the folder of the database does not exist
	STORE_EFOREIGN,   // a file, but no database, or a database of another program
	STORE_ENEWER,     // written by a newer musterd
	STORE_EDAMAGED,   // a database, but its pages do not hold together
	STORE_ELOCKED,    // another musterd has it
	STORE_EREADONLY,  // no permission to write
	STORE_EFULL,      // no room on the disk
	STORE_EIO,        // the disk failed a read or a write
	STORE_EBUSY,      // another process kept the database busy for too long
	STORE_ELIMIT,     // a row is larger than it may be
};

// What went wrong, where, and what to do about it. Always three texts, never empty.
struct store_fault {
	int err; // negative enum store_err, 0: nothing wrong
	char what[160];
	char where[256];
	char remedy[200];
};

struct store_blob {
	const void *bytes; // 0 if size is 0
	size_t size;
};

enum store_role {
	STORE_OWNER, // musterd: takes the lock, makes the database, migrates it
	STORE_GUEST, // `musterd token ...`: beside a running owner; makes the database if there is none
};

// Opens or makes the database at path. Checks its identity and, after an unclean stop, its pages (bounded: at most some seconds).
// Returns 0 and *out, or a negative enum store_err with *fault filled and *out = 0.
int store_open(struct store **out, const char *path, enum store_role role, struct store_fault *fault);

// Ends statements, the database and the lock; an open transaction is rolled back. 0 is allowed.
void store_close(struct store *store);

int store_begin(struct store *store);
// Durable on return of 0. On an error nothing of the transaction is left: it has been rolled back, numbers given out in it are given out again.
int store_commit(struct store *store);
void store_rollback(struct store *store); // without a transaction: nothing

// The last error of any call.
const struct store_fault *store_fault(const struct store *store);

// Two write transactions of 256 KiB: does the store take a batch (again)? Returns 0, or why not.
int store_probe(struct store *store);

// Bytes in use, free pages apart.
uint64_t store_bytes(struct store *store);

// True after a stop that was not clean (no store_close() by the owner).
bool store_was_unclean(const struct store *store);

#endif
