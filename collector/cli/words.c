// SPDX-License-Identifier: Apache-2.0
#include "collector/cli/words.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct words words_age(uint64_t ms)
{
	static const struct {
		uint64_t ms;
		const char *unit;
	} units[] = { { 86400000, "d" }, { 3600000, "h" }, { 60000, "min" }, { 1000, "s" } };
	struct words words;
	size_t i = 0;
	while (i < 3 && ms < 2 * units[i].ms)
		i++;
	snprintf(words.text, sizeof words.text, "%" PRIu64 " %s", ms / units[i].ms, units[i].unit);
	return words;
}

struct words words_time(uint64_t unix_ms)
{
	struct words words = { "-" };
	time_t seconds = (time_t)(unix_ms / 1000);
	struct tm tm;
	if (unix_ms && localtime_r(&seconds, &tm))
		strftime(words.text, sizeof words.text, "%Y-%m-%d %H:%M:%S", &tm);
	return words;
}

struct words words_sha(const char *sha)
{
	struct words words;
	snprintf(words.text, sizeof words.text, "%.8s", sha && *sha ? sha : "?");
	return words;
}

enum terminal_colour words_severity_colour(const char *severity)
{
	if (strcmp(severity, "critical") == 0)
		return COLOUR_RED;
	if (strcmp(severity, "warning") == 0)
		return COLOUR_YELLOW;
	return strcmp(severity, "ok") == 0 ? COLOUR_GREEN : COLOUR_NONE;
}

// The last row of each table stands for what is not known.
static const struct outcome_words outcomes[] = {
	{ "OUTCOME_ACCEPTED", "the device will do it", "wait for its second answer" },
	{ "OUTCOME_DONE", "the device did it", "" },
	{ "OUTCOME_TOO_LARGE", "the command is larger than the device takes", "a signed command may have 1024 bytes" },
	{ "OUTCOME_MALFORMED", "the device could not read the command", "is the device's agent older than this program?" },
	{ "OUTCOME_UNKNOWN_KEY", "the device does not know the key that signed it", "sign with a key whose public half is on the device: --key FILE" },
	{ "OUTCOME_BAD_SIGNATURE", "the signature does not belong to the command", "send it again; if it persists, look at who can publish on the broker" },
	{ "OUTCOME_WRONG_DEVICE", "the command is addressed to another device", "send it to the device that it names" },
	{ "OUTCOME_WRONG_ROLE", "the role of the key does not allow this command", "sign with an operator key" },
	{ "OUTCOME_REPLAYED", "the device has already taken this or a later command of the key", "give the command again; it gets a new counter" },
	{ "OUTCOME_EXPIRED", "the command's time was over when the device read it", "give it again; compare the clocks of this machine and the device" },
	{ "OUTCOME_UNSUPPORTED", "the device does not know this command", "update the device's agent" },
	{ "OUTCOME_RUNNING_MISMATCH", "the device runs another firmware than the command takes away", "look at `muster device ID`; is it back already?" },
	{ "OUTCOME_TARGET_MISMATCH", "the other slot holds another firmware than the command names", "look at `muster device ID`, give it again" },
	{ "OUTCOME_NOT_READY", "the device cannot boot its other slot", "the detail says why; an update is the way out" },
	{ "OUTCOME_BUSY", "the device is at work on an update or another rollback", "wait until it is done and give the command again" },
	{ "OUTCOME_FAILED", "the device tried and could not", "the detail says why; look at `muster device ID`" },
	{ "OUTCOME_ID_REUSED", "the device knows another command with this id", "give the command again; it gets a new id" },
	{ "", "the device gave an answer that this program does not know", "update this program" },
};

static const struct outcome_words blocks[] = {
	{ "ROLLBACK_READY", "it is ready", "" },
	{ "ROLLBACK_NO_IMAGE", "its other slot holds no image", "an update is the only way to another firmware" },
	{ "ROLLBACK_DAMAGED", "the image in its other slot is damaged", "an update is the only way to another firmware" },
	{ "ROLLBACK_SLOT_INVALID", "the image in its other slot was rejected earlier", "an update is the only way to another firmware" },
	{ "ROLLBACK_QUARANTINED", "the image in its other slot was left because it crashed or hung", "an update is the only way to another firmware" },
	{ "ROLLBACK_SECURITY_FLOOR", "the image in its other slot is below the security floor", "an update is the only way to another firmware" },
	{ "ROLLBACK_BUSY", "an update is being written", "wait until it is done" },
	{ "ROLLBACK_UNCHECKED", "it still verifies the image in its other slot", "try again in a minute" },
	{ "", "for a reason that this program does not know", "update this program" },
};

static const struct outcome_words *look_up(const struct outcome_words *rows, const char *name)
{
	while (*rows->outcome && strcmp(rows->outcome, name) != 0)
		rows++;
	return rows;
}

const struct outcome_words *words_outcome(const char *outcome)
{
	return look_up(outcomes, outcome);
}

const struct outcome_words *words_block(const char *block)
{
	return look_up(blocks, block);
}

struct name_words {
	const char *name, *words;
};

static const struct name_words qualities[] = {
	{ "TIME_NONE", "not set" },
	{ "TIME_RTC", "kept by its RTC" },
	{ "TIME_SNTP", "set by SNTP" },
	{ "TIME_SERVER", "set by musterd" },
	{ 0, 0 },
};

static const struct name_words networks[] = {
	{ "NETWORK_DOWN", "down" },
	{ "NETWORK_CONNECTED", "connected" },
	{ "NETWORK_RECONNECTING", "reconnecting" },
	{ "NETWORK_SCANNING", "scanning for its networks" },
	{ "NETWORK_FALLBACK", "fallback: its own access point is open" },
	{ "NETWORK_RECOVERY", "recovery: only a scan now and then" },
	{ 0, 0 },
};

static const char *words_for(const struct name_words *rows, const char *name)
{
	while (rows->name && strcmp(rows->name, name) != 0)
		rows++;
	return rows->name ? rows->words : name;
}

const char *words_time_quality(const char *quality)
{
	return words_for(qualities, quality);
}

const char *words_network(const char *state)
{
	return words_for(networks, state);
}

const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text ? text : "";
}

int64_t number_of(const json_t *object, const char *name, int64_t absent)
{
	const json_t *value = json_object_get(object, name);
	if (json_is_integer(value))
		return json_integer_value(value);
	return json_is_string(value) ? strtoll(json_string_value(value), 0, 10) : absent;
}
