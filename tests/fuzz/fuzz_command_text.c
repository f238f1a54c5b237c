// SPDX-License-Identifier: Apache-2.0
// The texts of a submitted command (base64, hex) and of an address to listen on: what is taken stays within its buffer.
#include "collector/http/json_text.h"
#include "collector/http/listen.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	memcpy(text, data, size);
	text[size] = 0;
	size_t length = strlen(text), room = length / 2;
	uint8_t *bytes = malloc(room ? room : 1); // less than some texts need
	long used = base64_decode(text, bytes, room);
	must(used <= (long)room && (used < 0 || length % 4 == 0));
	if (hex_decode(text, bytes, room) == 0) {
		json_t *back = json_hex(bytes, room);
		must(strcasecmp(json_string_value(back), text) == 0);
		json_decref(back);
	}
	struct listen_address address;
	if (listen_parse(text, &address) == 0)
		must(strlen(address.host) < sizeof address.host);
	listen_host_is_local(text);
	free(bytes);
	free(text);
	return 0;
}
