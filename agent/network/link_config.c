// SPDX-License-Identifier: Apache-2.0
#include "agent/network/link_config.h"
#include <string.h>

enum { CHANNEL_MAX = 14 };

static const char no_host[] = "link: the static address is not a host's: no such, the net's own, its broadcast";
static const char no_name[] = "link: a name has 1..32 characters";

static uint32_t number(const mu_ipv4 address)
{
	return (uint32_t)address[0] << 24 | (uint32_t)address[1] << 16 | (uint32_t)address[2] << 8 | address[3];
}

static bool of_one_host(uint32_t address)
{
	uint32_t first = address >> 24;
	return first != 0 && first != 127 && first < 224; // this net, loopback, multicast and what is reserved
}

// Bits of the host part are given as ones in host_bits.
static bool names_a_host(uint32_t address, uint32_t host_bits)
{
	return (address & host_bits) != 0 && (address & host_bits) != host_bits;
}

static bool is_netmask(uint32_t host_bits)
{
	return (host_bits & (host_bits + 1)) == 0 && host_bits >= 3 && host_bits != UINT32_MAX;
}

static const char *gateway_problem(uint32_t gateway, uint32_t own, uint32_t host_bits)
{
	if (gateway == 0)
		return 0;
	if ((gateway | host_bits) != (own | host_bits))
		return "link: the gateway lies outside the net";
	if (gateway == own || !names_a_host(gateway, host_bits))
		return "link: the gateway is the device itself, or not a host's";
	return 0;
}

const char *mu_link_address_problem(const struct mu_link_address *address)
{
	uint32_t own = number(address->address), host_bits = ~number(address->netmask);
	if (!address->is_static)
		return 0;
	if (!of_one_host(own))
		return no_host;
	if (!is_netmask(host_bits))
		return "link: the netmask is not /1 to /30";
	if (!names_a_host(own, host_bits))
		return no_host;
	return gateway_problem(number(address->gateway), own, host_bits);
}

static bool fits(size_t size, size_t least, size_t most)
{
	return size >= least && size <= most;
}

const char *mu_link_own_problem(const struct mu_link_own *own)
{
	if (!fits(strlen(own->ssid), 1, MU_SSID_MAX))
		return no_name;
	if (!fits(strlen(own->passphrase), MU_LINK_PASSPHRASE_MIN, MU_PASSPHRASE_MAX))
		return "link: own access point: passphrase of 8..64 characters; an open one is never served";
	if (own->channel > CHANNEL_MAX)
		return "link: own access point: channel 0..14";
	return 0;
}

static const char *network_problem(const struct mu_link_network *network)
{
	if (!network->ssid || !fits(strlen(network->ssid), 1, MU_SSID_MAX))
		return no_name;
	bool open = !network->passphrase || !*network->passphrase;
	if (!open && !fits(strlen(network->passphrase), MU_LINK_PASSPHRASE_MIN, MU_PASSPHRASE_MAX))
		return "link: a passphrase has 8..64 characters";
	if (open && network->least_auth != MU_LINK_AUTH_OPEN)
		return "link: without a passphrase it can only be open";
	return mu_link_address_problem(&network->address);
}

static const char *shape_problem(const struct mu_link_config *config)
{
	if (config->network_count > MU_LINK_NETWORKS_MAX || (config->network_count && !config->networks))
		return "link: at most 4 networks";
	if (config->wired && config->network_count)
		return "link: either a wire or networks to join";
	if (!config->wired && !config->network_count && !config->own)
		return "link: neither a wire, a network, nor an own access point";
	return 0;
}

static const char *find_problem(const struct mu_link_config *config)
{
	const char *problem = shape_problem(config);
	if (!problem && config->wired)
		problem = mu_link_address_problem(&config->wired_address);
	for (size_t i = 0; !problem && i < config->network_count; i++)
		problem = network_problem(&config->networks[i]);
	if (!problem && config->own)
		problem = mu_link_own_problem(config->own);
	return problem;
}

int mu_link_config_check(const struct mu_link_config *config, const char **problem)
{
	*problem = find_problem(config);
	return *problem ? MU_ERR_INVALID : 0;
}

enum mu_link_auth mu_link_least_auth(const struct mu_link_network *network)
{
	bool open = !network->passphrase || !*network->passphrase;
	return !open && network->least_auth == MU_LINK_AUTH_OPEN ? MU_LINK_AUTH_WPA2 : network->least_auth;
}
