// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "muster.pb-c.h"
#include "golden_file.h"

#define FOLDER MUSTER_SOURCE_DIR "/tests/golden/proto"

static size_t parse_most(const char *text)
{
	unsigned long long most;
	return sscanf(text, "%llu", &most) == 1 ? (size_t)most : SIZE_MAX;
}

size_t golden_rows(struct golden_row *rows, size_t count)
{
	FILE *file = fopen(FOLDER "/sizes.txt", "r");
	char line[160], most[16];
	size_t used = 0;

	assert_non_null(file);
	while (fgets(line, sizeof line, file)) {
		if (line[0] == '#')
			continue;
		assert_true(used < count);
		struct golden_row *row = &rows[used++];
		assert_int_equal(sscanf(line, "%47s %31s %zu %15s", row->name, row->message, &row->bytes, most), 4);
		row->most = parse_most(most);
	}
	fclose(file);
	return used;
}

static size_t run_protoc(const char *message, const char *path, uint8_t *out)
{
	char command[640];
	int length = snprintf(command, sizeof command, "protoc --encode=mu.%s --proto_path='%s/proto' muster.proto < '%s'", message,
		MUSTER_SOURCE_DIR, path);
	assert_in_range(length, 1, sizeof command - 1);
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	size_t size = fread(out, 1, GOLDEN_BYTES_MAX, pipe);
	assert_int_equal(pclose(pipe), 0);
	return size;
}

size_t golden_protoc(const struct golden_row *row, uint8_t *out)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s.txt", FOLDER, row->name);
	return run_protoc(row->message, path, out);
}

size_t golden_encode(const char *message, const char *text, uint8_t *out)
{
	char path[] = "/tmp/muster-golden-XXXXXX";
	int descriptor = mkstemp(path);
	assert_true(descriptor >= 0);
	FILE *file = fdopen(descriptor, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	size_t size = run_protoc(message, path, out);
	unlink(path);
	return size;
}

size_t golden_hex(const struct golden_row *row, uint8_t *out)
{
	char path[256];
	unsigned byte;
	size_t size = 0;

	snprintf(path, sizeof path, "%s/%s.hex", FOLDER, row->name);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	while (fscanf(file, "%2x", &byte) == 1) {
		assert_true(size < GOLDEN_BYTES_MAX);
		out[size++] = (uint8_t)byte;
	}
	fclose(file);
	return size;
}

const ProtobufCMessageDescriptor *golden_descriptor(const struct golden_row *row)
{
	static const ProtobufCMessageDescriptor *const messages[] = { &mu__record__descriptor, &mu__uplink__descriptor,
		&mu__ack__descriptor, &mu__command__descriptor, &mu__signed_command__descriptor };

	for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
		if (strcmp(messages[i]->short_name, row->message) == 0)
			return messages[i];
	fail_msg("sizes.txt: no message %s", row->message);
	return 0;
}
