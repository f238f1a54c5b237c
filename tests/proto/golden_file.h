// SPDX-License-Identifier: Apache-2.0
// Reads the golden files of tests/golden/proto and asks protoc to encode them. For tests: fails the test on any error.
#ifndef GOLDEN_FILE_H
#define GOLDEN_FILE_H
#include <stddef.h>
#include <stdint.h>
#include <protobuf-c/protobuf-c.h>

enum { GOLDEN_BYTES_MAX = 4096 };

// One line of sizes.txt.
struct golden_row {
	char name[48], message[32];
	size_t bytes, most; // most: SIZE_MAX where there is no limit
};

size_t golden_rows(struct golden_row *rows, size_t count);
size_t golden_protoc(const struct golden_row *row, uint8_t *out); // NAME.txt through protoc --encode
size_t golden_encode(const char *message, const char *text, uint8_t *out); // text format, through protoc as well
size_t golden_hex(const struct golden_row *row, uint8_t *out);    // NAME.hex
const ProtobufCMessageDescriptor *golden_descriptor(const struct golden_row *row);

#endif
