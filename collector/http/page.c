// SPDX-License-Identifier: Apache-2.0
#include "collector/http/page.h"
#include "alerts/alerts.h"
#include <event2/buffer.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

extern const struct embedded_file embedded_page[]; // CMakeLists.txt of dashboards/

enum { ETAG_SHA_BYTES = 16, ETAG_BYTES = 2 * ETAG_SHA_BYTES + 3 };

static const struct {
	const char *ending, *type;
} types[] = {
	{ ".html", "text/html; charset=utf-8" },
	{ ".js", "text/javascript; charset=utf-8" },
	{ ".css", "text/css; charset=utf-8" },
	{ ".svg", "image/svg+xml" },
};

static const struct {
	const char *name, *value;
} headers[] = {
	{ "Content-Security-Policy",
		"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
		"form-action 'none'; frame-ancestors 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" }, // for browsers that do not know frame-ancestors
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Cache-Control", "no-cache" }, // kept, but asked for again each time: the page is never older than the program
};

static const char *type_of(const char *name)
{
	const char *ending = strrchr(name, '.');
	for (size_t i = 0; ending && i < sizeof types / sizeof *types; i++)
		if (strcmp(types[i].ending, ending) == 0)
			return types[i].type;
	return "application/octet-stream";
}

static void make_etag(const struct embedded_file *file, char *etag)
{
	uint8_t sha[SHA256_DIGEST_LENGTH];
	SHA256((const uint8_t *)file->bytes, (size_t)(file->end - file->bytes), sha);
	char *at = etag;
	*at++ = '"';
	for (int i = 0; i < ETAG_SHA_BYTES; i++)
		at += snprintf(at, 3, "%02x", sha[i]);
	*at++ = '"';
	*at = 0;
}

static void send_file(struct exchange *exchange, const struct embedded_file *file)
{
	struct evkeyvalq *out = evhttp_request_get_output_headers(exchange->request);
	const char *known = evhttp_find_header(evhttp_request_get_input_headers(exchange->request), "If-None-Match");
	char etag[ETAG_BYTES];

	make_etag(file, etag);
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
		evhttp_add_header(out, headers[i].name, headers[i].value);
	evhttp_add_header(out, "ETag", etag);
	if (known && strstr(known, etag)) {
		evhttp_send_reply(exchange->request, 304, "Not Modified", 0);
		return;
	}
	evhttp_add_header(out, "Content-Type", type_of(file->name));
	struct evbuffer *body = evbuffer_new();
	if (body && evbuffer_add_reference(body, file->bytes, (size_t)(file->end - file->bytes), 0, 0) == 0)
		evhttp_send_reply(exchange->request, 200, "OK", body);
	else
		evhttp_send_error(exchange->request, 500, "out of memory");
	if (body)
		evbuffer_free(body);
}

static void send_named(struct exchange *exchange, const char *name)
{
	for (const struct embedded_file *file = embedded_page; file->name; file++)
		if (strcmp(file->name, name) == 0) {
			send_file(exchange, file);
			return;
		}
	reply_error(exchange, 404, exchange->path, "reload the page: it may be older than the program",
		"the page has no file of this name");
}

void page_index(struct exchange *exchange)
{
	send_named(exchange, "index.html");
}

void page_file(struct exchange *exchange)
{
	send_named(exchange, exchange->parameters.text[0]);
}
