// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/link_options.h"
#include "agent/image/err.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOUDER_MAX_DB = 60, ADDRESS_TEXT_MAX = 64 };

static int complain(char *problem, const char *option, const char *text, const char *why)
{
	snprintf(problem, MU_LINK_OPTIONS_PROBLEM_SIZE, "--%s %.60s: %s", option, text, why);
	return MU_ERR_INVALID;
}

// The part up to the separator, and where the next one begins (null: nowhere). False if it does not fit.
static bool take(const char **text, char separator, char *out, size_t size)
{
	const char *end = strchr(*text, separator);
	size_t length = end ? (size_t)(end - *text) : strlen(*text);
	if (length >= size)
		return false;
	memcpy(out, *text, length);
	out[length] = 0;
	*text = end ? end + 1 : 0;
	return true;
}

static bool set_flag(struct mu_air_point *point, const char *flag)
{
	char *end;
	long louder_db = strtol(flag, &end, 10);
	if (end != flag && !*end && labs(louder_db) <= LOUDER_MAX_DB) {
		point->louder_db = (int32_t)louder_db;
		return true;
	}
	bool open = point->auth == MU_LINK_AUTH_OPEN;
	if (!strcmp(flag, "hidden"))
		point->hidden = true;
	else if (!strcmp(flag, "wpa3") && !open)
		point->auth = MU_LINK_AUTH_WPA3;
	else if (!strcmp(flag, "wpa") && !open)
		point->auth = MU_LINK_AUTH_WPA;
	else
		return false;
	return true;
}

static const char *parse_flags(struct mu_air_point *point, const char *text)
{
	char flag[16];
	while (text)
		if (!take(&text, ',', flag, sizeof flag) || !set_flag(point, flag))
			return "wants hidden, wpa3, wpa or a number of dB behind the passphrase";
	return 0;
}

// Null, or what is wrong.
static const char *parse_point(struct mu_air_point *point, const char *text)
{
	*point = (struct mu_air_point){ .bssid = { 0x02, 0x4d, 0x55 } };
	if (!take(&text, ':', point->ssid, sizeof point->ssid) || !point->ssid[0])
		return "the name has 1..32 characters";
	if (text && !take(&text, ':', point->passphrase, sizeof point->passphrase))
		return "the passphrase has at most 64 characters";
	if (point->passphrase[0] && strlen(point->passphrase) < MU_LINK_PASSPHRASE_MIN)
		return "the passphrase has 8 characters at least";
	point->auth = point->passphrase[0] ? MU_LINK_AUTH_WPA2 : MU_LINK_AUTH_OPEN;
	return parse_flags(point, text);
}

static int parse_points(struct mu_air_point points[4], const char *option, const struct mu_option_list *list, char *problem)
{
	if (list->count > MU_AIR_POINTS_MAX)
		return complain(problem, option, list->items[MU_AIR_POINTS_MAX], "there can be 4");
	for (unsigned i = 0; i < list->count; i++) {
		const char *why = parse_point(&points[i], list->items[i]);
		if (why)
			return complain(problem, option, list->items[i], why);
		points[i].bssid[MU_BSSID_BYTES - 1] = (uint8_t)(i + 1);
	}
	return 0;
}

static const char *parse_own(struct mu_link_options *out, const char *text)
{
	char always[8] = "always";
	out->own.stations_max = 4;
	if (!take(&text, ':', out->own.ssid, sizeof out->own.ssid) || !text ||
		!take(&text, ':', out->own.passphrase, sizeof out->own.passphrase))
		return "wants SSID:PASSPHRASE, or SSID:PASSPHRASE:always";
	out->config.own_always = text != 0;
	if (text && (!take(&text, ':', always, sizeof always) || strcmp(always, "always") != 0))
		return "wants SSID:PASSPHRASE, or SSID:PASSPHRASE:always";
	out->config.own = &out->own;
	return mu_link_own_problem(&out->own);
}

static bool parse_ipv4(mu_ipv4 out, const char *text)
{
	return inet_pton(AF_INET, text, out) == 1;
}

static bool parse_bits(mu_ipv4 netmask, const char *text)
{
	char *end;
	unsigned long bits = strtoul(text, &end, 10);
	if (end == text || *end || bits < 1 || bits > 30)
		return false;
	uint32_t mask = htonl(UINT32_MAX << (32 - bits));
	memcpy(netmask, &mask, sizeof mask);
	return true;
}

static const char *parse_address(struct mu_link_address *address, const char *text)
{
	char part[ADDRESS_TEXT_MAX];
	static const char *const form = "wants A.B.C.D/BITS, or A.B.C.D/BITS,GATEWAY";
	if (!take(&text, '/', part, sizeof part) || !text || !parse_ipv4(address->address, part))
		return form;
	if (!take(&text, ',', part, sizeof part) || !parse_bits(address->netmask, part) || (text && !parse_ipv4(address->gateway, text)))
		return form;
	address->is_static = true;
	return mu_link_address_problem(address);
}

static const char *parse_dns(struct mu_link_address *address, const char *text)
{
	char part[ADDRESS_TEXT_MAX];
	for (int i = 0; text; i++)
		if (i == MU_DNS_SERVERS || !take(&text, ',', part, sizeof part) || (*part && !parse_ipv4(address->dns[i], part)))
			return "wants up to three addresses with commas between them: MAIN,BACKUP,FALLBACK";
	return 0;
}

static int parse_addresses(struct mu_link_address *address, const struct mu_link_texts *texts, char *problem)
{
	const char *why = texts->address ? parse_address(address, texts->address) : 0;
	if (why)
		return complain(problem, "address", texts->address, why);
	why = texts->dns ? parse_dns(address, texts->dns) : 0;
	return why ? complain(problem, "dns", texts->dns, why) : 0;
}

static void use_networks(struct mu_link_options *out, size_t count, const struct mu_link_address *address)
{
	for (size_t i = 0; i < count; i++)
		out->networks[i] = (struct mu_link_network){ .ssid = out->known[i].ssid,
			.passphrase = out->known[i].passphrase,
			.hidden = out->known[i].hidden,
			.least_auth = out->known[i].auth,
			.address = *address };
	out->config.networks = out->networks;
	out->config.network_count = count;
}

static int parse_texts(struct mu_link_options *out, const struct mu_link_texts *texts, struct mu_link_address *address, char *problem)
{
	int err = parse_points(out->known, "wifi", &texts->wifi, problem);
	if (err >= 0)
		err = parse_points(out->points, "air", &texts->air, problem);
	if (err >= 0)
		err = parse_addresses(address, texts, problem);
	const char *why = err >= 0 && texts->ap ? parse_own(out, texts->ap) : 0;
	return why ? complain(problem, "ap", texts->ap, why) : err;
}

int mu_link_options_parse(struct mu_link_options *out, const struct mu_link_texts *texts, char *problem)
{
	struct mu_link_address address = { 0 };
	const char *why = 0;
	size_t count = texts->wifi.count ? texts->wifi.count : 1;
	*out = (struct mu_link_options){ .config.wired = texts->wired, .known[0] = mu_air_default, .point_count = texts->air.count };
	if (texts->wired && texts->wifi.count)
		return complain(problem, "wired", "", "either a wire or --wifi");
	int err = parse_texts(out, texts, &address, problem);
	if (err < 0)
		return err;
	if (texts->wired)
		out->config.wired_address = address;
	else
		use_networks(out, count, &address);
	err = mu_link_config_check(&out->config, &why);
	return err < 0 ? complain(problem, "wifi", "", why) : 0;
}
