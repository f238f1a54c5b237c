// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/recording.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { FRACTION_DIGITS = 3, SECONDS_DIGITS_MAX = 12 };

static int refuse(const char **problem, const char *text)
{
	*problem = text;
	return -1;
}

// "1790000000.123456": what is behind the milliseconds is cut.
static int parse_time(const char *text, uint64_t *wall_ms)
{
	size_t digits = strspn(text, "0123456789");
	uint64_t ms = 0;
	if (!digits || digits > SECONDS_DIGITS_MAX)
		return -1;
	for (size_t i = 0; i < digits; i++)
		ms = ms * 10 + (uint64_t)(text[i] - '0');
	text += digits;
	if (*text == '.')
		text++;
	for (int i = 0; i < FRACTION_DIGITS; i++) {
		bool is_digit = isdigit((unsigned char)*text);
		ms = ms * 10 + (is_digit ? (uint64_t)(*text - '0') : 0);
		text += is_digit;
	}
	text += strspn(text, "0123456789");
	*wall_ms = ms;
	return *text ? -1 : 0;
}

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : 0;
	return at ? (int)(at - digits) : -1;
}

static int parse_payload(char *text, struct recording_message *message)
{
	message->payload = (uint8_t *)text;
	message->size = strlen(text) / 2;
	if (strlen(text) % 2)
		return -1;
	for (size_t i = 0; i < message->size; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return -1;
		message->payload[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

int recording_parse(char *line, struct recording_message *message, const char **problem)
{
	char *topic = strchr(line, ' ');
	char *payload = topic ? strrchr(topic + 1, ' ') : 0;
	if (!payload)
		return refuse(problem, "not TIME TOPIC PAYLOAD, separated by one blank each");
	*topic++ = 0;
	*payload++ = 0;
	message->topic = topic;
	if (parse_time(line, &message->wall_ms) < 0)
		return refuse(problem, "the time is not Unix seconds with a fraction");
	if (!*topic || strlen(topic) > RECORDING_TOPIC_MAX)
		return refuse(problem, "the topic is empty or longer than 256 bytes");
	if (parse_payload(payload, message) < 0)
		return refuse(problem, "the payload is not hex");
	return 0;
}
