// SPDX-License-Identifier: Apache-2.0
// The link's options, one a line: wifi, wifi, air, ap, address, dns ("" is not given). What is taken is a configuration that the agent takes.
#include "agent/image/err.h"
#include "agent/network/link_config.h"
#include "agent/port/linux/link_options.h"
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
	if (!condition)
		abort();
}

static const char *next_line(char **rest)
{
	char *line = *rest, *end = line ? strchr(line, '\n') : 0;
	if (end)
		*end = 0;
	*rest = end ? end + 1 : 0;
	return line && *line ? line : 0;
}

static void add(struct mu_option_list *list, const char *text)
{
	if (text)
		list->items[list->count++] = text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[1024], problem[MU_LINK_OPTIONS_PROBLEM_SIZE] = "", *rest = text;
	struct mu_link_options out;
	struct mu_link_texts texts = { 0 };
	const char *why;
	if (size >= sizeof text)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	add(&texts.wifi, next_line(&rest));
	add(&texts.wifi, next_line(&rest));
	add(&texts.air, next_line(&rest));
	texts.ap = next_line(&rest);
	texts.address = next_line(&rest);
	texts.dns = next_line(&rest);
	texts.wired = texts.wifi.count == 0;
	int err = mu_link_options_parse(&out, &texts, problem);
	must(err == 0 || err == MU_ERR_INVALID);
	must((err == 0) == (problem[0] == 0));
	if (err < 0)
		return 0;
	must(mu_link_config_check(&out.config, &why) == 0);
	must(out.config.network_count == texts.wifi.count && out.point_count == texts.air.count);
	must(!out.config.own || strlen(out.config.own->passphrase) >= MU_LINK_PASSPHRASE_MIN);
	return 0;
}
