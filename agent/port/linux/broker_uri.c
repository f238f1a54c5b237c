// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/broker_uri.h"
#include "agent/image/err.h"
#include <ctype.h>
#include <stddef.h>
#include <string.h>

static const struct {
	const char *prefix;
	bool tls;
	int port;
} schemes[] = { { "mqtt://", false, 1883 }, { "mqtts://", true, 8883 } };

static const char *parse_scheme(const char *text, struct mu_broker_uri *out)
{
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		size_t size = strlen(schemes[i].prefix);
		if (!strncmp(text, schemes[i].prefix, size)) {
			out->tls = schemes[i].tls;
			out->port = schemes[i].port;
			return text + size;
		}
	}
	return 0;
}

static bool is_host_character(char c, bool bracketed)
{
	return isalnum((unsigned char)c) || c == '.' || c == '-' || c == '_' || (bracketed && (c == ':' || c == '%'));
}

// Returns where the host ends, or null.
static const char *parse_host(const char *text, struct mu_broker_uri *out)
{
	bool bracketed = *text == '[';
	size_t size = 0;
	text += bracketed;
	while (is_host_character(text[size], bracketed))
		size++;
	if (!size || size >= sizeof out->host || (bracketed && text[size] != ']'))
		return 0;
	memcpy(out->host, text, size);
	out->host[size] = 0;
	return text + size + bracketed;
}

static bool parse_port(const char *text, int *port)
{
	int value = 0;
	for (; isdigit((unsigned char)*text) && value <= 65535; text++)
		value = value * 10 + (*text - '0');
	*port = value;
	return !*text && value >= 1 && value <= 65535;
}

int mu_broker_uri_parse(const char *text, struct mu_broker_uri *out)
{
	const char *rest = parse_scheme(text, out);
	if (rest)
		rest = parse_host(rest, out);
	if (!rest || (*rest && *rest != ':'))
		return MU_ERR_INVALID;
	if (*rest == ':' && !parse_port(rest + 1, &out->port))
		return MU_ERR_INVALID;
	return 0;
}
