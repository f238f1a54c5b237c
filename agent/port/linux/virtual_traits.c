// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/virtual_traits.h"
#include "agent/image/err.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char marker[] = "MUSTER-TRAITS ";
static const char version[] = "1\n";
static const char end_line[] = "END\n";

enum { DAY_S = 86400, LINE_MAX_SIZE = 64 };

// hang_task is the only text; it has no row.
static const struct trait {
	const char *key;
	size_t offset; // of an int32_t
	int32_t min, max;
} rows[] = {
	{ "panic_after_s", offsetof(struct mu_traits, panic_after_s), 0, DAY_S },
	{ "hang_after_s", offsetof(struct mu_traits, hang_after_s), 0, DAY_S },
	{ "leak_bytes_per_s", offsetof(struct mu_traits, leak_bytes_per_s), 1, 1048576 },
	{ "offline_after_s", offsetof(struct mu_traits, offline_after_s), 0, DAY_S },
	{ "rssi_dbm", offsetof(struct mu_traits, rssi_dbm), -120, 0 },
	{ "brownout_after_s", offsetof(struct mu_traits, brownout_after_s), 0, DAY_S },
	{ "chatty_per_s", offsetof(struct mu_traits, chatty_per_s), 1, 1000 },
	{ "leak_reconnect_bytes", offsetof(struct mu_traits, leak_reconnect_bytes), 1, 65536 },
	{ "fragment_bytes_per_s", offsetof(struct mu_traits, fragment_bytes_per_s), 1, 1048576 },
	{ "boot_fails", offsetof(struct mu_traits, boot_fails), 1, 1 },
};

enum { ROWS = sizeof rows / sizeof *rows };

static const char task_key[] = "hang_task";

static int32_t *field(struct mu_traits *traits, const struct trait *row)
{
	return (int32_t *)(void *)((char *)traits + row->offset);
}

static int32_t value_of(const struct mu_traits *traits, const struct trait *row)
{
	return *(const int32_t *)(const void *)((const char *)traits + row->offset);
}

struct mu_traits mu_traits_none(void)
{
	struct mu_traits traits = { .hang_task = "" };
	for (int i = 0; i < ROWS; i++)
		*field(&traits, &rows[i]) = MU_TRAIT_UNSET;
	return traits;
}

static bool task_is_valid(const char *text)
{
	size_t size = strlen(text);
	return size && size < MU_TRAIT_TASK_SIZE && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == size;
}

static const char *set_task(struct mu_traits *traits, const char *value)
{
	if (traits->hang_task[0])
		return "is given twice";
	if (!task_is_valid(value))
		return "must be 1 to 15 of a-z, 0-9, _";
	memcpy(traits->hang_task, value, strlen(value) + 1);
	return 0;
}

static const char *set_number(struct mu_traits *traits, const struct trait *row, const char *value)
{
	char *end;
	long number = strtol(value, &end, 10);
	bool is_number = (*value == '-' || (*value >= '0' && *value <= '9')) && !*end;
	if (*field(traits, row) != MU_TRAIT_UNSET)
		return "is given twice";
	if (!is_number)
		return "must be a whole number";
	if (number < row->min || number > row->max)
		return "is out of range";
	*field(traits, row) = (int32_t)number;
	return 0;
}

// Returns what is wrong with key=value, or null.
static const char *set(struct mu_traits *traits, const char *key, const char *value)
{
	if (!strcmp(key, task_key))
		return set_task(traits, value);
	for (int i = 0; i < ROWS; i++)
		if (!strcmp(key, rows[i].key))
			return set_number(traits, &rows[i], value);
	return "is no trait";
}

static int refuse(struct mu_traits *traits, char *problem, unsigned line, const char *key, const char *what)
{
	*traits = mu_traits_none();
	if (problem)
		snprintf(problem, MU_TRAITS_PROBLEM_SIZE, "line %u: %s%s%s", line, key, *key ? " " : "", what);
	return MU_ERR_INVALID;
}

// One line, without its newline.
static int parse_line(struct mu_traits *traits, const char *text, size_t size, unsigned number, char *problem)
{
	char line[LINE_MAX_SIZE];
	if (size >= sizeof line || memchr(text, 0, size))
		return refuse(traits, problem, number, "", "is too long or binary");
	memcpy(line, text, size);
	line[size] = 0;
	char *equals = strchr(line, '=');
	if (!equals)
		return refuse(traits, problem, number, "", "has no '='");
	*equals = 0;
	const char *wrong = set(traits, line, equals + 1);
	return wrong ? refuse(traits, problem, number, line, wrong) : 0;
}

int mu_traits_parse(struct mu_traits *traits, const char *text, size_t size, char *problem)
{
	*traits = mu_traits_none();
	if (size > MU_TRAITS_TEXT_MAX) {
		refuse(traits, problem, 1, "", "the text is longer than 1024 bytes");
		return MU_ERR_SIZE;
	}
	unsigned number = 0;
	for (const char *at = text, *end = text + size; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;
		int err = parse_line(traits, at, (size_t)(stop - at), ++number, problem);
		if (err < 0)
			return err;
		at = stop + 1;
	}
	if (traits->hang_task[0] && traits->hang_after_s == MU_TRAIT_UNSET)
		return refuse(traits, problem, number, task_key, "needs hang_after_s");
	return 0;
}

static bool traits_are_valid(const struct mu_traits *traits)
{
	for (int i = 0; i < ROWS; i++) {
		int32_t value = value_of(traits, &rows[i]);
		if (value != MU_TRAIT_UNSET && (value < rows[i].min || value > rows[i].max))
			return false;
	}
	if (!memchr(traits->hang_task, 0, sizeof traits->hang_task))
		return false;
	return !traits->hang_task[0] || (task_is_valid(traits->hang_task) && traits->hang_after_s != MU_TRAIT_UNSET);
}

int mu_traits_write(const struct mu_traits *traits, char *buffer, size_t size)
{
	char text[MU_TRAITS_TEXT_MAX];
	int used = snprintf(text, sizeof text, "%s%s", marker, version);
	if (!traits_are_valid(traits))
		return MU_ERR_INVALID;
	for (int i = 0; i < ROWS; i++) {
		int32_t value = value_of(traits, &rows[i]);
		if (value != MU_TRAIT_UNSET)
			used += snprintf(text + used, sizeof text - (size_t)used, "%s=%d\n", rows[i].key, (int)value);
	}
	if (traits->hang_task[0])
		used += snprintf(text + used, sizeof text - (size_t)used, "%s=%s\n", task_key, traits->hang_task);
	used += snprintf(text + used, sizeof text - (size_t)used, "%s", end_line);
	if ((size_t)used > size)
		return MU_ERR_FULL;
	memcpy(buffer, text, (size_t)used);
	return used;
}

// First "END" line at or after text, or null.
static const char *find_end(const char *text, const char *limit)
{
	const size_t size = sizeof end_line - 1;
	for (const char *at = text, *newline; (size_t)(limit - at) >= size; at = newline + 1) {
		if (!memcmp(at, end_line, size))
			return at;
		newline = memchr(at, '\n', (size_t)(limit - at));
		if (!newline)
			return 0;
	}
	return 0;
}

int mu_traits_read(struct mu_traits *traits, const char *block, size_t size, char *problem)
{
	const size_t marker_size = sizeof marker - 1, version_size = sizeof version - 1;
	*traits = mu_traits_none();
	if (size < marker_size + version_size || memcmp(block, marker, marker_size)) {
		refuse(traits, problem, 1, "", "is not MUSTER-TRAITS");
		return MU_ERR_NOT_FOUND;
	}
	if (memcmp(block + marker_size, version, version_size)) {
		refuse(traits, problem, 1, "", "has a version other than 1");
		return MU_ERR_VERSION;
	}
	const char *text = block + marker_size + version_size;
	const char *end = find_end(text, block + size);
	if (!end)
		return refuse(traits, problem, 1, "", "the block has no END");
	return mu_traits_parse(traits, text, (size_t)(end - text), problem);
}
