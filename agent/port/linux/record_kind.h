// SPDX-License-Identifier: Apache-2.0
// Which body a packed record has, as one word. Pure but for protobuf-c's allocator.
#ifndef MU_PORT_LINUX_RECORD_KIND_H
#define MU_PORT_LINUX_RECORD_KIND_H
#include <stddef.h>

// "heartbeat", "boot", "link", "ota", "result", "event", "log", "gap"; "unknown" for another or none, or bytes that do not decode.
const char *mu_record_kind(const void *packed, size_t size);

#endif
