// SPDX-License-Identifier: Apache-2.0
// `muster keys new NAME --role ROLE` and `muster keys list`.
#include "collector/cli/cli.h"
#include "collector/signing/keys.h"
#include "collector/cli/table.h"
#include "collector/http/json_text.h"
#include <string.h>

static json_t *entry_json(const struct key_entry *entry)
{
	return json_pack("{s:s,s:s,s:o,s:s,s:b}", "role", entry->role, "name", entry->name, "key_id", json_hex(entry->id, sizeof entry->id),
		"public_file", entry->path, "has_private", entry->has_private);
}

static void hex_of(const struct key_entry *entry, char text[2 * KEY_ID_BYTES + 1])
{
	for (int i = 0; i < KEY_ID_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", entry->id[i]);
}

static int new_key(struct cli *cli, const char *folder)
{
	struct key_entry entry;
	char problem[900], id[2 * KEY_ID_BYTES + 1];
	if (cli->options.count != 2 || !cli->options.role)
		return cli_misuse(cli, "usage: muster keys new NAME --role operator|collector");
	if (strcmp(cli->options.role, "operator") != 0 && strcmp(cli->options.role, "collector") != 0)
		return cli_misuse(cli, "--role is operator or collector, not %s", cli->options.role);
	if (keys_new(folder, cli->options.role, cli->options.arguments[1], &entry, problem, sizeof problem) < 0)
		return cli_fail(cli, problem);
	if (cli->options.json)
		return cli_print_json(cli, entry_json(&entry));
	hex_of(&entry, id);
	fprintf(cli->terminal.out, "key %s, role %s\n", id, entry.role);
	fprintf(cli->terminal.out, "private: %s/%s-%s.pem (keep it to yourself)\n", folder, entry.role, entry.name);
	fprintf(cli->terminal.out, "public:  %s (put it on the devices)\n", entry.path);
	return EXIT_DONE;
}

static int list_keys(struct cli *cli, const char *folder)
{
	static const struct table_column columns[] = {
		{ "KEY", 16, 0, false }, { "ROLE", 8, 0, false }, { "NAME", 6, 0, false }, { "PRIVATE", 3, 2, false }, { "PUBLIC FILE", 8, 1, false },
	};
	struct key_entry entries[KEYS_LISTED_MAX];
	char problem[900], text[900];
	int count = keys_list(folder, entries, KEYS_LISTED_MAX, problem, sizeof problem);
	if (count < 0)
		return cli_fail(cli, problem);
	if (*problem)
		fprintf(cli->terminal.err, "muster: passed over: %s\n", terminal_clean(problem, text, sizeof text));
	json_t *list = json_array();
	struct table *table = table_new(columns, 5);
	for (int i = 0; table && i < count; i++) {
		char id[2 * KEY_ID_BYTES + 1];
		hex_of(&entries[i], id);
		const char *cells[] = { id, entries[i].role, entries[i].name, entries[i].has_private ? "here" : "no", entries[i].path };
		table_add(table, cells, 5, COLOUR_NONE);
		json_array_append_new(list, entry_json(&entries[i]));
	}
	if (cli->options.json)
		cli_print_json(cli, json_pack("{s:O}", "keys", list));
	else if (count && table)
		table_print(table, &cli->terminal);
	else
		fprintf(cli->terminal.out, "no keys in %s\n", folder);
	table_free(table);
	json_decref(list);
	return EXIT_DONE;
}

int cli_keys(struct cli *cli)
{
	char folder[KEY_PATH_BYTES], problem[900];
	const char *verb = cli->options.arguments[0];
	if (keys_folder(cli->options.dir, folder, sizeof folder, problem, sizeof problem) < 0)
		return cli_fail(cli, problem);
	if (strcmp(verb, "new") == 0)
		return new_key(cli, folder);
	if (strcmp(verb, "list") == 0 && cli->options.count == 1)
		return list_keys(cli, folder);
	return cli_misuse(cli, "usage: muster keys new NAME --role operator|collector, or muster keys list");
}
