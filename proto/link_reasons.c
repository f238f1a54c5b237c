// SPDX-License-Identifier: Apache-2.0
#include "proto/link_reasons.h"
#include "agent/image/err.h"
#include <stddef.h>
#include <string.h>

// The codes come in runs without a hole. A name costs its characters: all are in one string, in the order of the runs, each with its NUL.
static const struct {
	uint16_t first;
	uint8_t count;
} runs[] = { { 1, 39 }, { 45, 24 }, { 200, 13 }, { 1001, 6 } };
enum { RUN_COUNT = sizeof runs / sizeof *runs };
_Static_assert(39 + 24 + 13 + 6 == MU_LINK_REASON_COUNT, "the runs are all that there is");

static const char names[] =
	"unspecified\0auth_expired\0auth_leave\0inactivity\0too_many_stations\0class2_frame\0class3_frame\0assoc_leave\0"
	"assoc_not_authed\0bad_power_capability\0bad_channels\0bss_transition\0invalid_element\0mic_failure\0"
	"handshake_4way_timeout\0group_key_timeout\0handshake_element_differs\0bad_group_cipher\0bad_pairwise_cipher\0bad_akm\0"
	"bad_rsn_version\0bad_rsn_capabilities\0auth_802_1x_failed\0cipher_rejected\0tdls_unreachable\0tdls_unspecified\0"
	"ssp_disassoc\0no_roaming_agreement\0bad_cipher_or_akm\0not_authorized_here\0service_change\0unspecified_qos\0"
	"not_enough_bandwidth\0missing_acks\0exceeded_txop\0station_leaving\0end_of_block_ack\0unknown_block_ack\0timeout\0"
	"peerkey_mismatch\0peer_initiated\0ap_initiated\0bad_ft_frame_count\0bad_pmkid\0bad_mde\0bad_fte\0"
	"mesh_peering_cancelled\0mesh_max_peers\0mesh_configuration\0mesh_close\0mesh_max_retries\0mesh_confirm_timeout\0"
	"mesh_bad_gtk\0mesh_inconsistent\0mesh_bad_security\0mesh_no_proxy\0mesh_no_forwarding\0mesh_unreachable\0"
	"mesh_address_exists\0mesh_channel_regulatory\0mesh_channel_switch\0link_establish_failed\0channel_occupied\0"
	"beacon_timeout\0no_ap_found\0auth_fail\0assoc_fail\0handshake_timeout\0connection_fail\0ap_tsf_reset\0roaming\0"
	"assoc_comeback_too_long\0sa_query_timeout\0no_ap_with_security\0no_ap_in_auth_threshold\0no_ap_in_rssi_threshold\0"
	"no_address\0no_answer\0no_names\0address_lost\0session_renewed\0no_ack";

int mu_link_reason_place(int32_t reason)
{
	int place = 0;
	for (size_t i = 0; i < RUN_COUNT; i++) {
		if (reason >= runs[i].first && reason < runs[i].first + runs[i].count)
			return place + (reason - runs[i].first);
		place += runs[i].count;
	}
	return -1;
}

static const char *session_name(int32_t reason)
{
	static const char *const connacks[] = { "connack_bad_version", "connack_bad_client_id", "connack_unavailable",
		"connack_bad_user_or_password", "connack_not_authorized" };
	if (reason <= MU_LINK_REASON_SESSION)
		return "unknown";
	if (reason <= MU_LINK_REASON_CONNACK)
		return mu_err_name(MU_LINK_REASON_SESSION - reason);
	uint32_t code = (uint32_t)(reason - MU_LINK_REASON_CONNACK);
	return code <= sizeof connacks / sizeof *connacks ? connacks[code - 1] : "unknown";
}

const char *mu_link_reason_name(int32_t reason)
{
	int place = mu_link_reason_place(reason);
	const char *name = names;
	if (place < 0)
		return session_name(reason);
	while (place-- > 0)
		name += strlen(name) + 1;
	return name;
}
