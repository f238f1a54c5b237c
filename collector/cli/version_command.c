// SPDX-License-Identifier: Apache-2.0
// `muster version`: of this program, and of the server if it answers.
#include "collector/cli/cli.h"
#include "collector/cli/words.h"
#include "version.h"
#include <string.h>

int cli_version(struct cli *cli)
{
	char clean[2][128];
	client_set_quiet(cli->client, 1);
	json_t *server = client_get(cli->client, "/api/v1/version");
	if (cli->options.json)
		return cli_print_json(cli,
			json_pack("{s:{s:s,s:s},s:o}", "muster", "version", MUSTER_VERSION, "commit", MUSTER_COMMIT, "musterd",
				server ? server : json_null()));
	fprintf(cli->terminal.out, "muster   %s (%s)\n", MUSTER_VERSION, MUSTER_COMMIT);
	if (server)
		fprintf(cli->terminal.out, "musterd  %s (%s) at %s\n",
			terminal_clean(text_of(server, "version"), clean[0], sizeof clean[0]),
			terminal_clean(text_of(server, "commit"), clean[1], sizeof clean[1]), client_server(cli->client));
	else
		fprintf(cli->terminal.out, "musterd  does not answer at %s\n", client_server(cli->client));
	json_decref(server);
	return EXIT_DONE;
}
