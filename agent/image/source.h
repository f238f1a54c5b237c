// SPDX-License-Identifier: Apache-2.0
// Where a reader of a flash format takes its bytes from, and the digest that the caller lends it.
//
// The readers are pure: they see flash only through `struct mu_source` and hash only through `struct mu_hash`, so one
// reader serves a partition, a dump file, a download and a fuzzer, and the port's own (accelerated) digest does the work.
#ifndef MU_AGENT_IMAGE_SOURCE_H
#define MU_AGENT_IMAGE_SOURCE_H
#include <stddef.h>
#include <stdint.h>

enum { MU_SHA256_SIZE = 32, MU_MD5_SIZE = 16 };

struct mu_source {
	void *context;
	// Reads exactly `size` bytes. Returns 0 or a negative enum mu_err; a range beyond size_bytes is MU_ERR_RANGE.
	int (*read)(void *context, uint32_t offset, void *buffer, size_t size);
	uint32_t size_bytes;
};

// One running digest. All three return 0 or a negative enum mu_err. After start it may be updated; finish ends it.
struct mu_hash {
	void *context;
	int (*start)(void *context);
	int (*update)(void *context, const void *data, size_t size);
	int (*finish)(void *context, uint8_t *digest); // writes digest_size bytes
	size_t digest_size;                            // MU_SHA256_SIZE or MU_MD5_SIZE
};

// A source over a block of memory, which must outlive it.
struct mu_source mu_source_memory(const void *data, uint32_t size_bytes);

// Reads after a range check against size_bytes. MU_ERR_RANGE before anything is read.
int mu_source_read(const struct mu_source *source, uint32_t offset, void *buffer, size_t size);

#endif
