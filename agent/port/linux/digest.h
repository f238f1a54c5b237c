// SPDX-License-Identifier: Apache-2.0
// SHA-256 and MD5 of OpenSSL behind struct mu_hash, for the flash models and readers of this port.
//
// The context is allocated once by mu_digest_open() and used again by every start. One thread at a time for a digest.
#ifndef MU_PORT_LINUX_DIGEST_H
#define MU_PORT_LINUX_DIGEST_H
#include "agent/image/source.h"

struct mu_digest {
	void *state;      // EVP_MD_CTX
	const void *kind; // EVP_MD
};

// *hash points to *digest from now on. Returns 0 or MU_ERR_NO_MEMORY.
int mu_digest_open_sha256(struct mu_digest *digest, struct mu_hash *hash);
int mu_digest_open_md5(struct mu_digest *digest, struct mu_hash *hash);
void mu_digest_close(struct mu_digest *digest); // safe on a zeroed or closed one

// SHA-256 of a block in one call. Returns 0 or MU_ERR_NO_MEMORY.
int mu_digest_sha256(const void *data, size_t size, uint8_t digest[MU_SHA256_SIZE]);

#endif
